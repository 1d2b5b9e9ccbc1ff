import { ApplicationFailure, proxyLocalActivities } from '@temporalio/workflow';
import type { VouchingActivities } from '../../activities/governance/vouching.js';
import { wordCaseSchema, type VouchingAnswer } from '../../src/passkey/vouching.js';

/** It needs the database alone. Two minutes without it and the workflow fails: the same word, sent again, starts it anew. */
const { recordWord } = proxyLocalActivities<VouchingActivities>({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '2m',
  retry: { initialInterval: '200ms', maximumInterval: '10s' },
});

/** Has one word verified and counted, whatever dies meanwhile. Uses the system key: it belongs to no action. */
export async function vouchPasskey(input: unknown): Promise<VouchingAnswer> {
  const parsed = wordCaseSchema.safeParse(input);
  if (!parsed.success) throw ApplicationFailure.nonRetryable('word is not readable', 'passkey.unreadable');
  return recordWord(parsed.data);
}
