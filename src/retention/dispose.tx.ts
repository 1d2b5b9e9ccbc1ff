import type { Pool } from 'pg';
import type { TenantId } from '../action/ids.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import type { Keychain } from '../keys/keychain.store.js';
import { insertDisposal, lockDue } from './disposal.store.js';

export interface DisposeDeps {
  readonly pool: Pool;
  readonly keychain: Keychain;
}

/** One transaction holds the log's head for as long as this many certificates take. */
const batchSize = 50;

/**
 * Disposes of one batch of what is due as of a day (`yyyy-mm-dd`, the tenant's calendar): both data keys of each action
 * go, and its certificate is a leaf. Erasure is logical: final only once every key that wrapped them is gone as well.
 */
export async function disposeBatch(
  { pool, keychain }: DisposeDeps,
  { tenant, asOf }: { readonly tenant: TenantId; readonly asOf: string },
): Promise<{ readonly disposed: number; readonly more: boolean }> {
  return inTenant(pool, tenant, async (tx) => {
    const due = await lockDue(tx, asOf, batchSize);
    for (const { action, class: recordClass, date } of due) {
      const keys = await keychain.destroy(tx, tenant, action);
      await insertDisposal(tx, action, asOf);
      await appendLeaf(tx, {
        kind: 'retention.disposed',
        action,
        key: 'disposal',
        data: {
          class: recordClass,
          date,
          asOf,
          method: 'cryptographic_erase',
          erasure: 'logical',
          keys,
          outOfReach: ['agent', 'ehr'],
        },
      });
    }
    return { disposed: due.length, more: due.length === batchSize };
  });
}
