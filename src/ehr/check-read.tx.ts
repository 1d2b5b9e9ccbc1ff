import type { TenantId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { inTenant } from '../database/transaction.js';
import { checkUse, type UseKey } from '../warrant/use.store.js';
import type { EhrDeps } from './deps.js';

/**
 * Asked before every request to the EHR: revocation and expiry bite between two pages of one answer.
 *
 * @throws Refusal `warrant.*`.
 */
export async function checkRead(deps: EhrDeps, tenant: TenantId, use: UseKey, attempt: number): Promise<void> {
  const refused = await inTenant(deps.pool, tenant, (tx) => checkUse(tx, use, attempt));
  if (refused !== undefined) throw new Refusal(refused, 'The warrant no longer holds.');
}
