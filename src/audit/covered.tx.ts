import type { Pool } from 'pg';
import type { TenantId } from '../action/ids.js';
import { inTenant } from '../database/transaction.js';
import { covers } from './covering.js';
import { checkpointCovering } from './leaf.store.js';
import { logOrigin } from '../signer/checkpoint.store.js';

export interface CoveredCase {
  readonly tenant: TenantId;
  /** Index of the leaf. */
  readonly leaf: number;
  /** Verifier keys that the pinned rulebook trusts. */
  readonly keys: readonly string[];
}

/** Whether the newest checkpoint covers this leaf and was signed by the tenant's log key. */
export async function isCovered(
  { pool }: { readonly pool: Pool },
  { tenant, leaf, keys }: CoveredCase,
): Promise<boolean> {
  return inTenant(pool, tenant, async (tx) => {
    const origin = await logOrigin(tx);
    const checkpoint = await checkpointCovering(tx, leaf + 1);
    return origin !== undefined && checkpoint !== undefined && covers(checkpoint.note, leaf, { origin, keys });
  });
}
