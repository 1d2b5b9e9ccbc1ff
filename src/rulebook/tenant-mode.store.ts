import type { PoolClient } from 'pg';
import { z } from 'zod';

/**
 * Whether this tenant's log is one of development: its origin begins with `dev.`, which every verifier sees. There one
 * person may change the rules, and the rules may name sandboxes; everywhere else neither. The database asks the same.
 */
export async function isDevelopmentTenant(tx: PoolClient): Promise<boolean> {
  const found = await tx.query(
    `SELECT log_origin LIKE 'dev.%' AS development FROM countersign.tenant WHERE tenant = countersign.current_tenant()`,
  );
  return found.rows.map((row) => z.object({ development: z.boolean() }).parse(row).development)[0] ?? false;
}
