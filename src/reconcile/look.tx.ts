import type { Pool } from 'pg';
import { lockAction } from '../action/action.store.js';
import type { GovernanceDeps } from '../action/deps.js';
import type { ActionId, TenantId } from '../action/ids.js';
import { warrantRecheck } from '../action/system-warrants.tx.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { markVersionsChecked } from '../ehr/recorded-write.store.js';
import { findDek } from '../keys/key.store.js';
import { claimDueLooks, looksAtOnce, looksTaken } from './look.store.js';
import { startOrderOf } from './start-order.store.js';
import type { Look } from './types.js';

/** Looks that are taken at one write; the pauses between them double, so that the last comes after a day and a half. */
const mostLooks = 10;

/** `more`: others may be due as well. */
export async function claimLooks(pool: Pool, tenant: TenantId) {
  const actions = await inTenant(pool, tenant, claimDueLooks);
  return { actions, more: actions.length === looksAtOnce };
}

/**
 * A warrant to look at what the EHR holds of this action's write. Undefined where there is nothing to look at any more:
 * it is known, its keys are destroyed, or the EHR said nothing for so long that the log says so and nobody asks again.
 */
export async function openLook(deps: GovernanceDeps, tenant: TenantId, action: ActionId): Promise<Look | undefined> {
  return inTenant(deps.pool, tenant, async (tx) => {
    const row = await lockAction(tx, action);
    const taken = row && (await looksTaken(tx, action));
    if (!row || !taken) return undefined;
    const last = taken.at(-1);
    const keyed = (await findDek(tx, action, 'content')) !== undefined;
    if (keyed && taken.length < mostLooks) {
      const warrant = await warrantRecheck(tx, deps, tenant, { row, look: taken.length + 1 });
      if (warrant) return { admission: (await startOrderOf(tx, tenant, row)).admission, warrant };
    }
    await markVersionsChecked(tx, action);
    if (keyed && last !== undefined)
      await appendLeaf(tx, {
        kind: 'version.checked',
        action,
        key: 'recheck',
        data: { warrant: last, finding: 'not_said', version: null },
      });
    return undefined;
  });
}
