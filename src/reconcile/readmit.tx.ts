import type { Pool } from 'pg';
import { lockAction, markStarted } from '../action/action.store.js';
import type { ActionId, TenantId } from '../action/ids.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { startOrderOf } from './start-order.store.js';
import type { StartOrder } from './types.js';

/**
 * Puts on the log that this action is started by the reconciler, because the API that opened it died. Undefined when
 * somebody else has started it meanwhile.
 */
export async function readmit(pool: Pool, tenant: TenantId, action: ActionId): Promise<StartOrder | undefined> {
  return inTenant(pool, tenant, async (tx) => {
    const row = await lockAction(tx, action);
    if (row?.status !== 'requested' || row.startedAt !== null) return undefined;
    const order = await startOrderOf(tx, tenant, row);
    await appendLeaf(tx, { kind: 'action.readmitted', action, key: 'readmit', data: { agent: row.agent } });
    return order;
  });
}

/** Temporal has it: from here on its absence is a loss. */
export async function noteStarted(pool: Pool, tenant: TenantId, action: ActionId): Promise<void> {
  await inTenant(pool, tenant, (tx) => markStarted(tx, action));
}
