import type { Pool } from 'pg';
import type { DataConverter, PayloadCodec } from '@temporalio/common';
import { tenantSchema, type ActionId, type TenantId } from '../action/ids.js';
import { isDecisionEnvelope } from '../approval/envelope.js';
import { inTenant } from '../database/transaction.js';
import type { Aead } from '../keys/aead.js';
import type { Keychain } from '../keys/keychain.store.js';
import { payloadCodec } from './payload-codec.js';
import { failureConverterPath } from './failure-converter-path.js';

export interface HistoryCodec {
  readonly codec: PayloadCodec;
  readonly dataConverter: DataConverter;
  /** Brings an action's history key into the cache before an effect. */
  readonly pin: (action: ActionId) => Promise<void>;
}

export interface HistoryCodecDeps {
  readonly pool: Pool;
  readonly keychain: Keychain;
  readonly aead: Aead;
  readonly tenant: TenantId;
  /** Whether this process may make the tenant's system key at its first start. */
  readonly mayCreate: boolean;
}

/**
 * The data converter of clients and workers alike. The system key is loaded now, so that encoding can never lack one.
 * All processes of a new installation start at once: one that may not make the key waits a minute for one that may.
 *
 * @throws Error when there is none then.
 */
export async function historyCodec({
  pool,
  keychain,
  aead,
  tenant,
  mayCreate,
}: HistoryCodecDeps): Promise<HistoryCodec> {
  const of = tenantSchema.parse(tenant);
  const find = () => inTenant(pool, of, (tx) => keychain.tenantKey(tx, of, 'system', { create: mayCreate }));
  const system = await foundWithin(60_000, find);
  if (!system) throw new Error('the tenant has no system key yet: start the API or the governance worker first');
  const history = (action: ActionId) => inTenant(pool, of, (tx) => keychain.dek(tx, of, action, 'history'));
  const codec = payloadCodec({ tenant: of, keys: { history, system }, aead, mayBePlain: isDecisionEnvelope });
  return {
    codec,
    dataConverter: { payloadCodecs: [codec], failureConverterPath },
    pin: async (action) => void (await history(action)),
  };
}

async function foundWithin<T>(ms: number, find: () => Promise<T | undefined>): Promise<T | undefined> {
  for (const until = Date.now() + ms; ;) {
    const found = await find();
    if (found !== undefined || Date.now() > until) return found;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
