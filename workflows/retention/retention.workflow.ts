import {
  ApplicationFailure,
  ParentClosePolicy,
  WorkflowIdReusePolicy,
  proxyActivities,
  sleep,
  startChild,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { RetentionActivities } from '../../activities/governance/retention.js';
import { tenantSchema } from '../../src/action/ids.js';
import { disposalDaySchema, retentionWorkflowId } from '../../src/retention/types.js';

/** A batch is one transaction; a large day is many batches, each committed. */
const { disposeBatch, disposalDays } = proxyActivities<RetentionActivities>({
  startToCloseTimeout: '60s',
  retry: { initialInterval: '1s', maximumInterval: '5m' },
});

/**
 * Waits for one disposal date, for years if need be, and disposes of what is due as of that date. Nothing feeds it: what
 * is due, it asks the database when the day has come. Carries references only, and uses the system key, because it
 * destroys the keys of others.
 */
export async function retention(input: unknown): Promise<{ readonly disposed: number }> {
  const parsed = disposalDaySchema.safeParse(input);
  if (!parsed.success) throw ApplicationFailure.nonRetryable('disposal day is not readable', 'retention.unreadable');
  const { tenant, date, startsAt } = parsed.data;
  const wait = Date.parse(startsAt) - Date.now();
  if (wait > 0) await sleep(wait);
  let disposed = 0;
  for (;;) {
    const batch = await disposeBatch({ tenant, asOf: date });
    disposed += batch.disposed;
    if (!batch.more) return { disposed };
  }
}

/** Run by a Schedule: starts the timer of every date on which something is still to be disposed of. */
export async function retentionSweep(input: unknown): Promise<{ readonly dates: number }> {
  const tenant = tenantSchema.safeParse(input);
  if (!tenant.success) throw ApplicationFailure.nonRetryable('tenant is not readable', 'retention.unreadable');
  const days = await disposalDays(tenant.data);
  for (const day of days) {
    try {
      await startChild(retention, {
        workflowId: retentionWorkflowId(day.tenant, day.date),
        args: [day],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE, // a day may fill again after it was emptied
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error; // its timer is running: good
    }
  }
  return { dates: days.length };
}
