import { ApplicationFailure, proxyLocalActivities } from '@temporalio/workflow';
import type { RulebookActivities } from '../../activities/governance/rulebook.js';
import { changeCaseSchema, type ChangeAnswer } from '../../src/rulebook/change/signature-case.js';

/** Keys and rows only: what takes longer than this waits for the database. */
const { signRulebook, activateRulebook } = proxyLocalActivities<RulebookActivities>({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '2m',
  retry: { initialInterval: '200ms', maximumInterval: '10s' },
});

/**
 * Has one signature under a proposed rulebook verified, or a signed one made active, whatever dies meanwhile. Uses the
 * system key: it belongs to no action.
 */
export async function changeRulebook(input: unknown): Promise<ChangeAnswer> {
  const parsed = changeCaseSchema.safeParse(input);
  if (!parsed.success) throw ApplicationFailure.nonRetryable('change is not readable', 'rulebook.unreadable');
  return parsed.data.step === 'sign' ? signRulebook(parsed.data) : activateRulebook(parsed.data);
}
