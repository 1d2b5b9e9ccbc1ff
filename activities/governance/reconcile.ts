import type { ActionId, TenantId } from '../../src/action/ids.js';
import { conclude } from '../../src/action/conclude.tx.js';
import type { GovernanceDeps } from '../../src/action/deps.js';
import { errorFacts, type Logger } from '../../src/config/log.js';
import { judgeRun } from '../../src/reconcile/finding.js';
import { noteStarted, readmit } from '../../src/reconcile/readmit.tx.js';
import { concludedBatch, lookBackFrom, openBatch, unloggedRuns } from '../../src/reconcile/batches.tx.js';
import { claimLooks, openLook } from '../../src/reconcile/look.tx.js';
import { recordLoss, type Loss } from '../../src/reconcile/record-loss.tx.js';
import { noteHistoryLogged, recordHistory, recordNoHistory, recordReset } from '../../src/reconcile/record-run.tx.js';
import type { Batch, BatchDone, ClosedRun, Look, Looks } from '../../src/reconcile/types.js';
import type { ActionRuns } from '../../src/temporal/action-runs.js';

/** Activities of the reconciler: each takes one batch of a pass, and repeated from anywhere changes nothing twice. */
export interface ReconcileActivities {
  /** Actions that the database says are open: ends those that nothing carries on, starts those that nothing ever did. */
  reconcileOpen(batch: Batch): Promise<BatchDone>;
  /** Actions that ended: the digest of the history that ended each goes on the log. */
  reconcileConcluded(batch: Batch): Promise<BatchDone>;
  /** Every other run that closed of late: what was reset, terminated, or begun after the end. */
  reconcileClosed(batch: Batch): Promise<BatchDone>;
  /** Warrants for the looks that are due at what the EHR holds; who is in this batch is not due again for minutes. */
  dueLooks(batch: Batch): Promise<Looks>;
}

export interface ReconcileDeps extends GovernanceDeps {
  readonly runs: ActionRuns;
  readonly log: Logger;
}

export function reconcileActivities(deps: ReconcileDeps): ReconcileActivities {
  const { pool, runs, log } = deps;

  async function end(loss: Loss): Promise<boolean> {
    const order = await recordLoss(pool, loss);
    if (!order) return false;
    const concluded = await conclude(deps, order.admission, { status: 'failed', code: loss.finding });
    // The EHR is asked again, and people are, by a workflow of its own: a reconciler asks nobody.
    if (concluded.status === 'outcome_unknown') await runs.resume(order);
    return true;
  }

  async function start(tenant: TenantId, action: ActionId): Promise<boolean> {
    const order = await readmit(pool, tenant, action);
    if (!order) return false;
    await runs.start(order);
    await noteStarted(pool, tenant, action);
    return true;
  }

  async function logHistory(tenant: TenantId, run: ClosedRun): Promise<boolean> {
    const history = await runs.history(run);
    if (history) await recordHistory(pool, tenant, run, history);
    return history !== undefined;
  }

  /** One that cannot be reconciled holds up no other: it is looked at again next time. */
  async function each<T extends { readonly action: ActionId }>(
    items: readonly T[],
    work: (item: T) => Promise<boolean>,
  ): Promise<Omit<BatchDone, 'next'>> {
    let [done, failed] = [0, 0];
    for (const item of items)
      try {
        if (await work(item)) done += 1;
      } catch (error) {
        failed += 1;
        log.warn({ action: item.action, error: errorFacts(error) }, 'an action could not be reconciled');
      }
    return { done, failed };
  }

  return {
    async reconcileOpen({ tenant, after }) {
      const { items, next } = await openBatch(pool, tenant, after);
      const counts = await each(items, async ({ action, ...open }) => {
        const latest = await runs.latest(action);
        if (latest && latest.first !== latest.run) await recordReset(pool, tenant, { action, run: latest.run });
        const judged = judgeRun(open, latest);
        switch (judged.status) {
          case 'fits':
            return false;
          case 'unmarked':
            await noteStarted(pool, tenant, action);
            return false;
          case 'never_started':
            return start(tenant, action);
          case 'lost':
            return end({ tenant, action, finding: judged.finding, run: latest?.run });
        }
      });
      return { ...counts, ...(next !== undefined && { next }) };
    },

    async reconcileConcluded({ tenant, after }) {
      const { items, next } = await concludedBatch(pool, tenant, after);
      const keptFor = items.length > 0 ? await runs.keepsHistoriesFor() : undefined;
      const counts = await each(items, async ({ action, concludedFor }) => {
        const latest = await runs.latest(action);
        if (latest?.status === 'open' || latest?.status === 'unknown') return false; // it still answers its callers
        const ended = latest && { action, run: latest.run, status: latest.status };
        // Already there: an earlier reconciliation was interrupted, or came by this run among those that closed.
        const logged = ended && (await unloggedRuns(pool, tenant, [ended])).length === 0;
        if (ended && (logged || (await logHistory(tenant, ended)))) {
          await noteHistoryLogged(pool, tenant, action);
          return true;
        }
        await recordNoHistory(pool, tenant, { action, expected: keptFor === undefined || concludedFor < keptFor });
        return true;
      });
      return { ...counts, ...(next !== undefined && { next }) };
    },

    async reconcileClosed({ tenant, after }) {
      const page = await runs.closedSince(await lookBackFrom(pool, tenant), after);
      const counts = await each(await unloggedRuns(pool, tenant, page.runs), (run) => logHistory(tenant, run));
      return { ...counts, ...(page.next !== undefined && { next: page.next }) };
    },

    async dueLooks({ tenant }) {
      const claimed = await claimLooks(pool, tenant);
      const looks: Look[] = [];
      const { failed } = await each(claimed.actions, async ({ action }) => {
        const look = await openLook(deps, tenant, action);
        if (look) looks.push(look);
        return look !== undefined;
      });
      return { looks, failed, more: claimed.more };
    },
  };
}
