/** The codec server's parts, wired from the environment. */
import { tenant as tenantId } from '../action/ids.js';
import type { Environment } from '../config/environment.js';
import { createLog } from '../config/log.js';
import { forgetDestroyed } from '../database/forget-destroyed.js';
import { openPool } from '../database/pool.js';
import { assertSchema } from '../database/schema.store.js';
import { nodeAead } from '../keys/aead.node.js';
import { KeyCache } from '../keys/key-cache.js';
import { Keychain } from '../keys/keychain.store.js';
import { openKeyring } from '../keys/open-keyring.node.js';
import { addressesOf, type Addresses } from './addresses.js';
import { startCodecServer } from './server.js';

export interface RunningCodec {
  readonly addresses: Addresses;
  stop(): Promise<void>;
}

/** @throws Error for addresses that do not fit, an older schema, a missing keyring, or a port that is taken. */
export async function startCodec(env: Environment<'codec'>): Promise<RunningCodec> {
  if (env.COUNTERSIGN_MODE === 'production' && !env.COUNTERSIGN_ISSUER.startsWith('https:'))
    throw new Error('Production needs an issuer over https: correct COUNTERSIGN_ISSUER.');
  const addresses = addressesOf({
    codec: env.COUNTERSIGN_CODEC_URL,
    ui: env.COUNTERSIGN_UI_PROXY_URL,
    uiPort: env.COUNTERSIGN_UI_PROXY_PORT,
  });
  const log = createLog('codec-server', env.COUNTERSIGN_LOG_LEVEL);
  const tenant = tenantId(env.COUNTERSIGN_TENANT);
  const keychain = new Keychain({
    keyring: openKeyring(env, ['unwrap']),
    aead: nodeAead,
    cache: new KeyCache({ clock: () => performance.now() }),
  });
  const pool = openPool(env.COUNTERSIGN_DATABASE_URL, { process: 'codec-server', log });
  await assertSchema(pool);
  const server = await startCodecServer({
    tenant,
    pool,
    keychain,
    aead: nodeAead,
    log,
    addresses,
    host: env.COUNTERSIGN_CODEC_HOST,
    ports: { codec: env.COUNTERSIGN_CODEC_PORT, ui: env.COUNTERSIGN_UI_PROXY_PORT },
    upstream: new URL(env.COUNTERSIGN_UI_URL),
    signIn: {
      issuer: env.COUNTERSIGN_ISSUER,
      clientId: env.COUNTERSIGN_CODEC_CLIENT_ID,
      resource: env.COUNTERSIGN_API_URL,
    },
  });
  const listener = forgetDestroyed({ connectionString: env.COUNTERSIGN_DATABASE_URL, tenant, keychain, log });
  return {
    addresses,
    async stop() {
      await server.close();
      await listener.stop();
      await pool.end();
    },
  };
}
