import type { PoolClient } from 'pg';
import { z } from 'zod';

/** The origin that the tenant's log goes by; undefined for no such tenant. */
export async function logOrigin(tx: PoolClient): Promise<string | undefined> {
  const found = await tx.query(
    'SELECT log_origin AS origin FROM countersign.tenant WHERE tenant = countersign.current_tenant()',
  );
  return found.rows.map((row) => z.object({ origin: z.string() }).parse(row).origin)[0];
}

/** Publishes a signed checkpoint. The same one again changes nothing; another one of that size is an error (23505). */
export async function publishCheckpoint(tx: PoolClient, size: number, note: string): Promise<void> {
  await tx.query('SELECT countersign.audit_publish($1, $2)', [size, note]);
}
