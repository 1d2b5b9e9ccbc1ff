import type { Pool } from 'pg';
import { lockAction } from '../action/action.store.js';
import type { Admission } from '../action/types.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { factorsOf, rolesOf } from './quorum.js';
import { insertDelivery } from './vote.store.js';

/** Notes that the roles of the quorum are to be reminded, once, with a leaf; nothing for an action that ended. */
export async function remind({ pool }: { readonly pool: Pool }, { tenant, action }: Admission): Promise<void> {
  await inTenant(pool, tenant, async (tx) => {
    const row = await lockAction(tx, action);
    if (row?.status !== 'awaiting_approval' || row.needs?.status !== 'quorum') return;
    const roles = factorsOf(row.needs).flatMap(rolesOf);
    await insertDelivery(tx, { action, revision: row.revision, kind: 'reminder', roles });
    await appendLeaf(tx, { kind: 'approval.reminded', action, key: 'reminder', data: { roles } });
  });
}
