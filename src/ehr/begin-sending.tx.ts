import type { TenantId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { inTenant } from '../database/transaction.js';
import type { UseKey } from '../warrant/use.store.js';
import { markSending } from '../warrant/write-use.store.js';
import type { EhrDeps } from './deps.js';

/**
 * The database's last word before the EHR is told to write: milliseconds that are left of the lease.
 *
 * @throws Refusal `warrant.*`, `log.*`; then nothing may be sent.
 */
export async function beginSending(deps: EhrDeps, tenant: TenantId, use: UseKey, attempt: number): Promise<number> {
  const sending = await inTenant(deps.pool, tenant, (tx) => markSending(tx, use, attempt));
  if (sending.status === 'refused') throw new Refusal(sending.code, 'Nothing may be written under this warrant now.');
  return sending.leaseMs;
}
