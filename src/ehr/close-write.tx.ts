import { Refusal } from '../action/refusal.js';
import type { Admission, Written } from '../action/types.js';
import { inTenant } from '../database/transaction.js';
import { closeWriteUse } from '../warrant/write-use.store.js';
import type { CarriedOut, WriteOrder } from './carry-out-write.js';
import type { EhrDeps } from './deps.js';
import type { OpenWrite } from './open-write.tx.js';
import { sealWritten } from './sealed-result.store.js';

/**
 * Ends the attempt with what is known of it. What was written is sealed as the result in the same transaction.
 *
 * @throws what kept the attempt from its end; Refusal `warrant.superseded` when a later attempt took over, whose word
 *   counts then.
 */
export async function closeWrite(
  deps: EhrDeps,
  { tenant }: Admission,
  { use, attempt, order }: Pick<OpenWrite, 'use' | 'attempt' | 'order'>,
  { end, bytes }: CarriedOut,
): Promise<Written> {
  const refused = await inTenant(deps.pool, tenant, async (tx) => {
    if (end.status !== 'done') return closeWriteUse(tx, use, attempt, { end: { status: end.status }, bytes });
    const written = await sealWritten(tx, deps.keychain, tenant, resultOf(order, end.version));
    const code = await closeWriteUse(tx, use, attempt, { end: { status: 'done', ...written }, bytes });
    if (code !== undefined) throw new Refusal(code, 'A later attempt took over.'); // nothing of this one stays sealed
    return undefined;
  });
  switch (end.status) {
    case 'done':
      return { status: 'performed', records: 1, truncated: false };
    case 'conflict':
      if (refused !== undefined) throw new Refusal(refused, 'A later attempt took over.');
      return { status: 'conflict' };
    default:
      throw end.error;
  }
}

function resultOf({ action, target, subject }: WriteOrder, version: string) {
  return { action, target, patient: subject.patient.reference, version };
}
