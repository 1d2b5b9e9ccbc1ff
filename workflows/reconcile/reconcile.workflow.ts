import { ApplicationFailure, continueAsNew, isCancellation, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { EhrActivities } from '../../activities/ehr/activities.js';
import type { ReconcileActivities } from '../../activities/governance/reconcile.js';
import { passes, reconcileSchema, type Batch, type BatchDone, type Look } from '../../src/reconcile/types.js';
import { taskQueues } from '../../src/temporal/queues.js';

/**
 * A batch is a hundred actions, each a question to Temporal and at most a few transactions. What cannot be reached fails
 * this run; the Schedule starts the next one.
 */
const { reconcileOpen, reconcileConcluded, reconcileClosed, dueLooks } = proxyActivities<ReconcileActivities>({
  startToCloseTimeout: '2m',
  retry: { initialInterval: '1s', maximumAttempts: 3 },
});

/** No worker, or a slow EHR, and the look is taken later: nothing here may hold up what Temporal is asked next minute. */
const { recheck } = proxyActivities<Pick<EhrActivities, 'recheck'>>({
  taskQueue: taskQueues.ehr,
  scheduleToStartTimeout: '10s',
  startToCloseTimeout: '25s',
  scheduleToCloseTimeout: '45s', // within the warrant's minute
  heartbeatTimeout: '2s',
  retry: { initialInterval: '1s' },
});

const steps = {
  open: reconcileOpen,
  concluded: reconcileConcluded,
  closed: reconcileClosed,
  versions: checkVersions,
} satisfies Record<(typeof passes)[number], (batch: Batch) => Promise<BatchDone>>;

export interface Reconciled {
  /** How many actions and runs were put right or recorded since the beginning, or since the history was cut. */
  readonly done: number;
  readonly failed: number;
}

/**
 * Run by a Schedule: holds the database against Temporal and the EHR, pass by pass, batch by batch. Carries references and
 * warrants of a minute only, and uses the system key; it is no action's workflow.
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

/** The looks of one batch, all at once. An EHR that left one of them without an answer is asked no more in this run. */
async function checkVersions(batch: Batch): Promise<BatchDone> {
  const { looks, failed, more } = await dueLooks(batch);
  const checked = await Promise.all(looks.map(isChecked));
  const done = checked.filter(Boolean).length;
  const left = failed + looks.length - done;
  return { done, failed: left, ...(more && left === 0 && { next: 'versions' }) };
}

async function isChecked({ admission, warrant }: Look): Promise<boolean> {
  try {
    return (await recheck(admission, warrant)).status === 'checked';
  } catch (error) {
    if (isCancellation(error)) throw error;
    return false;
  }
}
