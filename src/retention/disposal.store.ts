import type { PoolClient } from 'pg';
import { z } from 'zod';
import { actionSchema, type ActionId } from '../action/ids.js';

const dueRow = z.object({ action: actionSchema, class: z.string(), date: z.iso.date() });
export type DueAction = Readonly<z.infer<typeof dueRow>>;

/**
 * Locks up to `limit` actions whose date is `asOf` or earlier, that are concluded, under no hold, and not disposed of.
 * Setting a hold locks the same row, so the lock decides which of the two came first.
 */
export async function lockDue(tx: PoolClient, asOf: string, limit: number): Promise<DueAction[]> {
  const found = await tx.query(
    `SELECT action, retention_class AS class, retention_date::text AS date
       FROM countersign.action a
      WHERE retention_date <= $1::date AND concluded_at IS NOT NULL
        AND NOT EXISTS (SELECT FROM countersign.disposal d WHERE d.tenant = a.tenant AND d.action = a.action)
        AND NOT EXISTS (SELECT FROM countersign.hold h
                         WHERE h.tenant = a.tenant AND h.action = a.action AND h.lifted_at IS NULL)
      ORDER BY action LIMIT $2 FOR UPDATE OF a SKIP LOCKED`,
    [asOf, limit],
  );
  return found.rows.map((row) => dueRow.parse(row));
}

export async function insertDisposal(tx: PoolClient, action: ActionId, asOf: string): Promise<void> {
  await tx.query(
    'INSERT INTO countersign.disposal (tenant, action, as_of) VALUES (countersign.current_tenant(), $1, $2)',
    [action, asOf],
  );
}

const dayRow = z.object({
  date: z.iso.date(),
  class: z.string(),
  records: z.int(),
  held: z.int(),
  disposed: z.int(),
});
export type RetentionDay = Readonly<z.infer<typeof dayRow>>;

/** Records by disposal date and class, soonest first. */
export async function retentionDays(tx: PoolClient): Promise<RetentionDay[]> {
  const found = await tx.query(
    `SELECT retention_date::text AS date, retention_class AS class, count(*)::int AS records,
            count(*) FILTER (WHERE EXISTS (SELECT FROM countersign.hold h
              WHERE h.tenant = a.tenant AND h.action = a.action AND h.lifted_at IS NULL))::int AS held,
            count(*) FILTER (WHERE EXISTS (SELECT FROM countersign.disposal d
              WHERE d.tenant = a.tenant AND d.action = a.action))::int AS disposed
       FROM countersign.action a WHERE retention_date IS NOT NULL
      GROUP BY retention_date, retention_class ORDER BY retention_date, retention_class`,
  );
  return found.rows.map((row) => dayRow.parse(row));
}

/** Dates on which something is still to be disposed of. Held records keep their date open. */
export async function openDates(tx: PoolClient): Promise<string[]> {
  return [...new Set((await retentionDays(tx)).filter((day) => day.disposed < day.records).map(({ date }) => date))];
}
