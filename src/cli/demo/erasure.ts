/** Shows what a disposal does to a history: opened with the stack's own keys, before and after. */
import { Buffer } from 'node:buffer';
import { tenant as tenantId, type ActionId } from '../../action/ids.js';
import { createLog } from '../../config/log.js';
import { openPool } from '../../database/pool.js';
import { inTenant } from '../../database/transaction.js';
import { isDecisionEnvelope } from '../../approval/envelope.js';
import { nodeAead } from '../../keys/aead.node.js';
import { KeyCache } from '../../keys/key-cache.js';
import { Keychain } from '../../keys/keychain.store.js';
import { openKeyring } from '../../keys/open-keyring.node.js';
import { payloadCodec } from '../../temporal/payload-codec.js';
import { loginUrl } from '../dev/process-environment.js';
import { ensureSecrets } from '../dev/secrets.js';
import { placesIn } from '../dev/state-folder.js';
import type { DevSummary } from '../dev/summary.js';
import type { RawHistory } from './raw-history.js';

/** The start's input as whoever holds every key of this stack can read it now: its JSON, or `{"$unreadable": …}`. */
export async function openedInput(dev: DevSummary, history: RawHistory): Promise<string> {
  const { passwords } = await ensureSecrets(dev.state);
  const pool = openPool(loginUrl(dev.urls.database, 'codec', passwords.codec), {
    process: 'demo',
    log: createLog('demo', 'error'),
    max: 2,
  });
  try {
    const tenant = tenantId(dev.tenant);
    const keyring = openKeyring(
      { COUNTERSIGN_KEYRING: `folder:${placesIn(dev.state).keyring}`, COUNTERSIGN_MODE: 'development' },
      ['unwrap'],
    );
    const cache = new KeyCache({ clock: () => performance.now() });
    const keychain = new Keychain({ keyring, aead: nodeAead, cache });
    const system = await inTenant(pool, tenant, (tx) => keychain.tenantKey(tx, tenant, 'system', { create: false }));
    if (!system) throw new Error('the stack has no system key');
    const historyKey = (action: ActionId) =>
      inTenant(pool, tenant, (tx) => keychain.dek(tx, tenant, action, 'history'));
    const keys = { system, history: historyKey };
    const codec = payloadCodec({ tenant, keys, aead: nodeAead, mayBePlain: isDecisionEnvelope });
    const [payload] = await codec.decode([...history.input]);
    return Buffer.from(payload?.data ?? []).toString();
  } finally {
    await pool.end();
  }
}
