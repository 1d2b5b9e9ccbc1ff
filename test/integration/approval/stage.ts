/** Actions that wait for a clinician, in a real database, and the two sides of a vote: the API's and the worker's. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { governanceActivities } from '../../../activities/governance/activities.js';
import { Semaphore } from '../../../activities/governance/semaphore.js';
import { insertAction } from '../../../src/action/action.store.js';
import { actionIdOf } from '../../../src/action/admit.tx.js';
import {
  action,
  agent,
  challenge,
  digest,
  role,
  tenant,
  type ActionId,
  type ChallengeId,
  type PersonId,
} from '../../../src/action/ids.js';
import { canonicalBytes } from '../../../src/action/canonical.js';
import { openResolution } from '../../../src/action/revision.store.js';
import {
  needsSchema,
  type Admission,
  type Authorised,
  type Decided,
  type VoteAnswer,
} from '../../../src/action/types.js';
import { usualMeaning, type Decision, type Meaning, type Verdict } from '../../../src/approval/decision.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import { openChallenge, type ChallengeDeps, type OpenedChallenge } from '../../../src/approval/open-challenge.tx.js';
import type { Needs } from '../../../src/approval/quorum.js';
import { resolutionNeeds } from '../../../src/approval/resolution.js';
import { leavesOf } from '../../../src/audit/leaf.store.js';
import { inTenant } from '../../../src/database/transaction.js';
import { readDirectory } from '../../../src/directory/directory-file.js';
import { loadDirectory } from '../../../src/directory/load-directory.tx.js';
import { insertPreparedRevision } from '../../../src/ehr/prepared-revision.store.js';
import { tokenVerifiers } from '../../../src/identity/tokens.gateway.js';
import { nodeAead } from '../../../src/keys/aead.node.js';
import { KeyCache } from '../../../src/keys/key-cache.js';
import { Keychain } from '../../../src/keys/keychain.store.js';
import { localKeyring } from '../../../src/keys/local-keyring.node.js';
import type { Rulebook } from '../../../src/rulebook/rulebook.js';
import { activateRulebook, rulebookReader, storeRulebook } from '../../../src/rulebook/rulebook.store.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { testIssuer, type TestIssuer } from '../../support/issuer.js';
import { testRulebook } from '../../support/rulebook.js';
import { newIssuer } from '../warrant/stage.js';

export const clinic = tenant('clinic');
const triage = agent('triage-agent');

/** Chen is the principal of every action, Dora owns the agent. */
const roles = {
  amara: ['clinical_staff'],
  ben: ['clinical_staff'],
  chen: ['senior_clinician'],
  dora: ['senior_clinician'],
  farid: ['pharmacist'],
  elif: ['privacy_officer'],
  gus: ['senior_clinician'],
} as const;
export type Name = keyof typeof roles;

export interface Cast {
  readonly verdict?: Verdict;
  /** The usual one of the verdict unless told. */
  readonly meaning?: Meaning;
  readonly reason?: string;
  readonly actingRoles?: readonly string[];
  readonly confirmation?: string;
}

/** What people are asked about, where it is not a read of T1. */
export interface Asking {
  readonly type: string;
  readonly tier: 'T1' | 'T2' | 'T3';
  readonly needs: Needs;
  /** A gateway prepared a second revision; this is what it shows, and the record that would change. */
  readonly prepared?: { readonly target: string };
}

/** The rulebook's needs for a change of medication: an order, and somebody independent. */
export const medicationChange: Asking = {
  type: 'medication.update',
  tier: 'T2',
  needs: {
    status: 'quorum',
    factors: [
      { role: role('clinician'), count: 1, order: true },
      { role: role('senior_clinician'), or: [role('pharmacist')], count: 1 },
    ],
  },
  prepared: { target: 'MedicationRequest/m1' },
};

export interface VoteStage {
  readonly db: TestDatabase;
  readonly issuer: TestIssuer;
  readonly rulebook: Rulebook;
  readonly deps: ChallengeDeps;
  person(name: Name): PersonId;
  /** Opens an action that waits, for one of `clinical_staff` unless told; `deadline` is an SQL interval from now. */
  waiting(deadline?: string, asking?: Asking): Promise<ActionId>;
  /** Prepares it once more, as after a conflict. */
  prepareAgain(of: ActionId): Promise<void>;
  /** Leaves a write that was prepared with an outcome that nobody knows, and asks what became of it. */
  lose(of: ActionId): Promise<void>;
  challenge(of: ActionId, by: Name, cast?: Cast): Promise<OpenedChallenge>;
  /** A challenge with the proof that the person's identity provider gave for it. */
  envelope(of: ActionId, by: Name, cast?: Cast): Promise<DecisionEnvelope>;
  /** The worker's side, as a local activity runs it. */
  record(of: ActionId, envelope: DecisionEnvelope): Promise<VoteAnswer>;
  /** What the workflow asks the worker at the deadline. */
  expire(of: ActionId): Promise<Decided>;
  /** The last judgement before the effect. */
  authorise(of: ActionId): Promise<Authorised>;
  /** Kinds and data of the action's leaves. */
  leaves(of: ActionId): Promise<{ readonly kind: string; readonly data: unknown }[]>;
  counted(of: ActionId): Promise<number>;
  end(): Promise<void>;
}

/** As far as somebody has to type it. */
const shownOf = (type: string, target: string, from: number) => ({
  type,
  input: { patient: 'Patient/p1', target },
  change: {
    patient: { name: 'Ada Quill', birthDate: '1931-02-28' },
    record: { name: 'Penicillin allergy', coded: null, date: null, status: 'active', text: null },
    target,
    base: String(from),
  },
});

/** @param jwksUri where the worker finds the issuer's keys, if not at the issuer itself. */
export async function voteStage(jwksUri?: string, rpIds: readonly string[] = []): Promise<VoteStage> {
  const [db, issuer] = await Promise.all([testDatabase(), testIssuer()]);
  const rulebook = testRulebook(
    {},
    {
      issuers: [
        {
          issuer: issuer.url,
          audiences: [issuer.audience],
          clients: [issuer.voteClient],
          jwksUri: jwksUri ?? `${issuer.url}/jwks`,
        },
      ],
      warrantIssuers: [],
      logs: [],
      rpIds: [...rpIds],
    },
  );
  const { people } = await loadDirectory(
    db.admin,
    readDirectory(directoryOf(issuer), new Set<string>(rulebook.roles.keys())),
  );
  await inTenant(db.admin, clinic, async (tx) => {
    await storeRulebook(tx, rulebook);
    await activateRulebook(tx, rulebook.digest);
  });
  const keychain = new Keychain({
    keyring: localKeyring({
      folder: mkdtempSync(join(tmpdir(), 'countersign-keys-')),
      production: false,
      aead: nodeAead,
    }),
    aead: nodeAead,
    cache: new KeyCache({ clock: () => performance.now() }),
  });
  const deps: ChallengeDeps = {
    pool: db.pool('api'),
    keychain,
    rulebook: rulebookReader(),
    newChallengeId: () => challenge(randomUUID()),
  };
  const worker = governanceActivities({
    pool: db.pool('governance'),
    keychain,
    rulebook: rulebookReader(),
    issuer: (await newIssuer('countersign-test')).issuer,
    location: 'https://ehr.example/fhir',
    verifier: tokenVerifiers(),
    verifications: new Semaphore(8),
  });
  const person = (name: Name): PersonId => {
    const id = people.get(name);
    if (id === undefined) throw new Error('nobody of that name');
    return id;
  };

  const open: VoteStage['challenge'] = (
    of,
    by,
    { verdict = 'approve', meaning, reason, actingRoles = ['clinical_staff'], confirmation } = {},
  ) =>
    openChallenge(deps, {
      tenant: clinic,
      action: of,
      approver: person(by),
      verdict,
      meaning: meaning ?? usualMeaning[verdict],
      reason: reason ?? (verdict === 'approve' ? undefined : 'Not needed today'),
      actingRoles: actingRoles.map(role),
      confirmation,
    });

  /** As the gateway: seals what is shown and adds the revision. */
  const prepare = async (of: ActionId, from: number, type: string, target: string): Promise<void> => {
    await setAction(of, `status = 'preparing'`);
    await inTenant(db.pool('ehr'), clinic, async (tx) => {
      const seal = (path: string, value: unknown) => keychain.seal(tx, clinic, of, path, canonicalBytes(value));
      const prepared = await insertPreparedRevision(tx, {
        action: of,
        from,
        displayCommitment: await seal(`display/${from + 1}`, shownOf(type, target, from)),
        proposalCommitment: await seal(`proposal/${from + 1}`, { target, base: String(from) }),
        base: String(from),
      });
      if (prepared !== from + 1) throw new Error('another revision was prepared');
    });
  };
  const setAction = (of: ActionId, set: string) =>
    db.admin.query(`UPDATE countersign.action SET ${set} WHERE action = $1`, [of]);

  return {
    db,
    issuer,
    rulebook,
    deps,
    person,
    async waiting(deadline = '4 hours', { type, tier, needs, prepared } = oneRead) {
      const id = actionIdOf(randomBytes(26));
      await inTenant(deps.pool, clinic, async (tx) => {
        await keychain.create(tx, clinic, id, '2026-03');
        await insertAction(tx, {
          action: id,
          type,
          agent: triage,
          agentVersion: '1.0.0',
          principal: person('chen'),
          purpose: 'TREAT',
          elements: ['current_medications'],
          patient: null,
          episode: null,
          reasonGiven: true,
          justified: [],
          riskAssessed: false,
          claimedTier: null,
          expiresIn: null,
          rulebook: rulebook.digest,
          idempotencyKey: id,
          requestCommitment: digest('11'.repeat(32)),
          displayCommitment: digest('22'.repeat(32)),
        });
      });
      await db.admin.query(
        `UPDATE countersign.action SET status = 'awaiting_approval', tier = $2, needs = $3,
                deadline = clock_timestamp() + $4::interval WHERE action = $1`,
        [id, tier, JSON.stringify(needs), deadline],
      );
      if (prepared) await prepare(id, 1, type, prepared.target);
      return action(id);
    },
    async prepareAgain(of) {
      const { rows } = await db.admin.query<{ revision: number; type: string }>(
        'SELECT revision, type FROM countersign.action WHERE action = $1',
        [of],
      );
      const [{ revision, type } = { revision: 0, type: '' }] = rows;
      await prepare(of, revision, type, 'MedicationRequest/m1');
    },
    async lose(of) {
      await setAction(of, `status = 'outcome_unknown'`);
      await inTenant(db.pool('governance'), clinic, (tx) => openResolution(tx, of, needsSchema.parse(resolutionNeeds)));
    },
    challenge: open,
    async envelope(of, by, cast) {
      const { decision, hash } = await open(of, by, cast);
      return { decision, proof: { kind: 'idp', idToken: await issuer.voteToken(by, hash) } };
    },
    record: (of, envelope) => worker.recordVote(admissionOf(of), envelope),
    expire: (of) => worker.expire(admissionOf(of)),
    authorise: (of) => worker.authorise(admissionOf(of)),
    leaves: (of) =>
      inTenant(db.pool('governance'), clinic, async (tx) =>
        (await leavesOf(tx, of)).map(({ bytes }) => JSON.parse(new TextDecoder().decode(bytes))),
      ),
    async counted(of) {
      return (await db.admin.query('SELECT FROM countersign.vote WHERE action = $1', [of])).rowCount ?? 0;
    },
    async end() {
      await issuer.close();
      await db.end();
    },
  };
}

function admissionOf(of: ActionId): Admission {
  return { tenant: clinic, action: of, requestCommitment: digest('11'.repeat(32)), namesPatient: true };
}

/** One read of one patient's medications. */
const oneRead: Asking = {
  type: 'medications.read',
  tier: 'T1',
  needs: { status: 'quorum', factors: [{ role: role('clinical_staff'), count: 1 }] },
};

/** The decision with one part of it changed. */
export function altered(envelope: DecisionEnvelope, more: Partial<Decision>): DecisionEnvelope {
  return { ...envelope, decision: { ...envelope.decision, ...more } };
}

export function challengeOf({ decision }: DecisionEnvelope): ChallengeId {
  return decision.challenge;
}

function directoryOf({ url }: TestIssuer): unknown {
  const people = Object.entries(roles).map(([subject, held]) => [
    subject,
    {
      issuer: url,
      subject,
      name: subject,
      roles: held,
      training: [{ course: 'hipaa', completedOn: '2020-01-01', expiresOn: '2100-01-01' }],
    },
  ]);
  return {
    tenant: { id: 'clinic', name: 'Clinic', zone: 'Europe/Berlin', logOrigin: 'dev.countersign/clinic' },
    people: Object.fromEntries(people),
    vendors: { 'model-vendor': { name: 'Model vendor', baa: { from: '2020-01-01', until: '2100-01-01' } } },
    agents: {
      [triage]: {
        role: 'triage',
        version: '1.0.0',
        model: 'model-1',
        vendor: 'model-vendor',
        responsibleClinician: 'chen',
        owner: 'dora',
        reviewDue: '2100-01-01',
      },
    },
  };
}
