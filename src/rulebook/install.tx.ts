import type { Pool } from 'pg';
import type { TenantId } from '../action/ids.js';
import { appendLeaf } from '../audit/append.store.js';
import { actAsOwner, inTenant } from '../database/transaction.js';
import type { Rulebook } from './rulebook.js';
import { activateRulebook, findActive, storeRulebook } from './rulebook.store.js';
import { isDevelopmentTenant } from './tenant-mode.store.js';

/** `needs_signatures`: another one governs already, and nothing was changed. */
export type Installed = 'activated' | 'was_active' | 'needs_signatures';

/**
 * Stores a rulebook and makes it the tenant's active one, with its leaf, in one transaction. Actions that are open keep the
 * one that they pinned.
 *
 * That is right for the first rulebook of an installation, and in development. Every other one is proposed, and two people
 * sign it; the database says so too.
 *
 * @param pool a login that may migrate.
 */
export async function installRulebook(
  pool: Pool,
  tenant: TenantId,
  rulebook: Rulebook,
  { production }: { readonly production: boolean },
): Promise<Installed> {
  return inTenant(pool, tenant, async (tx) => {
    await actAsOwner(tx);
    const previous = await findActive(tx);
    if (previous === rulebook.digest) return 'was_active';
    if (previous !== undefined && (production || !(await isDevelopmentTenant(tx)))) return 'needs_signatures';
    await storeRulebook(tx, rulebook);
    const ordinal = await activateRulebook(tx, rulebook.digest);
    if (ordinal === undefined) return 'was_active';
    await appendLeaf(tx, {
      kind: 'rulebook.activated',
      key: String(ordinal),
      data: {
        rulebook: rulebook.digest,
        previous: previous ?? null,
        way: previous === undefined ? 'bootstrap' : 'development',
        proposal: null,
        signatures: [],
      },
    });
    return 'activated';
  });
}
