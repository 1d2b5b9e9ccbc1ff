import type { Pool, PoolClient } from 'pg';
import type { TenantId } from '../action/ids.js';

/**
 * Runs `work` in one transaction that sees this tenant's rows only (row-level security reads `countersign.tenant`).
 * Commits when it returns, rolls back when it throws, and hands the error on.
 */
export async function inTenant<T>(pool: Pool, tenant: TenantId, work: (tx: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // A server that dies fails the statement, and tells this too; heard by nobody, it would end the whole process.
  const onError = (error: Error): void => void (broken = error);
  client.on('error', onError);
  try {
    await client.query('BEGIN');
    await client.query(`SELECT set_config('countersign.tenant', $1, true)`, [tenant]);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((failure: Error) => (broken = failure));
    throw error;
  } finally {
    client.release(broken);
    client.off('error', onError); // the pool listens again by now
  }
}

/**
 * From here on the transaction has the owner's rights, which only a login that may migrate can take, and is bound by
 * row-level security as everybody is.
 */
export async function actAsOwner(tx: PoolClient): Promise<void> {
  await tx.query('SET LOCAL ROLE countersign_owner');
}
