import type { PoolClient } from 'pg';
import { commitmentsOf, type ActionRow } from '../action/action.store.js';
import { Refusal } from '../action/refusal.js';
import type { TenantId } from '../action/ids.js';
import type { StartOrder } from './types.js';

/** What the API started this action's workflow with, or would have: all of it is in the database. */
export async function startOrderOf(tx: PoolClient, tenant: TenantId, row: ActionRow): Promise<StartOrder> {
  const asked = await commitmentsOf(tx, row.action, 1);
  if (!asked) throw new Refusal('action.not_found', 'There is no such action.');
  const { action, type, agent, purpose, patient } = row;
  const admission = { tenant, action, requestCommitment: asked.requestCommitment, namesPatient: patient !== null };
  return { admission, type, agent, purpose };
}
