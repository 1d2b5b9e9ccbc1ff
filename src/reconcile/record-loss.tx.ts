import type { Pool } from 'pg';
import { lockAction } from '../action/action.store.js';
import type { ActionId, TenantId } from '../action/ids.js';
import { isFinal } from '../action/types.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { revokeWarrants } from '../warrant/warrant.store.js';
import type { Finding } from './finding.js';
import { startOrderOf } from './start-order.store.js';
import type { StartOrder } from './types.js';

export interface Loss {
  readonly tenant: TenantId;
  readonly action: ActionId;
  readonly finding: Finding;
  /** The run that was found so; none is left of one that was deleted. */
  readonly run: string | undefined;
}

/**
 * Puts on the log that nothing carries this action on. First its warrants are revoked: an activity of the dead workflow
 * may still be under way, and must not do anything from here on. Those of an unknown outcome are closed already, and the
 * questions to the EHR that go on need theirs.
 *
 * Undefined when the action has ended meanwhile: its workflow concluded it after all.
 */
export async function recordLoss(pool: Pool, { tenant, action, finding, run }: Loss): Promise<StartOrder | undefined> {
  return inTenant(pool, tenant, async (tx) => {
    const row = await lockAction(tx, action);
    if (!row || isFinal(row.status)) return undefined;
    const order = await startOrderOf(tx, tenant, row);
    const revoked = row.status === 'outcome_unknown' ? [] : await revokeWarrants(tx, { action }, 'reconciled');
    for (const { jti } of revoked)
      await appendLeaf(tx, { kind: 'warrant.revoked', action, key: jti, data: { warrant: jti, code: 'reconciled' } });
    const key = run === undefined ? finding : `${finding}/${run}`;
    await appendLeaf(tx, { kind: 'action.reconciled', action, key, data: { finding } });
    await appendLeaf(tx, { kind: 'security.event', action, key, data: { code: finding, agent: null } });
    return order;
  });
}
