import type { Pool } from 'pg';
import type { AgentId, TenantId } from '../action/ids.js';
import { inTenant } from '../database/transaction.js';
import { findAgent } from '../directory/directory.store.js';

/**
 * Whether content may still go to this agent and to the vendor behind its model. A changed version or an overdue review
 * stops new actions, not the answer to an old one.
 */
export async function mayReceive(pool: Pool, tenant: TenantId, agent: AgentId): Promise<boolean> {
  const found = await inTenant(pool, tenant, (tx) => findAgent(tx, agent));
  return found !== undefined && !found.suspended && found.baaCurrent;
}
