import type { Pool } from 'pg';
import { z } from 'zod';
import { migrationFiles } from './migrate.js';

const appliedRow = z.object({ name: z.string() });

/**
 * Refuses a database whose schema is older than this build. A newer one is let through: migrations are forward only, and
 * during a rollout the old processes go on until they are replaced.
 *
 * @throws Error that says what to type, when the database was never migrated or lacks a migration of this build.
 */
export async function assertSchema(pool: Pool): Promise<void> {
  const exists = await pool.query(`SELECT to_regclass('public.countersign_migration') IS NOT NULL AS there`);
  const there = z.object({ there: z.boolean() }).parse(exists.rows[0]).there;
  if (!there) throw new Error('This database has no schema of ours yet: run `countersign migrate` first.');
  const found = await pool.query('SELECT name FROM public.countersign_migration');
  const applied = new Set(found.rows.map((row) => appliedRow.parse(row).name));
  const missing = migrationFiles().filter((name) => !applied.has(name));
  if (missing.length > 0)
    throw new Error(
      `The database schema is older than this build (${missing.join(', ')}): run \`countersign migrate\` first.`,
    );
}
