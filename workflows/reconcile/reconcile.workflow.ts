import { ApplicationFailure, continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { ReconcileActivities } from '../../activities/governance/reconcile.js';
import { passes, reconcileSchema } from '../../src/reconcile/types.js';

/**
 * A batch is a hundred actions, each a question to Temporal and at most a few transactions. What cannot be reached fails
 * this run; the Schedule starts the next one.
 */
const { reconcileOpen, reconcileConcluded, reconcileClosed } = proxyActivities<ReconcileActivities>({
  startToCloseTimeout: '2m',
  retry: { initialInterval: '1s', maximumAttempts: 3 },
});

const steps = { open: reconcileOpen, concluded: reconcileConcluded, closed: reconcileClosed };

export interface Reconciled {
  /** How many actions and runs were put right or recorded since the beginning, or since the history was cut. */
  readonly done: number;
  readonly failed: number;
}

/**
 * Run by a Schedule: holds the database against Temporal, pass by pass, batch by batch. Carries references only and uses
 * the system key; it is no action's workflow.
 */
export async function reconcile(input: unknown): Promise<Reconciled> {
  const parsed = reconcileSchema.safeParse(input);
  if (!parsed.success) throw ApplicationFailure.nonRetryable('tenant is not readable', 'reconcile.unreadable');
  const { tenant } = parsed.data;
  let { after } = parsed.data;
  let [done, failed] = [0, 0];
  for (const pass of passes.slice(passes.indexOf(parsed.data.pass))) {
    do {
      if (workflowInfo().continueAsNewSuggested)
        await continueAsNew<typeof reconcile>({ tenant, pass, ...(after !== undefined && { after }) });
      const batch = await steps[pass]({ tenant, ...(after !== undefined && { after }) });
      after = batch.next;
      done += batch.done;
      failed += batch.failed;
    } while (after !== undefined);
  }
  return { done, failed };
}
