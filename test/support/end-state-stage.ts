/** What agents, people, the EHR and outsiders do to an action until it has ended, on a whole stack. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import { TerminatedFailure } from '@temporalio/common';
import { softwarePasskey } from '@countersign/sandbox';
import { openAction } from '../../src/action/admit.tx.js';
import { agent, role, workflowIdOf, type ActionId } from '../../src/action/ids.js';
import type { ActionRequest } from '../../src/action/request.js';
import { isFinal, type Status } from '../../src/action/types.js';
import { verdictOf, type Meaning } from '../../src/approval/decision.js';
import type { Proof } from '../../src/approval/envelope.js';
import { openChallenge } from '../../src/approval/open-challenge.tx.js';
import { assertionSchema } from '../../src/passkey/assertion.js';
import { enrolmentWorkflowId } from '../../src/passkey/enrolment.js';
import type { PasskeyId } from '../../src/passkey/ids.js';
import { openEnrolment } from '../../src/passkey/open-enrolment.tx.js';
import { openVouching } from '../../src/passkey/open-vouching.tx.js';
import { receiveOffer } from '../../src/passkey/receive-offer.tx.js';
import { receiveWord } from '../../src/passkey/receive-word.tx.js';
import { enrolmentNonce, registrationSchema } from '../../src/passkey/registration.js';
import { vouchingWorkflowId } from '../../src/passkey/vouching.js';
import { inTenant } from '../../src/database/transaction.js';
import { openSignature } from '../../src/rulebook/change/open-signature.tx.js';
import { proposeRulebook } from '../../src/rulebook/change/propose.tx.js';
import { receiveSignature } from '../../src/rulebook/change/receive-signature.tx.js';
import { activeDigest } from '../../src/rulebook/rulebook.store.js';
import { changeWorkflowId } from '../../src/rulebook/change/signature-case.js';
import { passkeyWorkflows } from '../../src/temporal/passkey-workflows.js';
import { rulebookChanges } from '../../src/temporal/rulebook-changes.js';
import { reconcileStage, type ReconcileStage } from '../integration/reconcile/stage.js';
import { clinic, startStack, type Stack } from './stack.js';
import { until } from './until.js';

export const documentation = agent('documentation-agent');
const origin = 'http://localhost:8787';
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

type Name = keyof Stack['people'];
type Asking = Pick<ActionRequest, 'type' | 'input'> &
  Partial<ActionRequest> & { readonly agent?: typeof documentation };

export interface Signature {
  readonly meaning: Meaning;
  readonly role: string;
  /** `fresh`: a passkey, and a sign-in for this very vote. */
  readonly proof?: 'idp' | 'passkey' | 'fresh';
  readonly reason?: string;
  readonly confirmation?: string;
  /** As a Signal, to which nobody answers, instead of an Update. */
  readonly unanswered?: true;
}

export interface Enrolled {
  readonly passkey: PasskeyId;
  readonly workflowId: string;
}

export interface EndStateStage {
  readonly stack: Stack;
  readonly reconciling: ReconcileStage;
  /** Asks in the name of Dr Chen, who treats every patient here. Returns once the workflow has answered. */
  ask(asking: Asking): Promise<ActionId>;
  /** Waits until the action is in this state, and on this revision where one is given. */
  reaches(action: ActionId, status: Status, revision?: number): Promise<void>;
  /** A signed vote on what is asked now. @throws Error for one that does not count. */
  sign(action: ActionId, by: Name, signature: Signature): Promise<void>;
  /** Waits until the workflow has ended, by itself or not. */
  ended(action: ActionId): Promise<ActionId>;
  /** Enrols a passkey through its workflow. */
  enrol(by: Name): Promise<Enrolled>;
  /** Says, with their own passkey, that this one is its owner's; the id of its workflow. */
  vouch(by: Name, passkey: PasskeyId): Promise<string>;
  /** Proposes other rules and has this officer, whose passkey has its word, sign them through the workflow; its id. */
  signRules(by: Name): Promise<string>;
  /** Transactions that reached the EHR so far. */
  sent(): number;
  untilSent(count: number): Promise<void>;
  stop(): Promise<void>;
}

export async function endStateStage(): Promise<EndStateStage> {
  const stack = await startStack();
  const folder = mkdtempSync(join(tmpdir(), 'countersign-passkeys-'));
  const reconciling = reconcileStage(stack);
  const workflows = passkeyWorkflows(stack.client);
  // A second senior clinician: the one whom the stack has beside the principal owns the agents.
  await stack.db.admin.query(
    `INSERT INTO countersign.role_grant (tenant, person, role) VALUES ('clinic', $1, 'senior_clinician')`,
    [stack.people.ben],
  );

  async function proofOf(by: Name, hash: string, how: Signature['proof']): Promise<Proof> {
    if (how === 'idp') return { kind: 'idp', idToken: await stack.issuer.voteToken(by, hash) };
    const assertion = softwarePasskey(folder, by).get({ challenge: hash, rpId: 'localhost', origin });
    const fresh = how === 'fresh' ? { idToken: await stack.issuer.voteToken(by, hash) } : {};
    return { kind: 'passkey', ...assertion, ...fresh };
  }

  const open = (action: ActionId, by: Name, { meaning, role: acting, reason, confirmation }: Signature) =>
    openChallenge(stack.api, {
      tenant: clinic,
      action,
      approver: stack.people[by],
      verdict: verdictOf(meaning),
      meaning,
      reason,
      actingRoles: [role(acting)],
      confirmation,
    });

  const sent = (): number =>
    stack.ehr.requests('fhir').filter(({ method, path }) => method === 'POST' && path === '/fhir').length;

  return {
    stack,
    reconciling,

    async ask({ agent: by = documentation, ...asked }) {
      const { purpose = 'TREAT' } = asked;
      const request = { principal: 'verified by the route', idempotencyKey: randomUUID(), purpose, ...asked };
      const admission = await openAction(stack.api, {
        tenant: clinic,
        agent: by,
        principal: stack.people.chen,
        request: { reason: 'Before the discharge of tomorrow', ...request },
      });
      await stack.actions.admit(admission, { type: asked.type, agent: by, purpose });
      return admission.action;
    },

    async reaches(action, status, revision) {
      await until(async () => {
        const row = await reconciling.row(action);
        if (isFinal(row.status) && row.status !== status) throw new Error(`it ended: ${JSON.stringify(row.outcome)}`);
        return (row.status === status && (revision === undefined || row.revision === revision)) || undefined;
      });
    },

    async sign(action, by, signature) {
      const { decision, hash } = await open(action, by, signature);
      const proof = await proofOf(by, hash, signature.proof ?? 'idp');
      if (signature.unanswered)
        return stack.client.workflow.getHandle(workflowIdOf(action)).signal('vote', { decision, proof });
      // The database asks before the workflow listens.
      await until(async () => {
        const answer = await stack.actions.vote(action, decision.challenge, { decision, proof });
        if (answer.status === 'refused' && answer.code === 'vote.not_open') return undefined;
        if (answer.status !== 'counted') throw new Error(JSON.stringify(answer));
        return true;
      });
    },

    async ended(action) {
      const result: Promise<unknown> = stack.client.workflow.getHandle(workflowIdOf(action)).result();
      await result.catch((error: unknown) => {
        if (!(error instanceof WorkflowFailedError && error.cause instanceof TerminatedFailure)) throw error;
      });
      return action;
    },

    async enrol(by) {
      const person = stack.people[by];
      const { enrolment, challenge, rpId, user } = await openEnrolment(stack.api, { tenant: clinic, person, name: by });
      const made = softwarePasskey(folder, by).create({ challenge, rpId, origin, userHandle: user.id });
      const registration = registrationSchema.parse(made);
      const idToken = await stack.issuer.voteToken(by, enrolmentNonce(challenge, registration, sha256));
      const offered = { tenant: clinic, enrolment, person, offer: { registration, idToken } };
      const received = await receiveOffer(stack.api, offered);
      if (received.status !== 'received') throw new Error(JSON.stringify(received));
      const of = { tenant: clinic, enrolment, offer: received.offer };
      const answer = await workflows.enrol(of);
      if (answer.status !== 'enrolled') throw new Error(JSON.stringify(answer));
      return { passkey: answer.passkey, workflowId: enrolmentWorkflowId(of) };
    },

    async vouch(by, passkey) {
      const voucher = stack.people[by];
      const opened = await openVouching(stack.api, { tenant: clinic, passkey, voucher });
      if (!opened) throw new Error('no such passkey');
      const { statement, hash: challenge, rpId } = opened;
      const word = assertionSchema.parse(softwarePasskey(folder, by).get({ challenge, rpId, origin }));
      const { vouching } = statement;
      const received = await receiveWord(stack.api, { tenant: clinic, vouching, voucher, word });
      if (received.status !== 'received') throw new Error(JSON.stringify(received));
      const of = { tenant: clinic, vouching, word: received.word };
      const answer = await workflows.vouch(of);
      if (answer.status !== 'vouched') throw new Error(JSON.stringify(answer));
      return vouchingWorkflowId(of);
    },

    async signRules(by) {
      const { pool, rulebook } = stack.api;
      const person = stack.people[by];
      await stack.db.admin.query(
        `UPDATE countersign.role_grant SET granted_at = clock_timestamp() - interval '2 days' WHERE person = $1`,
        [person],
      );
      const { content } = await inTenant(pool, clinic, async (tx) => rulebook(tx, await activeDigest(tx)));
      const other = { ...content, trustRoots: { ...content.trustRoots, rpIds: ['localhost', 'clinic.example'] } };
      const proposed = await proposeRulebook(stack.api, { tenant: clinic, person, content: other, note: undefined });
      if (proposed.status !== 'proposed') throw new Error(proposed.code);
      const { proposal } = proposed.row;
      const asked = { tenant: clinic, person, proposal, verdict: 'approve', actingRoles: undefined } as const;
      const opened = await openSignature(stack.api, asked);
      if (opened.status !== 'opened') throw new Error(opened.code);
      const { challenge } = opened.statement;
      const made = softwarePasskey(folder, by).get({ challenge: opened.hash, rpId: 'localhost', origin });
      const assertion = assertionSchema.parse(made);
      const received = await receiveSignature(stack.api, { tenant: clinic, person, challenge, assertion });
      if (received.status !== 'received') throw new Error(JSON.stringify(received));
      const of = { tenant: clinic, challenge, proof: received.proof };
      const answer = await rulebookChanges(stack.client).sign(of);
      if (answer.status !== 'signed') throw new Error(JSON.stringify(answer));
      return changeWorkflowId({ step: 'sign', ...of });
    },

    sent,
    untilSent: (count) => until(async () => sent() >= count || undefined).then(() => undefined),

    async stop() {
      stack.ehr.faults.clear();
      rmSync(folder, { recursive: true, force: true });
      await stack.stop();
    },
  };
}
