import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { GovernanceActivities } from '../../activities/governance/activities.js';
import type { EhrActivities } from '../../activities/ehr/activities.js';
import type { MintedWarrant } from '../../src/action/types.js';
import { taskQueues } from '../../src/temporal/queues.js';

/**
 * One database transaction each, so local: no task queue in between. They repeat until the database answers; what
 * they must not do twice, a row prevents. Ten seconds is far above any transaction here and bounds a lost connection.
 */
export const governance = proxyLocalActivities<GovernanceActivities>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '200ms', maximumInterval: '10s' },
});

/**
 * Verifying a vote may need the identity provider's keys. Two minutes without them and the voter is told to come again:
 * a provider that stays away must not keep an action open past its deadline.
 */
export const verifications = proxyLocalActivities<Pick<GovernanceActivities, 'recordVote'>>({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '2m',
  retry: { initialInterval: '200ms', maximumInterval: '10s' },
});

/** A reminder is worth less than the deadline that it announces: it gives up early. */
export const reminders = proxyLocalActivities<Pick<GovernanceActivities, 'remind'>>({
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '20s',
});

/** Two seconds of silence mean that the worker died: background heartbeats come every 500 ms. */
const workerDiedAfter = '2s';

/** Reads one Encounter and a patient's care teams. Unanswered within half a minute, the relation is unknown, and unknown never grants. */
export const relations = proxyActivities<Pick<EhrActivities, 'relate'>>({
  taskQueue: taskQueues.ehr,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '30s',
  heartbeatTimeout: workerDiedAfter,
  retry: { initialInterval: '500ms' },
});

/** Reads the record that is to be changed, or asks what became of a write. The EHR may be slow; people wait for neither. */
export const readings = proxyActivities<Pick<EhrActivities, 'prepare' | 'readBack'>>({
  taskQueue: taskQueues.ehr,
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '80s',
  heartbeatTimeout: workerDiedAfter,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '500ms', maximumInterval: '10s' },
});

/**
 * Performs under one warrant. Attempts end when the warrant does; the gateway judges its expiry again on each. A
 * cancelled attempt is waited for, because it may have had its effect already.
 */
export function performer(warrant: MintedWarrant): Pick<EhrActivities, 'perform' | 'write'> {
  return proxyActivities<Pick<EhrActivities, 'perform' | 'write'>>({
    taskQueue: taskQueues[warrant.queue],
    startToCloseTimeout: '60s',
    scheduleToCloseTimeout: warrant.seconds * 1000,
    heartbeatTimeout: workerDiedAfter,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '500ms', maximumInterval: '15s' },
  });
}
