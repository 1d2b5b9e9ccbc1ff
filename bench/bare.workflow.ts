/** The yardstick: a workflow that calls the same read of the EHR and does nothing else. Not part of the product. */
import { proxyActivities } from '@temporalio/workflow';
import type { BareActivities } from './bare.activity.js';

const { readFacility } = proxyActivities<BareActivities>({
  taskQueue: 'ehr',
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '2s', // as perform has it
});

/** Answers how many records came. */
export async function bareRead(): Promise<number> {
  return readFacility();
}
