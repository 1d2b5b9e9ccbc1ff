/** Decodes for one operator: leaves first, then payloads. */
import type { Pool } from 'pg';
import type { Payload, PayloadCodec } from '@temporalio/common';
import type { PersonId, TenantId } from '../action/ids.js';
import { isDecisionEnvelope } from '../approval/envelope.js';
import { inTenant } from '../database/transaction.js';
import type { Aead } from '../keys/aead.js';
import type { Keychain } from '../keys/keychain.store.js';
import { payloadCodec } from '../temporal/payload-codec.js';
import type { ViewLedger } from './view-ledger.js';
import { recordView } from './view.tx.js';

export interface DecoderDeps {
  readonly pool: Pool;
  /** Over a keyring that may unwrap and nothing else. */
  readonly keychain: Keychain;
  readonly aead: Aead;
  readonly tenant: TenantId;
  readonly ledger: ViewLedger;
}

export type Decoded =
  | { readonly status: 'decoded'; readonly payloads: readonly Payload[] }
  | { readonly status: 'not_operator' }
  /** The tenant has no system key yet, so nothing was ever encrypted. */
  | { readonly status: 'no_key' };

export type Decode = (operator: PersonId, payloads: readonly Payload[]) => Promise<Decoded>;

export function decoder({ pool, keychain, aead, tenant, ledger }: DecoderDeps): Decode {
  let ready: PayloadCodec | undefined;

  /** Made at first use: the API may make the tenant's system key after we have started. */
  async function codec(): Promise<PayloadCodec | undefined> {
    if (ready) return ready;
    const system = await inTenant(pool, tenant, (tx) => keychain.tenantKey(tx, tenant, 'system', { create: false }));
    if (!system) return undefined;
    return (ready = payloadCodec({
      tenant,
      keys: {
        system,
        history: (action) => inTenant(pool, tenant, (tx) => keychain.dek(tx, tenant, action, 'history')),
      },
      aead,
      mayBePlain: isDecisionEnvelope,
    }));
  }

  return async (operator, payloads) => {
    const view = await recordView({ pool, ledger }, { tenant, operator, payloads });
    if (view.status === 'not_operator') return view;
    for (const action of view.erased) keychain.forget(tenant, action);
    const opened = await (await codec())?.decode([...payloads]);
    return opened === undefined ? { status: 'no_key' } : { status: 'decoded', payloads: opened };
  };
}
