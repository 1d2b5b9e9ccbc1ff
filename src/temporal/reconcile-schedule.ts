import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import type { TenantId } from '../action/ids.js';
import { reconcileScheduleId } from '../reconcile/types.js';
import { taskQueues } from './queues.js';

/** How long an action may be held up by a workflow that somebody ended. One that takes longer skips the next. */
const every = '1m';

/** The Schedule that holds the database against Temporal. Making it again leaves it as it is, paused or not. */
export async function ensureReconciler(client: Client, tenant: TenantId): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: reconcileScheduleId(tenant),
      spec: { intervals: [{ every }] },
      action: {
        type: 'startWorkflow',
        workflowType: 'reconcile',
        workflowId: reconcileScheduleId(tenant),
        taskQueue: taskQueues.governance,
        args: [{ tenant }],
      },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: every },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}
