/** The yardsticks: workflows that call the same activity of the EHR and do nothing else. Not part of the product. */
import { proxyActivities } from '@temporalio/workflow';
import type { BareActivities } from './bare.activity.js';

const { readFacility, writeOrder } = proxyActivities<BareActivities>({
  taskQueue: 'ehr',
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '2s', // as perform has it
});

/** Answers how many records came. */
export async function bareRead(): Promise<number> {
  return readFacility();
}

export async function bareWrite(version: string, dose: string): Promise<void> {
  return writeOrder(version, dose);
}
