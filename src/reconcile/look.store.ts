/** Whose writes the EHR is to be asked about once more, and how often it was. */
import type { PoolClient } from 'pg';
import { z } from 'zod';
import { actionSchema, warrantSchema, type ActionId, type WarrantId } from '../action/ids.js';

/** Looks that one run of the pass takes at once. */
export const looksAtOnce = 20;

const claimedRow = z.object({ action: actionSchema });

/**
 * Actions that ended a minute ago or earlier and whose look is due, the longest due first. They are not due again for two
 * minutes, which is longer than a look can last, and for twice as long after each look that was taken.
 */
export async function claimDueLooks(tx: PoolClient): Promise<{ readonly action: ActionId }[]> {
  const claimed = await tx.query(
    `UPDATE countersign.action a
        SET versions_due = clock_timestamp() + interval '2 minutes' * power(2,
              (SELECT count(*) FROM countersign.warrant w WHERE w.action = a.action AND w.step ~ '^recheck_'))
      WHERE a.action IN (
              SELECT d.action FROM countersign.action d
               WHERE d.versions_due <= clock_timestamp() AND d.concluded_at <= clock_timestamp() - interval '1 minute'
               ORDER BY d.versions_due LIMIT $1 FOR UPDATE SKIP LOCKED)
      RETURNING a.action`,
    [looksAtOnce],
  );
  return claimed.rows.map((row) => claimedRow.parse(row));
}

const takenRow = z.object({ jti: warrantSchema });

/** The warrants of the looks so far, oldest first; undefined when no look is due any more. */
export async function looksTaken(tx: PoolClient, action: ActionId): Promise<readonly WarrantId[] | undefined> {
  const due = await tx.query(
    'SELECT FROM countersign.action WHERE action = $1 AND versions_due IS NOT NULL AND concluded_at IS NOT NULL',
    [action],
  );
  if (due.rowCount === 0) return undefined;
  const taken = await tx.query(
    `SELECT jti FROM countersign.warrant WHERE action = $1 AND step ~ '^recheck_' ORDER BY issued_at`,
    [action],
  );
  return taken.rows.map((row) => takenRow.parse(row).jti);
}
