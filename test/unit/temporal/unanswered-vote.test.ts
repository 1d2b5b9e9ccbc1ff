import { describe, expect, it } from '@jest/globals';
import { ServiceError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { isOutage } from '../../../src/api/outage.js';
import { answerInstead } from '../../../src/temporal/governed-actions.js';

/** What the SDK makes of a gRPC status. */
const failed = (code: number) => {
  const cause = Object.assign(new Error('text'), { code, details: 'details', metadata: {} });
  return new ServiceError('Workflow Update failed', { cause });
};
const refused = (code: string) => ({ status: 'refused', code });

describe('a vote that could not be handed over', () => {
  it.each<[what: string, error: unknown, answer: unknown]>([
    [
      'to a workflow that has ended is late',
      new WorkflowNotFoundError('gone', 'act/x', undefined),
      refused('vote.late'),
    ],
    [
      'is refused as the workflow says',
      new WorkflowUpdateFailedError('failed', ApplicationFailure.nonRetryable('no', 'vote.stale')),
      refused('vote.stale'),
    ],
    ['because the server takes no more of them may come again', failed(9), refused('vote.busy')],
    ['to a server that is not there is an outage', failed(14), undefined],
    ['for a defect of ours stays one', new TypeError('x is not a function'), undefined],
  ])('%s', (_what, error, answer) => {
    expect(answerInstead(error)).toEqual(answer);
  });

  it('is no outage where it is the server’s limit: nothing is down', () => {
    expect([isOutage(failed(9)), isOutage(failed(14))]).toEqual([false, true]);
  });
});
