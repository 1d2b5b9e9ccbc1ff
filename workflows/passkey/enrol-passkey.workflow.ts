import { ApplicationFailure, proxyLocalActivities } from '@temporalio/workflow';
import type { EnrolmentActivities } from '../../activities/governance/enrolment.js';
import { offerCaseSchema, type EnrolmentAnswer } from '../../src/passkey/enrolment.js';

/**
 * It may need the identity provider's keys. Two minutes without them and the workflow fails: the same offer, sent again,
 * starts it anew.
 */
const { recordEnrolment } = proxyLocalActivities<EnrolmentActivities>({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '2m',
  retry: { initialInterval: '200ms', maximumInterval: '10s' },
});

/** Has one offer verified and its passkey made, whatever dies meanwhile. Uses the system key: it belongs to no action. */
export async function enrolPasskey(input: unknown): Promise<EnrolmentAnswer> {
  const parsed = offerCaseSchema.safeParse(input);
  if (!parsed.success) throw ApplicationFailure.nonRetryable('offer is not readable', 'passkey.unreadable');
  return recordEnrolment(parsed.data);
}
