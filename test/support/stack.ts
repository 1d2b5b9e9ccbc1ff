/** Our own processes' parts in one process, on a real Temporal server, PostgreSQL, sandbox EHR and a test issuer. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { exportJWK, generateKeyPair } from 'jose';
import { startEhr, type RunningEhr } from '@countersign/sandbox';
import { Semaphore } from '../../activities/governance/semaphore.js';
import { actionIdOf } from '../../src/action/admit.tx.js';
import { challenge, person, tenant, type PersonId } from '../../src/action/ids.js';
import { formatVerifier, signerOf } from '../../src/audit/note.js';
import { createLog } from '../../src/config/log.js';
import { inTenant } from '../../src/database/transaction.js';
import { fhirGateway } from '../../src/ehr/fhir.gateway.js';
import { smartTokens } from '../../src/ehr/smart.gateway.js';
import { tokenVerifiers } from '../../src/identity/tokens.gateway.js';
import { nodeAead } from '../../src/keys/aead.node.js';
import { KeyCache } from '../../src/keys/key-cache.js';
import { Keychain } from '../../src/keys/keychain.store.js';
import { localKeyring } from '../../src/keys/local-keyring.node.js';
import { restrict, type KeyringOperation } from '../../src/keys/keyring.js';
import { passkeySchema, vouchingSchema } from '../../src/passkey/ids.js';
import { loadRulebook } from '../../src/rulebook/load.js';
import { readPolicyFolder } from '../../src/rulebook/policy-folder.node.js';
import { activateRulebook, rulebookReader, storeRulebook } from '../../src/rulebook/rulebook.store.js';
import { markFile } from '../../src/signer/mark.node.js';
import { startSigner } from '../../src/signer/start.js';
import { actionRuns } from '../../src/temporal/action-runs.js';
import { governedActions } from '../../src/temporal/governed-actions.js';
import { warrantIssuerName } from '../../src/warrant/issuer.js';
import { warrantIssuer } from '../../src/warrant/issuer.node.js';
import { historyCodec } from '../../src/temporal/history-codec.js';
import { ehrWorker, governanceWorker } from '../../worker/workers.js';
import { testDatabase, type TestDatabase } from './database.js';
import { testIssuer, type TestIssuer } from './issuer.js';
import { devServer } from './temporal.js';

export const clinic = tenant('clinic');

/** Signs the log of every test stack; a test that wants another key makes one. */
export const logSigner = signerOf('dev.countersign/clinic', new Uint8Array(randomBytes(32)));

export interface Stack {
  readonly env: TestWorkflowEnvironment;
  /** A client with our codec, as the API has it. */
  readonly client: Client;
  readonly db: TestDatabase;
  readonly ehr: RunningEhr;
  readonly issuer: TestIssuer;
  readonly people: Readonly<Record<'amara' | 'ben' | 'chen' | 'dora' | 'elif', PersonId>>;
  readonly api: ReturnType<typeof apiDeps>;
  /** What decodes histories for the API. */
  readonly codec: PayloadCodec;
  readonly governance: { readonly keychain: Keychain };
  readonly actions: ReturnType<typeof governedActions>;
  stop(): Promise<void>;
}

const names = ['amara', 'ben', 'chen', 'dora', 'elif'] as const;

export async function startStack(): Promise<Stack> {
  const [env, db, issuer] = await Promise.all([devServer(), testDatabase(), testIssuer()]);
  const namespace = env.namespace ?? 'default';
  const [warrantKeys, fhirKeys] = await Promise.all([keyPair('EdDSA'), keyPair('ES384')]);
  const ehr = await startEhr({
    port: 0,
    clients: [{ id: 'countersign', jwks: { keys: [fhirKeys.publicJwk] }, scope: 'system/*.crus' }],
    controlToken: randomUUID(),
  });
  const people = await fillDirectory(db, issuer);
  await fillRulebook(db, issuer, warrantKeys.publicJwk);

  const folder = mkdtempSync(join(tmpdir(), 'countersign-keys-'));
  const keychain = (...allowed: KeyringOperation[]) =>
    new Keychain({
      keyring: restrict(localKeyring({ folder, production: false, aead: nodeAead }), allowed),
      aead: nodeAead,
      cache: new KeyCache({ clock: () => performance.now() }),
    });
  const log = createLog('test', 'fatal');
  const codecOf = (login: 'api' | 'governance' | 'ehr', chain: Keychain) =>
    historyCodec({ pool: db.pool(login), keychain: chain, aead: nodeAead, tenant: clinic, mayCreate: login !== 'ehr' });

  const apiKeychain = keychain('wrap', 'unwrap');
  const apiCodec = await codecOf('api', apiKeychain);
  const client = new Client({
    connection: env.connection,
    namespace,
    dataConverter: apiCodec.dataConverter,
  });

  const governanceKeychain = keychain('wrap', 'unwrap', 'destroy');
  const context = { connection: env.nativeConnection, namespace, tenant: clinic, log };
  const governance = await governanceWorker(
    { ...context, codec: await codecOf('governance', governanceKeychain) },
    {
      pool: db.pool('governance'),
      keychain: governanceKeychain,
      rulebook: rulebookReader(),
      issuer: await warrantIssuer(warrantIssuerName(clinic), warrantKeys.privateJwk),
      location: ehr.url,
      verifier: tokenVerifiers(),
      verifications: new Semaphore(8),
      runs: actionRuns(client),
    },
  );
  const ehrKeychain = keychain('unwrap');
  const tokens = smartTokens({
    base: ehr.url,
    clientId: 'countersign',
    key: fhirKeys.privateKey,
    kid: fhirKeys.publicJwk.kid,
    monotonic: () => performance.now(),
    clock: () => Math.floor(Date.now() / 1000),
    randomId: randomUUID,
  });
  const gateway = await ehrWorker(
    { ...context, codec: await codecOf('ehr', ehrKeychain) },
    {
      pool: db.pool('ehr'),
      keychain: ehrKeychain,
      fhir: fhirGateway({ base: ehr.url, tokens }),
      rulebook: rulebookReader(),
      monotonic: () => performance.now(),
    },
  );
  const runs = Promise.all([governance.run(), gateway.run()]);
  const signer = startSigner({
    connectionString: db.url('signer'),
    tenant: clinic,
    signer: logSigner,
    mark: markFile(mkdtempSync(join(tmpdir(), 'countersign-signer-'))),
    log,
  });

  return {
    env,
    client,
    db,
    ehr,
    issuer,
    people,
    api: apiDeps(db, apiKeychain),
    codec: apiCodec.codec,
    governance: { keychain: governanceKeychain },
    actions: governedActions(client),
    async stop() {
      governance.shutdown();
      gateway.shutdown();
      await runs;
      await signer.stop();
      await Promise.all([ehr.close(), issuer.close()]);
      await db.end();
      await env.teardown();
    },
  };
}

export function apiDeps(db: TestDatabase, keychain: Keychain) {
  return {
    pool: db.pool('api'),
    keychain,
    rulebook: rulebookReader(),
    newActionId: () => actionIdOf(nodeAead.random(26)),
    newChallengeId: () => challenge(randomUUID()),
    newEnrolmentId: () => passkeySchema.parse(randomUUID()),
    newVouchingId: () => vouchingSchema.parse(randomUUID()),
  };
}

export async function keyPair(alg: 'EdDSA' | 'ES384') {
  const { privateKey, publicKey } = await generateKeyPair(alg, {
    extractable: true,
    ...(alg === 'EdDSA' && { crv: 'Ed25519' }),
  });
  const kid = randomUUID();
  const facts = { kid, alg, use: 'sig' };
  return {
    privateKey,
    privateJwk: { ...(await exportJWK(privateKey)), ...facts },
    publicJwk: { ...(await exportJWK(publicKey)), ...facts },
  };
}

/** Five people, three agents, a vendor with a BAA. */
export async function fillDirectory(db: TestDatabase, issuer: TestIssuer): Promise<Stack['people']> {
  const roles = {
    amara: 'clinical_staff',
    ben: 'clinical_staff',
    chen: 'senior_clinician',
    dora: 'senior_clinician',
    elif: 'privacy_officer',
  };
  const ids: [string, PersonId][] = [];
  for (const name of names) {
    const id = person(randomUUID());
    ids.push([name, id]);
    await db.admin.query(
      `INSERT INTO countersign.person (tenant, person, issuer, subject, display_name, practitioner)
       VALUES ('clinic', $1, $2, $3, $3, 'Practitioner/' || $3)`,
      [id, issuer.url, name],
    );
    await db.admin.query(`INSERT INTO countersign.role_grant (tenant, person, role) VALUES ('clinic', $1, $2)`, [
      id,
      roles[name],
    ]);
    await db.admin.query(
      `INSERT INTO countersign.training (tenant, person, course, completed_on, expires_on)
       VALUES ('clinic', $1, 'hipaa', current_date - 30, current_date + 300)`,
      [id],
    );
  }
  const people = Object.fromEntries(ids) as Stack['people'];
  await db.admin.query(`INSERT INTO countersign.vendor (tenant, vendor, name, baa_from, baa_until)
    VALUES ('clinic', 'model-vendor', 'Model vendor', current_date - 30, current_date + 300)`);
  for (const [agent, role] of [
    ['scheduling-agent', 'scheduling'],
    ['triage-agent', 'triage'],
    ['documentation-agent', 'documentation'],
  ])
    await db.admin.query(
      `INSERT INTO countersign.agent (tenant, agent, role, version, model, vendor, responsible_clinician, owner, review_due)
       VALUES ('clinic', $1, $2, '1.0.0', 'model-1', 'model-vendor', $3, $4, current_date + 90)`,
      [agent, role, people.chen, people.dora],
    );
  return people;
}

export async function fillRulebook(db: TestDatabase, issuer: TestIssuer, warrantKey: object): Promise<void> {
  const rulebook = loadRulebook(readPolicyFolder('policies'), {
    issuers: [
      { issuer: issuer.url, audiences: [issuer.audience], clients: [issuer.voteClient], jwksUri: `${issuer.url}/jwks` },
    ],
    warrantIssuers: [{ iss: warrantIssuerName(clinic), jwks: { keys: [warrantKey] } }],
    logs: [formatVerifier(logSigner)],
    rpIds: ['localhost'],
  });
  await inTenant(db.admin, clinic, async (tx) => {
    await storeRulebook(tx, rulebook);
    await activateRulebook(tx, rulebook.digest);
  });
}
