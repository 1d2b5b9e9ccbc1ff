import type { TestDatabase } from './database.js';

/** While `work` runs the signer can publish no checkpoint: for what may not be told before one is there. */
export async function unsigned<T>({ admin }: Pick<TestDatabase, 'admin'>, work: () => Promise<T>): Promise<T> {
  const holder = await admin.connect();
  try {
    await holder.query('BEGIN; LOCK TABLE countersign.audit_checkpoint IN SHARE MODE'); // readers pass, writers wait
    return await work();
  } finally {
    await holder.query('ROLLBACK');
    holder.release();
  }
}
