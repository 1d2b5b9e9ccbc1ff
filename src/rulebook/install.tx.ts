import type { Pool } from 'pg';
import type { TenantId } from '../action/ids.js';
import { appendLeaf } from '../audit/append.store.js';
import { actAsOwner, inTenant } from '../database/transaction.js';
import type { Rulebook } from './rulebook.js';
import { activateRulebook, storeRulebook } from './rulebook.store.js';

/**
 * Stores a rulebook and makes it the tenant's active one, with its leaf, in one transaction. False when it was already.
 * Actions that are open keep the one that they pinned.
 *
 * @param pool a login that may migrate.
 */
export async function installRulebook(pool: Pool, tenant: TenantId, rulebook: Rulebook): Promise<boolean> {
  return inTenant(pool, tenant, async (tx) => {
    await actAsOwner(tx);
    await storeRulebook(tx, rulebook);
    const ordinal = await activateRulebook(tx, rulebook.digest);
    if (ordinal === undefined) return false;
    await appendLeaf(tx, {
      kind: 'rulebook.activated',
      key: String(ordinal),
      data: { rulebook: rulebook.digest },
    });
    return true;
  });
}
