/** The activities of the ehr queue between a real database and the sandbox EHR, under the default rulebook. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { exportJWK, generateKeyPair } from 'jose';
import { ehrActivities, type EhrActivities } from '../../../activities/ehr/activities.js';
import { Refusal } from '../../../src/action/refusal.js';
import type { Admission, MintedWarrant, Performed, Relation } from '../../../src/action/types.js';
import { leafOf } from '../../../src/audit/leaf.js';
import { inTenant } from '../../../src/database/transaction.js';
import { fhirGateway } from '../../../src/ehr/fhir.gateway.js';
import { smartTokens } from '../../../src/ehr/smart.gateway.js';
import type { Rulebook } from '../../../src/rulebook/rulebook.js';
import { startEhr, type RunningEhr } from '../../../sandbox/src/ehr/server.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { noTrust, testRulebook } from '../../support/rulebook.js';
import { chen, clinic, stage, type OpenedAction, type Stage } from '../warrant/stage.js';

const canary = { patient: 'Patient/canary', episode: 'Encounter/canary-open' };

export interface SandboxStage {
  readonly db: TestDatabase;
  readonly ehr: RunningEhr;
  readonly on: Stage;
  readonly rulebook: Rulebook;
  /** A request for the canary's elements, and its warrant. */
  ready(...elements: string[]): Promise<{ of: OpenedAction; warrant: MintedWarrant }>;
  perform(of: OpenedAction, warrant: MintedWarrant): Promise<Performed>;
  relate(of: OpenedAction, warrant: MintedWarrant): Promise<Relation>;
  /** Whatever reached the EHR since the last call, tokens and discovery included. */
  heard(): ReturnType<RunningEhr['requests']>;
  result(of: OpenedAction): Promise<unknown>;
  kinds(of: OpenedAction): Promise<string[]>;
  end(): Promise<void>;
}

export async function sandboxStage(): Promise<SandboxStage> {
  const { privateKey, publicKey } = await generateKeyPair('ES384');
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES384' }] };
  const ehr = await startEhr({ port: 0, clients: [{ id: 'countersign', jwks, scope: 'system/*.rs' }] });
  const db = await testDatabase();
  await db.admin.query(
    `INSERT INTO countersign.person (tenant, person, issuer, subject, display_name, practitioner)
     VALUES ('clinic', $1, 'https://idp.example', 'chen', 'Dr Chen', 'Practitioner/chen')`,
    [chen],
  );
  const on = await stage(db, () => ehr.url);
  const rulebook = testRulebook({}, { ...noTrust, warrantIssuers: [...on.issuers] });
  const tokens = smartTokens({
    base: ehr.url,
    clientId: 'countersign',
    key: privateKey,
    kid: 'k1',
    monotonic: () => performance.now(),
    clock: () => Date.now() / 1000,
    randomId: () => crypto.randomUUID(),
  });
  const activities: EhrActivities = ehrActivities({
    pool: db.pool('ehr'),
    keychain: on.keychain,
    fhir: fhirGateway({ base: ehr.url, tokens }),
    rulebook: async () => rulebook,
    monotonic: () => performance.now(),
  });
  const environment = () => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const admissionOf = ({ action, spec }: OpenedAction): Admission => ({
    tenant: clinic,
    action,
    requestCommitment: spec.requestCommitment,
    namesPatient: spec.patient !== null,
  });
  let told = 0;

  return {
    db,
    ehr,
    on,
    rulebook,
    async ready(...elements) {
      const of = await on.open(
        elements.includes('facility')
          ? { type: 'facility.read', input: {}, elements }
          : { type: 'record.read', input: canary, elements },
      );
      const readings = elements.flatMap((name) => rulebook.elements.get(name) ?? []);
      return { of, warrant: await on.mint(of, { elements: readings }) };
    },
    perform: (of, warrant) => environment().run(activities.perform, admissionOf(of), warrant),
    relate: (of, warrant) => environment().run(activities.relate, admissionOf(of), warrant),
    heard() {
      const requests = ehr.requests().slice(told);
      told += requests.length;
      return requests;
    },
    result: ({ action }) =>
      inTenant(db.pool('ehr'), clinic, (tx) => on.keychain.unseal(tx, clinic, action, 'result')).then(
        ({ bytes }): unknown => JSON.parse(new TextDecoder().decode(bytes)),
        (error: unknown) => (error instanceof Refusal ? error.code : Promise.reject(error)),
      ),
    async kinds({ action }) {
      const found = await db.admin.query<{ bytes: Buffer }>(
        'SELECT bytes FROM countersign.audit_leaf WHERE action = $1 ORDER BY index',
        [action],
      );
      return found.rows.map(({ bytes }) => leafOf(bytes).kind);
    },
    async end() {
      on.end();
      await ehr.close();
      await db.end();
    },
  };
}

export const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'performed',
    (error: unknown) => {
      if (error instanceof Refusal) return error.code;
      throw error;
    },
  );
