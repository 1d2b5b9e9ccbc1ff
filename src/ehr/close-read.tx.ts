import { canonicalBytes } from '../action/canonical.js';
import { Refusal } from '../action/refusal.js';
import type { Admission, Performed } from '../action/types.js';
import { inTenant } from '../database/transaction.js';
import { closeUse, type UseKey } from '../warrant/use.store.js';
import type { EhrDeps } from './deps.js';
import type { JudgedRead } from './judge-read.js';

/**
 * Seals the result and ends the use, together or not at all. A withheld result is not kept.
 *
 * @throws Refusal `warrant.revoked`, `warrant.closed`, `warrant.superseded`: then nothing was sealed.
 */
export async function closeRead(
  deps: EhrDeps,
  { tenant, action }: Admission,
  { use, attempt }: { readonly use: UseKey; readonly attempt: number },
  { read, release, findings }: JudgedRead,
): Promise<Performed> {
  const { elements, records, bytes, truncated } = read;
  await inTenant(deps.pool, tenant, async (tx) => {
    if (release) await deps.keychain.seal(tx, tenant, action, 'result', canonicalBytes({ elements, truncated }));
    const status = release ? 'done' : 'withheld';
    const refused = await closeUse(tx, use, attempt, { status, records, bytes, findings, truncated });
    if (refused !== undefined) throw new Refusal(refused, 'The warrant no longer holds; nothing was kept.');
  });
  return release ? { status: 'performed', records, truncated } : { status: 'withheld', findings };
}
