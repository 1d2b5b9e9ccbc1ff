/** What somebody holds who took the API over: its database login, its keys, its Temporal client. */
import { randomUUID } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { Client } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import { openAction } from '../../src/action/admit.tx.js';
import { agent, challenge, role, workflowIdOf, type ActionId } from '../../src/action/ids.js';
import type { Admission, VoteAnswer } from '../../src/action/types.js';
import { decisionHash, usualMeaning, type Verdict } from '../../src/approval/decision.js';
import type { DecisionEnvelope } from '../../src/approval/envelope.js';
import { openChallenge, type OpenedChallenge } from '../../src/approval/open-challenge.tx.js';
import { decisionOf, findChallenge, insertChallenge } from '../../src/approval/vote.store.js';
import { leafOf, type Leaf } from '../../src/audit/leaf.js';
import { leavesOf } from '../../src/audit/leaf.store.js';
import { inTenant } from '../../src/database/transaction.js';
import { clinic, type Stack } from '../support/stack.js';

export type Name = keyof Stack['people'];
export const triage = agent('triage-agent');

export interface VoteScene {
  /** A read of medications that waits for one of the clinical staff. Chen is its principal, Dora owns the agent. */
  waiting(): Promise<Admission>;
  challenge(of: ActionId, by: Name, verdict?: Verdict): Promise<OpenedChallenge>;
  /** A challenge that no rule of ours looked at: the function is called as only the login could. */
  challengePastTheRules(of: ActionId, by: Name, roleName: string): Promise<Pick<OpenedChallenge, 'decision' | 'hash'>>;
  /** What the person's own sign-in gives for this challenge. */
  proven(by: Name, opened: Pick<OpenedChallenge, 'decision' | 'hash'>): Promise<DecisionEnvelope>;
  vote(of: ActionId, envelope: DecisionEnvelope): Promise<VoteAnswer | { readonly status: 'pending' }>;
  signal(of: ActionId, envelope: unknown): Promise<void>;
  /** Sends a Signal whose payload is exactly this, past our codec. */
  signalPayload(of: ActionId, payload: Payload): Promise<void>;
  /** Amara votes as a person should. */
  approve(of: ActionId): Promise<void>;
  /** How the action's workflow ended; waits for it. */
  ended(of: ActionId): Promise<unknown>;
  leaves(of: ActionId): Promise<Leaf[]>;
  /** The codes of refused votes, in the order of their leaves. */
  refusals(of: ActionId): Promise<string[]>;
  /** Waits until the log holds a refused vote of this code. */
  refused(of: ActionId, code: string): Promise<void>;
  /** What is left of an attack that failed: people are still being asked, and nobody was counted. */
  state(of: ActionId): Promise<{ readonly status: string; readonly votes: number; readonly warrants: number }>;
  /** Paths that reached the EHR with a patient's data behind them; whom the principal treats is asked before any vote. */
  patientReads(): string[];
}

export function voteScene(stack: Stack): VoteScene {
  const handleOf = (of: ActionId) => stack.client.workflow.getHandle(workflowIdOf(of));
  const leaves: VoteScene['leaves'] = (of) =>
    inTenant(stack.db.pool('api'), clinic, async (tx) => (await leavesOf(tx, of)).map(({ bytes }) => leafOf(bytes)));
  const refusals: VoteScene['refusals'] = async (of) =>
    (await leaves(of)).flatMap(({ kind, data }) =>
      kind === 'vote.refused' && typeof data === 'object' && data !== null && 'code' in data ? [String(data.code)] : [],
    );
  const open: VoteScene['challenge'] = (of, by, verdict = 'approve') =>
    openChallenge(stack.api, {
      tenant: clinic,
      action: of,
      approver: stack.people[by],
      verdict,
      meaning: usualMeaning[verdict],
      reason: verdict === 'approve' ? undefined : 'Not needed today',
      actingRoles: [role('clinical_staff')],
    });
  const proven: VoteScene['proven'] = async (by, { decision, hash }) => ({
    decision,
    proof: { kind: 'idp', idToken: await stack.issuer.voteToken(by, hash) },
  });
  const vote: VoteScene['vote'] = (of, envelope) => stack.actions.vote(of, envelope.decision.challenge, envelope);

  return {
    async waiting() {
      const [patient] = stack.ehr.demoPatients;
      const type = 'medications.read';
      const admission = await openAction(stack.api, {
        tenant: clinic,
        agent: triage,
        principal: stack.people.chen,
        request: {
          type,
          input: { patient: patient?.patient, episode: patient?.encounter },
          purpose: 'TREAT',
          principal: 'verified by the route',
          reason: 'Reconcile medications before discharge',
          idempotencyKey: randomUUID(),
        },
      });
      await stack.actions.admit(admission, { type, agent: triage, purpose: 'TREAT' });
      return admission;
    },
    challenge: open,
    challengePastTheRules: (of, by, roleName) =>
      inTenant(stack.db.pool('api'), clinic, async (tx) => {
        const id = challenge(randomUUID());
        await insertChallenge(tx, {
          challenge: id,
          action: of,
          approver: stack.people[by],
          verdict: 'approve',
          meaning: 'approve.access',
          reasonCommitment: null,
          actingRoles: [role(roleName)],
        });
        const row = await findChallenge(tx, id);
        if (!row) throw new Error('no challenge');
        const decision = decisionOf(row);
        return { decision, hash: decisionHash(decision, sha256) };
      }),
    proven,
    vote,
    signal: (of, envelope) => handleOf(of).signal('vote', envelope),
    async signalPayload(of, payload) {
      const raw = new Client({
        connection: stack.env.connection,
        namespace: stack.env.client.options.namespace,
        dataConverter: { payloadCodecs: [{ encode: async () => [payload], decode: async (payloads) => payloads }] },
      });
      await raw.workflow.getHandle(workflowIdOf(of)).signal('vote', 'replaced');
    },
    async approve(of) {
      const answer = await vote(of, await proven('amara', await open(of, 'amara')));
      if (answer.status !== 'counted') throw new Error('a true vote did not count');
    },
    ended: (of) => handleOf(of).result(),
    leaves,
    refusals,
    async refused(of, code) {
      while (!(await refusals(of)).includes(code)) await stack.db.admin.query('SELECT pg_sleep(0.02)');
    },
    async state(of) {
      const found = await stack.db.admin.query<{ status: string; votes: number; warrants: number }>(
        `SELECT status, (SELECT count(*)::int FROM countersign.vote v WHERE v.action = a.action) AS votes,
                (SELECT count(*)::int FROM countersign.warrant w WHERE w.action = a.action AND w.kind = 'action') AS warrants
           FROM countersign.action a WHERE action = $1`,
        [of],
      );
      const [row] = found.rows;
      if (!row) throw new Error('no such action');
      return row;
    },
    patientReads: () =>
      stack.ehr
        .requests('fhir')
        .map(({ path, query }) => `${path}?${query}`)
        .filter((path) => !/^\/fhir\/(Encounter|CareTeam)/.test(path)),
  };
}
