/** What there is to hold against Temporal, in batches, oldest first. */
import type { PoolClient } from 'pg';
import { z } from 'zod';
import { actionSchema, type ActionId } from '../action/ids.js';
import { statusSchema } from '../action/types.js';

/** Of every batch. */
export const batchSize = 100;

const openRow = z.object({ action: actionSchema, status: statusSchema, started: z.boolean(), overdue: z.boolean() });
export type OpenRow = Readonly<z.infer<typeof openRow>>;

/**
 * Actions that have no final state. Those of the last ten seconds are left alone: their start is on its way. After thirty
 * no API can be at it any more.
 */
export async function openActions(tx: PoolClient, after: ActionId | undefined): Promise<OpenRow[]> {
  const found = await tx.query(
    `SELECT action, status, started_at IS NOT NULL AS started,
            created_at < clock_timestamp() - interval '30 seconds' AS overdue
       FROM countersign.action
      WHERE concluded_at IS NULL AND created_at < clock_timestamp() - interval '10 seconds'
        AND ($1::text IS NULL OR (created_at, action) >
             (SELECT a.created_at, a.action FROM countersign.action a WHERE a.action = $1))
      ORDER BY created_at, action LIMIT $2`,
    [after ?? null, batchSize],
  );
  return found.rows.map((row) => openRow.parse(row));
}

const concludedRow = z.object({ action: actionSchema, concludedFor: z.number() });
export type ConcludedRow = Readonly<z.infer<typeof concludedRow>>;

/** Actions that ended five seconds ago or earlier and whose history is not on the log. `concludedFor` is in milliseconds. */
export async function withoutHistory(tx: PoolClient, after: ActionId | undefined): Promise<ConcludedRow[]> {
  const found = await tx.query(
    `SELECT action, extract(epoch FROM clock_timestamp() - concluded_at)::float8 * 1000 AS "concludedFor"
       FROM countersign.action
      WHERE concluded_at < clock_timestamp() - interval '5 seconds' AND NOT history_logged
        AND ($1::text IS NULL OR (concluded_at, action) >
             (SELECT a.concluded_at, a.action FROM countersign.action a WHERE a.action = $1))
      ORDER BY concluded_at, action LIMIT $2`,
    [after ?? null, batchSize],
  );
  return found.rows.map((row) => concludedRow.parse(row));
}

export async function markHistoryLogged(tx: PoolClient, action: ActionId): Promise<void> {
  await tx.query('UPDATE countersign.action SET history_logged = true WHERE action = $1 AND concluded_at IS NOT NULL', [
    action,
  ]);
}

const keyRow = z.object({ key: z.string() });

/** Which of these runs have the digest of their history on the log. */
export async function loggedRuns(tx: PoolClient, runs: readonly string[]): Promise<ReadonlySet<string>> {
  const found = await tx.query(
    `SELECT key FROM countersign.audit_leaf
      WHERE tenant = countersign.current_tenant() AND kind = 'history.closed' AND key = ANY($1)`,
    [runs],
  );
  return new Set(found.rows.map((row) => keyRow.parse(row).key));
}

const actionOnly = z.object({ action: actionSchema });

/** Those of them that are actions of this tenant: a namespace may be shared. */
export async function ownActions(tx: PoolClient, actions: readonly ActionId[]): Promise<ReadonlySet<ActionId>> {
  const found = await tx.query('SELECT action FROM countersign.action WHERE action = ANY($1)', [actions]);
  return new Set(found.rows.map((row) => actionOnly.parse(row).action));
}
