import { factorsOf, rolesOf } from '../approval/quorum.js';
import { insertDelivery } from '../approval/vote.store.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { lockAction } from './action.store.js';
import type { GovernanceDeps } from './deps.js';
import { Refusal } from './refusal.js';
import { reopenAction } from './revision.store.js';
import type { Admission } from './types.js';

/**
 * After the EHR took nothing because the record had moved on: the action is prepared once more, from what is there now, and
 * whoever is asked will be told that it changed. The votes so far were for other bytes and are for nothing.
 *
 * @throws Refusal `action.not_authorised` when the last use of the warrant does not say so.
 */
export async function reopen({ pool }: GovernanceDeps, { tenant, action }: Admission): Promise<void> {
  await inTenant(pool, tenant, async (tx) => {
    const row = await lockAction(tx, action);
    if (row?.status === 'preparing') return; // an earlier run of this step
    if (!row || !(await reopenAction(tx, action)))
      throw new Refusal('action.not_authorised', 'The EHR did not refuse this write, so it is not prepared again.');
    const roles = factorsOf(row.needs ?? { status: 'nobody' }).flatMap(rolesOf);
    await insertDelivery(tx, { action, revision: row.revision, kind: 'changed', roles });
    await appendLeaf(tx, {
      kind: 'action.reopened',
      action,
      key: `reopen/${row.revision}`,
      data: { revision: row.revision, code: 'write.conflict' },
    });
  });
}
