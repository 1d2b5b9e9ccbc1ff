/** What the record says of an action's write, once the action has ended. */
import type { PoolClient } from 'pg';
import { z } from 'zod';
import { findAction } from '../action/action.store.js';
import { actionSchema, type ActionId } from '../action/ids.js';
import { isFinal } from '../action/types.js';
import { fhirId } from './meta.js';
import type { RecordedWrite } from './judge-versions.js';

const sentRow = z.object({ base: fhirId, done: z.boolean(), version: fhirId.nullable() });

/** Undefined for an action that has not ended, that sent nothing, or of whose write all is known that can be known. */
export async function recordedWrite(
  tx: PoolClient,
  action: ActionId,
): Promise<Omit<RecordedWrite, 'proposal'> | undefined> {
  const status = (await findAction(tx, action))?.status;
  if (status === undefined || !isFinal(status)) return undefined;
  const found = await tx.query(
    `SELECT r.base_version AS base, u.status = 'done' AS done, u.written_version AS version
       FROM countersign.warrant w JOIN countersign.warrant_use u USING (tenant, jti)
       JOIN countersign.revision r USING (tenant, action, revision)
       JOIN countersign.action a USING (tenant, action)
      WHERE a.action = $1 AND a.versions_due IS NOT NULL AND NOT w.read_only AND u.sent_attempt IS NOT NULL
      ORDER BY w.revision`,
    [action],
  );
  const sent = found.rows.map((row) => sentRow.parse(row));
  const [first] = sent;
  if (!first) return undefined;
  const version = sent.findLast(({ done }) => done)?.version ?? undefined;
  return {
    action,
    base: first.base,
    outcome:
      status === 'completed'
        ? { status: 'written', ...(version !== undefined && { version }) }
        : { status: 'no_effect' },
  };
}

const actionOnly = z.object({ action: actionSchema });

/** Those of them that are actions of this tenant under which something may have been sent. */
export async function sentAmong(tx: PoolClient, actions: readonly string[]): Promise<ReadonlySet<string>> {
  const found = await tx.query(
    `SELECT DISTINCT w.action FROM countersign.warrant w JOIN countersign.warrant_use u USING (tenant, jti)
      WHERE w.action = ANY($1) AND NOT w.read_only AND u.sent_attempt IS NOT NULL`,
    [actions],
  );
  return new Set(found.rows.map((row) => actionOnly.parse(row).action));
}

/** The EHR is not asked again. */
export async function markVersionsChecked(tx: PoolClient, action: ActionId): Promise<void> {
  await tx.query('SELECT countersign.versions_checked($1)', [action]);
}
