/** The API's parts, wired from the environment. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { actionIdOf } from '../action/admit.tx.js';
import { challenge, tenant as tenantId } from '../action/ids.js';
import type { Environment } from '../config/environment.js';
import { createLog } from '../config/log.js';
import { forgetDestroyed } from '../database/forget-destroyed.js';
import { openPool } from '../database/pool.js';
import { assertSchema } from '../database/schema.store.js';
import { inTenant } from '../database/transaction.js';
import { tokenVerifiers } from '../identity/tokens.gateway.js';
import { nodeAead } from '../keys/aead.node.js';
import { KeyCache } from '../keys/key-cache.js';
import { Keychain } from '../keys/keychain.store.js';
import { openKeyring } from '../keys/open-keyring.node.js';
import { passkeySchema, vouchingSchema } from '../passkey/ids.js';
import { findGoverning } from '../rulebook/governing.store.js';
import { rulebookReader } from '../rulebook/rulebook.store.js';
import { historyCodec } from '../temporal/history-codec.js';
import { temporalConnection } from '../temporal/connection.js';
import { governedActions } from '../temporal/governed-actions.js';
import { passkeyWorkflows } from '../temporal/passkey-workflows.js';
import { rulebookChanges } from '../temporal/rulebook-changes.js';
import { apiApp } from './app.js';
import { listen } from './listen.js';
import { actionWaits } from './waits.js';

export interface RunningApi {
  readonly url: string;
  /** Lets running calls end, then closes every connection. */
  stop(): Promise<void>;
}

/** @throws Error for an older schema, a missing rulebook or keyring, or a Temporal frontend that does not answer. */
export async function startApi(env: Environment<'api'>): Promise<RunningApi> {
  const log = createLog('api', env.COUNTERSIGN_LOG_LEVEL);
  const tenant = tenantId(env.COUNTERSIGN_TENANT);
  const pool = openPool(env.COUNTERSIGN_DATABASE_URL, { process: 'api', log });
  await assertSchema(pool);
  const rulebook = rulebookReader();
  const { trustRoots } = (await inTenant(pool, tenant, (tx) => findGoverning(tx, rulebook))).lastGood;
  if (!trustRoots.issuers.some(({ audiences }) => audiences.includes(env.COUNTERSIGN_API_URL)))
    log.warn('the rulebook accepts no token for COUNTERSIGN_API_URL: most calls will be refused as token.audience');
  const keychain = new Keychain({
    keyring: openKeyring(env, ['wrap', 'unwrap']),
    aead: nodeAead,
    cache: new KeyCache({ clock: () => performance.now() }),
  });
  const listener = forgetDestroyed({ connectionString: env.COUNTERSIGN_DATABASE_URL, tenant, keychain, log });
  const { dataConverter } = await historyCodec({ pool, keychain, aead: nodeAead, tenant, mayCreate: true });
  const connection = await Connection.connect(temporalConnection(env));
  const client = new Client({ connection, namespace: env.COUNTERSIGN_TEMPORAL_NAMESPACE, dataConverter });
  const waits = actionWaits({ pool, tenant, log });
  const app = apiApp({
    tenant,
    url: env.COUNTERSIGN_API_URL,
    pool,
    keychain,
    rulebook,
    verifier: tokenVerifiers(),
    actions: governedActions(client),
    passkeys: passkeyWorkflows(client),
    rulebooks: rulebookChanges(client),
    waits,
    newActionId: () => actionIdOf(nodeAead.random(26)),
    newChallengeId: () => challenge(randomUUID()),
    newEnrolmentId: () => passkeySchema.parse(randomUUID()),
    newVouchingId: () => vouchingSchema.parse(randomUUID()),
    log,
  });
  const server = await listen(app, { host: env.COUNTERSIGN_API_HOST, port: env.COUNTERSIGN_API_PORT });
  const host = env.COUNTERSIGN_API_HOST.includes(':') ? `[${env.COUNTERSIGN_API_HOST}]` : env.COUNTERSIGN_API_HOST;
  return {
    url: `http://${host}:${server.port}`,
    async stop() {
      waits.stop();
      await server.close();
      await connection.close();
      await listener.stop();
      await pool.end();
    },
  };
}
