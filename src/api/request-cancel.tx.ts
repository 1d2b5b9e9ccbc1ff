import type { Pool } from 'pg';
import { findAction, markCancelRequested } from '../action/action.store.js';
import type { ActionId, AgentId, PersonId, TenantId } from '../action/ids.js';
import { isFinal } from '../action/types.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';

export interface CancelCase {
  readonly tenant: TenantId;
  readonly action: ActionId;
  /** One of the two. */
  readonly agent: AgentId | null;
  readonly person: PersonId | null;
}

/**
 * Notes who asks for an end, before the workflow is told. False when the action has ended already: then nothing is
 * noted. Asking twice leaves one leaf.
 */
export async function requestCancel(pool: Pool, { tenant, action, agent, person }: CancelCase): Promise<boolean> {
  return inTenant(pool, tenant, async (tx) => {
    const row = await findAction(tx, action);
    if (!row || isFinal(row.status)) return false;
    await markCancelRequested(tx, action);
    await appendLeaf(tx, {
      kind: 'action.cancel_requested',
      action,
      key: `cancel/${agent ?? person ?? 'nobody'}`,
      data: { agent, person },
    });
    return true;
  });
}
