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
import { leafOf } from '../../../src/audit/leaf.js';
import { createLog } from '../../../src/config/log.js';
import { inTenant } from '../../../src/database/transaction.js';
import { fhirGateway, type FhirGateway } from '../../../src/ehr/fhir.gateway.js';
import { smartTokens } from '../../../src/ehr/smart.gateway.js';
import { performStep, prepareStep, readBackStep } from '../../../src/ehr/steps.js';
import { actionTagSystem } from '../../../src/ehr/transaction.js';
import { writeReadings } from '../../../src/ehr/write-elements.js';
import { markFile } from '../../../src/signer/mark.node.js';
import { startSigner, type RunningSigner } from '../../../src/signer/start.js';
import { formatVerifier, signerOf, type Signer } from '../../../src/audit/note.js';
import type { WarrantSpec } from '../../../src/warrant/mint.store.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { noTrust, testRulebook } from '../../support/rulebook.js';
import { assertion, fhirClient, newKey, requestToken } from '../sandbox/ehr-client.js';
import { chen, clinic, stage, type OpenedAction, type Stage } from '../warrant/stage.js';
import { rpId, voters, type Voters } from './passkeys.js';

export const dora = person('00000000-0000-4000-8000-0000000000d0');
const logOrigin = 'dev.countersign/clinic';
const patient = 'Patient/canary';
export const before = 'One tablet three times a day';
export const after = 'One tablet twice a day';

export interface WriteStage {
  readonly db: TestDatabase;
  readonly ehr: RunningEhr;
  readonly on: Stage;
  readonly voters: Voters;
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
  write(of: OpenedAction, warrant: MintedWarrant, environment?: MockActivityEnvironment): Promise<Written>;
  /** As conclude leaves a write of which nobody knows, and a warrant to ask the EHR. */
  unknown(of: OpenedAction, round?: number): Promise<MintedWarrant>;
  readBack(of: OpenedAction, warrant: MintedWarrant): Promise<ReadBack>;
  /** The texts of the order's versions, oldest first; `ours` for one with the action's tag. */
  story(target: string): readonly string[];
  /** Requests with `POST` to the base: transactions. */
  sent(): ReturnType<RunningEhr['requests']>;
  kinds(of: OpenedAction): Promise<string[]>;
  use(warrant: MintedWarrant): Promise<string | undefined>;
  result(of: OpenedAction): Promise<unknown>;
  sealed(of: OpenedAction, path: string): Promise<Record<string, unknown>>;
  reseal(of: OpenedAction, path: string, change: (content: Record<string, unknown>) => unknown): Promise<void>;
  /** Lets the gateways' clock go on by so many milliseconds: their process slept. */
  advance(ms: number): void;
  /** What happens right before, and right after, the database lets a transaction leave. */
  readonly leaving: { before: () => Promise<unknown>; after: () => Promise<unknown> };
  sign(as?: 'own' | 'foreign'): Promise<void>;
  stopSigning(): Promise<void>;
  /** Ends the lease of the latest attempt, as waiting would. */
  endLease(warrant: MintedWarrant): Promise<void>;
  /** Past triggers, as a superuser can. */
  tamper(statement: string, ...tables: readonly string[]): Promise<void>;
  end(): Promise<void>;
}

export interface Ready {
  readonly of: OpenedAction;
  readonly target: string;
  readonly warrant: MintedWarrant;
}

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
  ])
    await db.admin.query(
      `INSERT INTO countersign.person (tenant, person, issuer, subject, display_name, practitioner)
       VALUES ('clinic', $1, 'https://idp.example', $2, $2, 'Practitioner/' || $2)`,
      [id, name],
    );
  const votes = voters(db);
  await votes.enrol('chen', chen);
  await votes.enrol('dora', dora);

  const own = signerOf(logOrigin, crypto.getRandomValues(new Uint8Array(32)));
  const foreign = signerOf(logOrigin, crypto.getRandomValues(new Uint8Array(32)));
  const folder = mkdtempSync(join(tmpdir(), 'countersign-marks-'));
  const on = await stage(db, () => ehr.url);
  const trusted = { ...noTrust, warrantIssuers: [...on.issuers], logs: [formatVerifier(own)], rpIds: [rpId] };
  const rulebook = testRulebook({}, trusted);

  let skipped = 0;
  const monotonic = () => performance.now() + skipped;
  const leaving: WriteStage['leaving'] = { before: async () => undefined, after: async () => undefined };
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
    transact: (call, transaction, request) =>
      gateway.transact(call, transaction, {
        ...request,
        async mayLeave() {
          await leaving.before();
          await request.mayLeave();
          await leaving.after();
        },
      }),
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
  const sign = async (by: Signer): Promise<void> => {
    signer = startSigner({
      connectionString: db.url('signer'),
      tenant: clinic,
      signer: by,
      mark: markFile(join(folder, Buffer.from(by.keyId).toString('hex'))),
      log: createLog('test', 'fatal'),
    });
    await signer.firstRound;
  };
  await sign(own);

  const at: WriteStage = {
    db,
    ehr,
    on,
    voters: votes,
    leaving,
    advance: (ms) => void (skipped += ms),
    sign: (as = 'own') => sign(as === 'own' ? own : foreign),
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
          elements: writeReadings('medication.update', ['current_medications'], 'read'),
          limits: { uses: 1, records: 3, bytes: 8_000_000 },
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
    sent: () => ehr.requests('fhir').filter(({ method, path }) => method === 'POST' && path === '/fhir'),
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
    sealed: async ({ action }, path) => {
      const { bytes } = await inTenant(db.pool('ehr'), clinic, (tx) => on.keychain.unseal(tx, clinic, action, path));
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
