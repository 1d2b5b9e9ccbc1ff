/** Writes before the sandbox EHR: real database, real signer, votes with passkeys; governance's steps are taken by hand. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { startEhr, type RunningEhr } from '@countersign/sandbox';
import { ehrActivities, type EhrActivities } from '../../../activities/ehr/activities.js';
import { commitmentsOf } from '../../../src/action/action.store.js';
import { digest, person, role, type Digest } from '../../../src/action/ids.js';
import { Refusal } from '../../../src/action/refusal.js';
import type { SealedRequest } from '../../../src/action/request.js';
import type { Admission, MintedWarrant, Prepared, ReadBack, Written } from '../../../src/action/types.js';
import { dataOf, leafOf } from '../../../src/audit/leaf.js';
import { createLog } from '../../../src/config/log.js';
import { inTenant } from '../../../src/database/transaction.js';
import { fhirGateway, type FhirGateway } from '../../../src/ehr/fhir.gateway.js';
import { smartTokens } from '../../../src/ehr/smart.gateway.js';
import { performStep, prepareStep, readBackStep } from '../../../src/ehr/steps.js';
import { actionTagSystem } from '../../../src/ehr/transaction.js';
import { prepareReadings, writeReadings } from '../../../src/ehr/write-elements.js';
import type { PasskeyId } from '../../../src/passkey/ids.js';
import { markFile } from '../../../src/signer/mark.node.js';
import { startSigner, type RunningSigner } from '../../../src/signer/start.js';
import { formatCheckpoint } from '../../../src/audit/checkpoint.js';
import { leafHashes, logSize } from '../../../src/audit/leaf.store.js';
import { rootOf } from '../../../src/audit/merkle.js';
import { formatVerifier, signNote, signerOf } from '../../../src/audit/note.js';
import { publishCheckpoint } from '../../../src/signer/checkpoint.store.js';
import type { WarrantSpec } from '../../../src/warrant/mint.store.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import type { Unsealed } from '../../../src/keys/keychain.store.js';
import { noTrust, testRulebook } from '../../support/rulebook.js';
import { assertion, fhirClient, newKey, requestToken } from '../sandbox/ehr-client.js';
import { chen, clinic, stage, type OpenedAction, type Stage } from '../warrant/stage.js';
import { rpId, voters, type Voters } from './passkeys.js';

export const dora = person('00000000-0000-4000-8000-0000000000d0');
export const elif = person('00000000-0000-4000-8000-0000000000e1');
const logOrigin = 'dev.countersign/clinic';
const patient = 'Patient/canary';
export const before = 'One tablet three times a day';
export const after = 'One tablet twice a day';

export interface WriteStage {
  readonly db: TestDatabase;
  readonly ehr: RunningEhr;
  readonly on: Stage;
  readonly voters: Voters;
  /** Chen vouched for dora's, and she for elif's. */
  readonly passkeys: Readonly<Record<'dora' | 'elif', PasskeyId>>;
  /** A new order of the canary's in the EHR: `MedicationRequest/<id>`, version 1. */
  order(more?: object): Promise<string>;
  /** An action that is to change this order, being prepared. */
  asked(target: string, more?: Partial<SealedRequest>, change?: unknown): Promise<OpenedAction>;
  mintPrepare(of: OpenedAction, more?: Partial<WarrantSpec>): Promise<MintedWarrant>;
  prepare(of: OpenedAction, warrant?: MintedWarrant): Promise<Prepared>;
  /** Both signatures on the current revision; hashes of their leaves. */
  approve(of: OpenedAction): Promise<readonly Digest[]>;
  mintWrite(of: OpenedAction, approvals: readonly Digest[], more?: Partial<WarrantSpec>): Promise<MintedWarrant>;
  /** Order, action, preparation, votes and warrant. */
  ready(): Promise<Ready>;
  /** The same for marking the order as entered in error: T3, under passkeys that were vouched for. */
  readyDeletion(votes?: { readonly fresh: boolean }): Promise<Ready>;
  write(of: OpenedAction, warrant: MintedWarrant, environment?: MockActivityEnvironment): Promise<Written>;
  /** As conclude leaves a write of which nobody knows, and a warrant to ask the EHR. */
  unknown(of: OpenedAction, round?: number): Promise<MintedWarrant>;
  readBack(of: OpenedAction, warrant: MintedWarrant): Promise<ReadBack>;
  /** The texts of the order's versions, oldest first; `ours` for one with the action's tag. */
  story(target: string): readonly string[];
  /** Transactions of this action that reached the EHR. */
  sent(of: OpenedAction): ReturnType<RunningEhr['requests']>;
  kinds(of: OpenedAction): Promise<string[]>;
  use(warrant: MintedWarrant): Promise<string | undefined>;
  result(of: OpenedAction): Promise<unknown>;
  sealed(of: OpenedAction, path: string): Promise<Record<string, unknown>>;
  /** Whatever data reached the EHR since the last call. */
  heard(): ReturnType<RunningEhr['requests']>;
  /** Security events on the log of this action, by code. */
  events(of: OpenedAction): Promise<string[]>;
  unsealed(of: OpenedAction, path: string): Promise<Unsealed>;
  /** As whoever holds database and keys can. */
  reseal(of: OpenedAction, path: string, change: (content: Record<string, unknown>) => unknown): Promise<void>;
  /** Lets the gateways' clock go on by so many milliseconds: their process slept. */
  advance(ms: number): void;
  readonly wire: Wire;
  /** No fault any more, and nothing on the wire. */
  calm(): void;
  sign(): Promise<void>;
  stopSigning(): Promise<void>;
  /** A checkpoint over all leaves, in the name of the log and signed by somebody else. */
  forgeCheckpoint(): Promise<void>;
  /** Ends the lease of the latest attempt, as waiting would. */
  endLease(warrant: MintedWarrant): Promise<void>;
  /** Past triggers, as a superuser can. */
  tamper(statement: string, ...tables: readonly string[]): Promise<void>;
  end(): Promise<void>;
}

/** What lies between gateway and EHR. */
export interface Wire {
  /** Happens right before, and right after, the database lets a transaction leave. */
  before: () => Promise<unknown>;
  after: () => Promise<unknown>;
  /** A proxy that changes what is sent, or what is answered. */
  there: (transaction: unknown) => unknown;
  back: (body: unknown) => unknown;
}

export interface Ready {
  readonly of: OpenedAction;
  readonly target: string;
  readonly warrant: MintedWarrant;
}

const straight: Wire = {
  before: async () => undefined,
  after: async () => undefined,
  there: (transaction) => transaction,
  back: (body) => body,
};

export async function writeStage(): Promise<WriteStage> {
  const { privateKey, publicKey } = await generateKeyPair('ES384');
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES384' }] };
  const clerk = await newKey('ES384');
  const ehr = await startEhr({
    port: 0,
    clients: [
      { id: 'countersign', jwks, scope: 'system/*.crus' },
      { id: 'worker', jwks: clerk.jwks, scope: 'system/*.crus' },
    ],
  });
  const { body } = await requestToken(
    ehr.tokenUrl,
    await assertion(clerk, { audience: ehr.tokenUrl }),
    'system/*.crus',
  );
  const clerks = fhirClient(ehr.url, String(body['access_token']));

  const db = await testDatabase();
  for (const [id, name] of [
    [chen, 'chen'],
    [dora, 'dora'],
    [elif, 'elif'],
  ])
    await db.admin.query(
      `INSERT INTO countersign.person (tenant, person, issuer, subject, display_name, practitioner)
       VALUES ('clinic', $1, 'https://idp.example', $2, $2, 'Practitioner/' || $2)`,
      [id, name],
    );
  const votes = voters(db);
  await votes.enrol('chen', chen);
  const passkeys = { dora: await votes.enrol('dora', dora), elif: await votes.enrol('elif', elif) };
  await votes.vouch('chen', chen, passkeys.dora);
  await votes.vouch('dora', dora, passkeys.elif);

  const own = signerOf(logOrigin, crypto.getRandomValues(new Uint8Array(32)));
  const folder = mkdtempSync(join(tmpdir(), 'countersign-marks-'));
  const on = await stage(db, () => ehr.url);
  const trusted = { ...noTrust, warrantIssuers: [...on.issuers], logs: [formatVerifier(own)], rpIds: [rpId] };
  const rulebook = testRulebook({}, trusted);

  let [skipped, told] = [0, 0];
  const monotonic = () => performance.now() + skipped;
  const wire: Wire = { ...straight };
  const tokens = smartTokens({
    base: ehr.url,
    clientId: 'countersign',
    key: privateKey,
    kid: 'k1',
    monotonic: () => performance.now(),
    clock: () => Date.now() / 1000,
    randomId: randomUUID,
  });
  const gateway = fhirGateway({ base: ehr.url, tokens });
  const fhir: FhirGateway = {
    ...gateway,
    async transact(call, transaction, request) {
      const { body, ...rest } = await gateway.transact(call, wire.there(transaction), {
        ...request,
        async mayLeave() {
          await wire.before();
          await request.mayLeave();
          await wire.after();
        },
      });
      return { ...rest, body: wire.back(body) };
    },
  };
  const activities: EhrActivities = ehrActivities({
    pool: db.pool('ehr'),
    keychain: on.keychain,
    fhir,
    rulebook: async () => rulebook,
    monotonic,
  });
  const quietly = () => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const admissionOf = ({ action, spec }: OpenedAction): Admission => ({
    tenant: clinic,
    action,
    requestCommitment: spec.requestCommitment,
    namesPatient: true,
  });
  const revisionOf = async ({ action }: OpenedAction) => {
    const row = await db.admin.query<{ revision: number }>(
      'SELECT revision FROM countersign.action WHERE action = $1',
      [action],
    );
    const revision = await inTenant(db.pool('ehr'), clinic, (tx) =>
      commitmentsOf(tx, action, row.rows[0]?.revision ?? 0),
    );
    if (!revision) throw new Error('no revision');
    return revision;
  };
  const setStatus = ({ action }: OpenedAction, status: string) =>
    db.admin.query('UPDATE countersign.action SET status = $2 WHERE action = $1', [action, status]);

  let signer: RunningSigner | undefined;
  const sign = async (): Promise<void> => {
    signer = startSigner({
      connectionString: db.url('signer'),
      tenant: clinic,
      signer: own,
      mark: markFile(folder),
      log: createLog('test', 'fatal'),
    });
    await signer.firstRound;
  };
  await sign();

  const at: WriteStage = {
    db,
    ehr,
    on,
    voters: votes,
    passkeys,
    wire,
    calm() {
      ehr.faults.clear();
      Object.assign(wire, straight);
    },
    advance: (ms) => void (skipped += ms),
    sign,
    async forgeCheckpoint() {
      const foreign = signerOf(logOrigin, crypto.getRandomValues(new Uint8Array(32)));
      await inTenant(db.pool('signer'), clinic, async (tx) => {
        const size = await logSize(tx);
        const body = formatCheckpoint({ origin: logOrigin, size, root: rootOf(await leafHashes(tx, size)) });
        await publishCheckpoint(tx, size, signNote(body, foreign));
      });
    },
    async stopSigning() {
      await signer?.stop();
      signer = undefined;
    },

    async order(more = {}) {
      const response = await clerks('MedicationRequest', {
        method: 'POST',
        body: {
          resourceType: 'MedicationRequest',
          status: 'active',
          intent: 'order',
          medicationCodeableConcept: { text: 'Quillamine' },
          subject: { reference: patient },
          dosageInstruction: [{ text: before }],
          ...more,
        },
      });
      return `MedicationRequest/${String(response.json().id)}`;
    },

    async asked(target, more = {}, change = { dosageInstruction: [{ at: 0, text: after }] }) {
      const of = await on.open({
        type: 'medication.update',
        input: { patient, episode: 'Encounter/canary-open', target, change },
        elements: ['current_medications'],
        justifications: { current_medications: 'The dose is too high' },
        ...more,
      });
      await db.admin.query(
        `UPDATE countersign.action SET status = 'preparing', tier = 'T2', deadline = clock_timestamp() + interval '1 hour'
          WHERE action = $1`,
        [of.action],
      );
      return of;
    },
    async mintPrepare({ action, spec }, more = {}) {
      const { revision } = await revisionOf({ action, spec });
      return on.mintRelation(
        { action, spec },
        {
          step: prepareStep,
          revision,
          elements: prepareReadings('medication.update', ['current_medications']),
          limits: { uses: 1, records: 4, bytes: 8_000_000 },
          ...more,
        },
      );
    },
    prepare: async (of, warrant) =>
      quietly().run(activities.prepare, admissionOf(of), warrant ?? (await at.mintPrepare(of))),

    async approve({ action }) {
      const order = { action, approver: chen, roles: [role('clinician')], meaning: 'approve.order' } as const;
      const seat = { action, approver: dora, roles: [role('senior_clinician')], meaning: 'approve.access' } as const;
      const cast = [await votes.vote('chen', order), await votes.vote('dora', seat)];
      return cast.map(({ leaf }) => digest(leaf));
    },
    async mintWrite(of, approvals, more = {}) {
      const { revision, proposalCommitment } = await revisionOf(of);
      return on.mint(of, {
        step: performStep,
        revision,
        performs: 'ehr.write',
        readOnly: false,
        elements: writeReadings('medication.update', ['current_medications'], 'write'),
        limits: { uses: 1, records: 1, bytes: 4_000_000 },
        seconds: 600,
        tier: 'T2',
        argsCommitment: proposalCommitment,
        approvals,
        ...more,
      });
    },
    async ready() {
      const target = await at.order();
      const of = await at.asked(target);
      await at.prepare(of);
      return { of, target, warrant: await at.mintWrite(of, await at.approve(of)) };
    },
    async readyDeletion({ fresh } = { fresh: true }) {
      const elements = ['current_medications'];
      const target = await at.order();
      const of = await at.asked(target, { type: 'record.delete', elements }, { status: 'entered-in-error' });
      await db.admin.query(`UPDATE countersign.action SET tier = 'T3' WHERE action = $1`, [of.action]);
      const reading = { tier: 'T3', elements: prepareReadings('record.delete', elements) } as const;
      await at.prepare(of, await at.mintPrepare(of, reading));
      const signIn = fresh ? { idToken: 'header.payload.signature' } : {};
      const ballot = { action: of.action, meaning: 'approve.access', ...signIn } as const;
      const cast = [
        await votes.vote('dora', { ...ballot, approver: dora, roles: [role('senior_clinician')] }),
        await votes.vote('elif', { ...ballot, approver: elif, roles: [role('privacy_officer')] }),
      ];
      const approvals = cast.map(({ leaf }) => digest(leaf));
      const writing = { performs: 'ehr.delete', elements: writeReadings('record.delete', elements, 'write') } as const;
      return { of, target, warrant: await at.mintWrite(of, approvals, { tier: 'T3', ...writing }) };
    },
    write: (of, warrant, environment = quietly()) => environment.run(activities.write, admissionOf(of), warrant),
    async unknown(of, round = 1) {
      await setStatus(of, 'outcome_unknown');
      const { kind } = await revisionOf(of);
      if (kind === 'prepared')
        await inTenant(db.pool('governance'), clinic, (tx) =>
          tx.query('SELECT countersign.revision_resolve($1, $2)', [of.action, JSON.stringify({ status: 'nobody' })]),
        );
      return at.mintPrepare(of, { step: readBackStep(round) });
    },
    readBack: (of, warrant) => quietly().run(activities.readBack, admissionOf(of), warrant),

    story: (target) =>
      ehr.versions(target).map(({ meta, ...resource }) => {
        const [instruction] = Array.isArray(resource['dosageInstruction']) ? resource['dosageInstruction'] : [];
        const tagged = meta.tag?.some(({ system }) => system === actionTagSystem) ?? false;
        return `${String(instruction?.text)}${tagged ? ' (ours)' : ''}`;
      }),
    // Whatever became of it, and even if the EHR never read it: its id says whose it was.
    sent: ({ action }) =>
      ehr
        .requests('fhir')
        .filter(
          ({ method, path, requestId }) => method === 'POST' && path === '/fhir' && requestId?.startsWith(action),
        ),
    heard() {
      const requests = ehr.requests('fhir').slice(told);
      told += requests.length;
      return requests;
    },
    async events({ action }) {
      const found = await db.admin.query<{ bytes: Buffer }>(
        `SELECT bytes FROM countersign.audit_leaf WHERE action = $1 AND kind = 'security.event' ORDER BY index`,
        [action],
      );
      return found.rows.map(({ bytes }) => dataOf(leafOf(bytes), 'security.event')?.code ?? '');
    },
    async kinds({ action }) {
      const found = await db.admin.query<{ bytes: Buffer }>(
        'SELECT bytes FROM countersign.audit_leaf WHERE action = $1 ORDER BY index',
        [action],
      );
      return found.rows.map(({ bytes }) => leafOf(bytes).kind);
    },
    async use({ jti }) {
      const found = await db.admin.query<{ status: string }>(
        'SELECT status FROM countersign.warrant_use WHERE jti = $1',
        [jti],
      );
      return found.rows[0]?.status;
    },
    result: ({ action }) =>
      inTenant(db.pool('ehr'), clinic, (tx) => on.keychain.unseal(tx, clinic, action, 'result')).then(
        ({ bytes }): unknown => JSON.parse(new TextDecoder().decode(bytes)),
        (error: unknown) => (error instanceof Refusal ? error.code : Promise.reject(error)),
      ),
    unsealed: ({ action }, path) =>
      inTenant(db.pool('ehr'), clinic, (tx) => on.keychain.unseal(tx, clinic, action, path)),
    async sealed(of, path) {
      const { bytes } = await at.unsealed(of, path);
      return JSON.parse(new TextDecoder().decode(bytes));
    },
    async reseal(of, path, change) {
      const changed = new TextEncoder().encode(JSON.stringify(change(await at.sealed(of, path))));
      await at.tamper(
        `DELETE FROM countersign.sealed WHERE action = '${of.action}' AND path = '${path}'`,
        'countersign.sealed',
      );
      const login = path === 'request' ? 'api' : 'ehr';
      await inTenant(db.pool(login), clinic, (tx) => on.keychain.seal(tx, clinic, of.action, path, changed));
    },
    async endLease({ jti }) {
      await db.admin.query('UPDATE countersign.warrant_use SET lease_until = clock_timestamp() WHERE jti = $1', [jti]);
    },
    async tamper(statement, ...tables) {
      const all = (what: string) => tables.map((table) => `ALTER TABLE ${table} ${what} TRIGGER USER;`).join('');
      await db.admin.query(`BEGIN; ${all('DISABLE')} ${statement}; ${all('ENABLE')} COMMIT`);
    },
    async end() {
      ehr.faults.clear();
      await signer?.stop();
      votes.end();
      on.end();
      rmSync(folder, { recursive: true, force: true });
      await ehr.close();
      await db.end();
    },
  };
  return at;
}

export const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.catch((error: unknown) => {
    if (error instanceof Refusal) return error.code;
    throw error;
  });
