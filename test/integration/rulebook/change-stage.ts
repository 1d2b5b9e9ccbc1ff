/** Changes of the rules in a real database, signed with real bytes of software passkeys: the API's side, the worker's. */
import { randomUUID } from 'node:crypto';
import type { PasskeyAssertion, PasskeyOptions } from '@countersign/sandbox';
import { rulebookActivities } from '../../../activities/governance/rulebook.js';
import { Semaphore } from '../../../activities/governance/semaphore.js';
import { challenge, role } from '../../../src/action/ids.js';
import { assertionSchema } from '../../../src/passkey/assertion.js';
import type { PasskeyId } from '../../../src/passkey/ids.js';
import type { ChangeVerdict, ProposalId } from '../../../src/rulebook/change/change.js';
import { openSignature, type OpenedSignature } from '../../../src/rulebook/change/open-signature.tx.js';
import { proposeRulebook, type ProposedChange } from '../../../src/rulebook/change/propose.tx.js';
import { receiveSignature } from '../../../src/rulebook/change/receive-signature.tx.js';
import { rulebookReader } from '../../../src/rulebook/rulebook.store.js';
import type { ChangeAnswer } from '../../../src/rulebook/change/signature-case.js';
import { loadRulebook } from '../../../src/rulebook/load.js';
import { rulebookFiles } from '../../support/rulebook.js';
import { clinic, type Name } from '../approval/stage.js';
import { origin, passkeyStage, type PasskeyStage } from '../passkey/stage.js';

export interface Signing {
  readonly verdict?: ChangeVerdict;
  readonly actingRoles?: readonly string[];
}

/** How an assertion differs from an honest one. */
export interface Changed {
  readonly signs?: Name;
  readonly hash?: string;
  readonly origin?: string;
  readonly made?: PasskeyOptions;
  readonly assertion?: (made: PasskeyAssertion) => PasskeyAssertion;
}

export type Opened = Extract<OpenedSignature, { status: 'opened' }>;

export interface ChangeStage {
  readonly at: PasskeyStage;
  /** Enrols a passkey, for which ben gives his word. */
  enrol(by: Name, options?: PasskeyOptions): Promise<PasskeyId>;
  /** Ends every passkey but the one of ben, so that his word counts for those that come. */
  revokeAll(): Promise<void>;
  /** The active rulebook's content with T1's deadline set to so many hours. */
  content(hours: number): unknown;
  propose(by: Name, content: unknown, note?: string): Promise<ProposedChange>;
  /** Proposes and tells the proposal. */
  proposed(by: Name, hours: number): Promise<ProposalId>;
  open(proposal: ProposalId, by: Name, signing?: Signing): Promise<OpenedSignature>;
  /** The assertion for an opened challenge, sent through the API's side and then the worker's. */
  send(opened: Opened, by: Name, changed?: Changed): Promise<ChangeAnswer>;
  assertion(opened: Opened, by: Name, changed?: Changed): PasskeyAssertion;
  sendBytes(opened: Opened, by: Name, assertion: PasskeyAssertion): Promise<ChangeAnswer>;
  /** Opens and sends; a refusal at either is the answer. */
  sign(proposal: ProposalId, by: Name, signing?: Signing): Promise<ChangeAnswer>;
  activate(proposal: ProposalId): Promise<ChangeAnswer>;
  /** Everybody's roles were granted so long ago. */
  grantedFor(interval: string, of?: Name): Promise<void>;
  active(): Promise<string>;
  /** Kinds and data of the leaves that speak of rulebooks. */
  leaves(): Promise<{ readonly kind: string; readonly data: Readonly<Record<string, unknown>> }[]>;
  end(): Promise<void>;
}

export async function changeStage(): Promise<ChangeStage> {
  const at = await passkeyStage();
  const { db, person, rulebook } = at.votes;
  const deps = {
    pool: db.pool('api'),
    rulebook: rulebookReader(),
    newChallengeId: () => challenge(randomUUID()),
  };
  const worker = rulebookActivities({
    pool: db.pool('governance'),
    rulebook: rulebookReader(),
    verifications: new Semaphore(8),
  });

  const content: ChangeStage['content'] = (hours) => {
    const tiers = (rulebookFiles()['tiers.yaml'] ?? '').replace('deadline: 4h', `deadline: ${hours}h`);
    return loadRulebook(rulebookFiles({ 'tiers.yaml': tiers }), rulebook.trustRoots).content;
  };
  const propose: ChangeStage['propose'] = (by, given, note) =>
    proposeRulebook(deps, { tenant: clinic, person: person(by), content: given, note });
  const open: ChangeStage['open'] = (proposal, by, { verdict = 'approve', actingRoles } = {}) =>
    openSignature(deps, {
      tenant: clinic,
      person: person(by),
      proposal,
      verdict,
      actingRoles: actingRoles?.map(role),
    });
  const assertion: ChangeStage['assertion'] = (opened, by, changed = {}) => {
    const key = at.authenticator(changed.signs ?? by, changed.made);
    const asked = { challenge: changed.hash ?? opened.hash, rpId: 'localhost', origin: changed.origin ?? origin };
    return (changed.assertion ?? ((same) => same))(key.get(asked));
  };
  const sendBytes: ChangeStage['sendBytes'] = async ({ statement }, by, made) => {
    const received = await receiveSignature(deps, {
      tenant: clinic,
      person: person(by),
      challenge: statement.challenge,
      assertion: assertionSchema.parse(made),
    });
    if (received.status !== 'received') return received;
    return worker.signRulebook({ step: 'sign', tenant: clinic, challenge: statement.challenge, proof: received.proof });
  };
  const send: ChangeStage['send'] = (opened, by, changed) => sendBytes(opened, by, assertion(opened, by, changed));
  const grantedFor: ChangeStage['grantedFor'] = async (interval, of) => {
    await db.admin.query(
      `UPDATE countersign.role_grant SET granted_at = clock_timestamp() - $1::interval
        WHERE $2::uuid IS NULL OR person = $2`,
      [interval, of === undefined ? null : person(of)],
    );
  };
  await grantedFor('2 days');
  await at.enrol('farid');
  await at.vouch('farid', (await at.enrol('ben')).enrolment); // the first word of the tenant

  return {
    at,
    async enrol(by, options) {
      const { enrolment } = await at.enrol(by, options);
      await at.vouch('ben', enrolment);
      return enrolment;
    },
    async revokeAll() {
      await db.admin.query(
        'UPDATE countersign.passkey SET revoked_at = clock_timestamp() WHERE revoked_at IS NULL AND person <> $1',
        [person('ben')],
      );
    },
    content,
    propose,
    async proposed(by, hours) {
      const made = await propose(by, content(hours));
      if (made.status !== 'proposed') throw new Error(made.code);
      return made.row.proposal;
    },
    open,
    send,
    assertion,
    sendBytes,
    async sign(proposal, by, signing) {
      const opened = await open(proposal, by, signing);
      return opened.status === 'opened' ? send(opened, by) : opened;
    },
    activate: (proposal) => worker.activateRulebook({ step: 'activate', tenant: clinic, proposal }),
    grantedFor,
    async active() {
      const found = await db.admin.query<{ digest: string }>(
        'SELECT digest FROM countersign.active_rulebook ORDER BY ordinal DESC LIMIT 1',
      );
      return found.rows[0]?.digest ?? '';
    },
    async leaves() {
      const found = await db.admin.query<{ bytes: Buffer }>(
        `SELECT bytes FROM countersign.audit_leaf WHERE kind LIKE 'rulebook.%' ORDER BY index`,
      );
      return found.rows.map(
        ({ bytes }) => JSON.parse(bytes.toString()) as { kind: string; data: Record<string, unknown> },
      );
    },
    end: () => at.end(),
  };
}
