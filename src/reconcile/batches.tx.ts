/** The batches that the reconciler goes through. */
import type { Pool } from 'pg';
import { databaseClock } from '../action/action.store.js';
import { actionSchema, type ActionId, type TenantId } from '../action/ids.js';
import { inTenant } from '../database/transaction.js';
import {
  batchSize,
  loggedRuns,
  openActions,
  ownActions,
  withoutHistory,
  type ConcludedRow,
  type OpenRow,
} from './reconcile.store.js';
import type { ClosedRun } from './types.js';

export interface Found<T> {
  readonly items: readonly T[];
  /** Where the next batch begins; absent when this was the last. */
  readonly next?: ActionId;
}

/** @throws ZodError for an `after` that is no action's id. */
export async function openBatch(pool: Pool, tenant: TenantId, after: string | undefined): Promise<Found<OpenRow>> {
  const from = actionSchema.optional().parse(after);
  return found(await inTenant(pool, tenant, (tx) => openActions(tx, from)));
}

/** @throws ZodError for an `after` that is no action's id. */
export async function concludedBatch(
  pool: Pool,
  tenant: TenantId,
  after: string | undefined,
): Promise<Found<ConcludedRow>> {
  const from = actionSchema.optional().parse(after);
  return found(await inTenant(pool, tenant, (tx) => withoutHistory(tx, from)));
}

function found<T extends { readonly action: ActionId }>(items: readonly T[]): Found<T> {
  const last = items.length < batchSize ? undefined : items.at(-1);
  return { items, ...(last && { next: last.action }) };
}

/** Milliseconds. What closed before that was looked at by an earlier run, or by the pass over concluded actions. */
const lookBack = 3_600_000;

/** Since when runs that closed are looked at. */
export async function lookBackFrom(pool: Pool, tenant: TenantId): Promise<Date> {
  const now = await inTenant(pool, tenant, databaseClock);
  return new Date(now.getTime() - lookBack);
}

/** Those of the runs that are of this tenant's actions and whose history is not on the log. */
export async function unloggedRuns(pool: Pool, tenant: TenantId, runs: readonly ClosedRun[]): Promise<ClosedRun[]> {
  if (runs.length === 0) return [];
  return inTenant(pool, tenant, async (tx) => {
    const logged = await loggedRuns(
      tx,
      runs.map(({ run }) => run),
    );
    const rest = runs.filter(({ run }) => !logged.has(run));
    const own = await ownActions(
      tx,
      rest.map(({ action }) => action),
    );
    return rest.filter(({ action }) => own.has(action));
  });
}
