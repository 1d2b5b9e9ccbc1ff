import type { Pool, PoolClient } from 'pg';
import type { ActionId, TenantId } from '../action/ids.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { markHistoryLogged } from './reconcile.store.js';
import type { ActionRun, ClosedHistory, ClosedRun } from './types.js';

/** A run that is not the first of its chain came from a reset, which nobody here ever asks for. */
export async function recordReset(pool: Pool, tenant: TenantId, of: ActionRun): Promise<void> {
  await inTenant(pool, tenant, (tx) => appendReset(tx, of));
}

/**
 * Puts the digest of a closed run's history on the log; whoever alters the history later no longer fits it. Our workflow
 * completes, also when it was cancelled: a run that closed otherwise was ended from outside, or by a defect.
 */
export async function recordHistory(
  pool: Pool,
  tenant: TenantId,
  { action, run, status }: ClosedRun,
  { first, events, sha256 }: ClosedHistory,
): Promise<void> {
  await inTenant(pool, tenant, async (tx) => {
    if (first !== run) await appendReset(tx, { action, run });
    if (status !== 'workflow.completed' && status !== 'unknown' && status !== 'open')
      await appendLeaf(tx, {
        kind: 'security.event',
        action,
        key: `${status}/${run}`,
        data: { code: status, agent: null },
      });
    await appendLeaf(tx, { kind: 'history.closed', action, key: run, data: { run, events, sha256 } });
  });
}

/** The run that ended the action has its digest on the log; the action is not looked at again. */
export async function noteHistoryLogged(pool: Pool, tenant: TenantId, action: ActionId): Promise<void> {
  await inTenant(pool, tenant, (tx) => markHistoryLogged(tx, action));
}

/**
 * There is no history of an action that ended. `expected`: the namespace keeps histories longer than that, so somebody
 * deleted it.
 */
export async function recordNoHistory(
  pool: Pool,
  tenant: TenantId,
  { action, expected }: { readonly action: ActionId; readonly expected: boolean },
): Promise<void> {
  await inTenant(pool, tenant, async (tx) => {
    await markHistoryLogged(tx, action);
    if (!expected) return;
    const code = 'history.missing';
    await appendLeaf(tx, { kind: 'security.event', action, key: code, data: { code, agent: null } });
  });
}

async function appendReset(tx: PoolClient, { action, run }: ActionRun): Promise<void> {
  const code = 'workflow.reset';
  await appendLeaf(tx, { kind: 'security.event', action, key: `${code}/${run}`, data: { code, agent: null } });
}
