import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import type { TenantId } from '../action/ids.js';
import { sweepScheduleId } from '../retention/types.js';
import { taskQueues } from './queues.js';

/** Often enough that a day's timer runs long before its day; a sweep that finds nothing new starts nothing. */
const every = '1h';

/** The Schedule that starts the timer of each disposal date. Making it again leaves it as it is, paused or not. */
export async function ensureSweep(client: Client, tenant: TenantId): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: sweepScheduleId(tenant),
      spec: { intervals: [{ every }] },
      action: {
        type: 'startWorkflow',
        workflowType: 'retentionSweep',
        workflowId: sweepScheduleId(tenant),
        taskQueue: taskQueues.governance,
        args: [tenant],
      },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1h' },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}
