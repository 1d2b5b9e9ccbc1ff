import { describe, expect, it } from '@jest/globals';
import { conclusionOf, type UseState } from '../../../src/action/conclusion.js';
import type { Outcome } from '../../../src/action/types.js';

const performed: Outcome = { status: 'performed', records: 1, truncated: false };
const cancel: Outcome = { status: 'cancel_requested' };
const timeout: Outcome = { status: 'failed', code: 'activity.timeout' };

describe('the end of an action', () => {
  it.each<[string, Outcome, UseState, boolean, ReturnType<typeof conclusionOf>]>([
    ['is completed once its use is done', performed, 'done', false, { status: 'completed' }],
    ['is completed though a cancel came while it performed', cancel, 'done', false, { status: 'completed' }],
    ['is completed though Temporal gave up on a done use', timeout, 'done', true, { status: 'completed' }],
    ['is withheld when the scan said so', timeout, 'withheld', false, { status: 'withheld' }],
    ['is cancelled only before the first use', cancel, 'none', true, { status: 'cancelled' }],
    [
      'is failed for a read that was interrupted',
      cancel,
      'open',
      false,
      { status: 'failed', code: 'perform.interrupted' },
    ],
    ['keeps the code of a read that failed', timeout, 'open', false, { status: 'failed', code: 'activity.timeout' }],
    ['is unknown for a write whose use stayed open', timeout, 'open', true, { status: 'outcome_unknown' }],
    ['is unknown for a cancelled write whose use stayed open', cancel, 'open', true, { status: 'outcome_unknown' }],
    [
      'is failed for a write that was never sent',
      timeout,
      'open',
      false,
      { status: 'failed', code: 'activity.timeout' },
    ],
    ['is unknown where the gateway says so', performed, 'unknown', true, { status: 'outcome_unknown' }],
    ['stays unknown though a cancel came', cancel, 'unknown', true, { status: 'outcome_unknown' }],
    [
      'is not completed on the word of a history, where the EHR took nothing',
      performed,
      'conflict',
      true,
      { status: 'failed', code: 'outcome.unfounded' },
    ],
    ['is cancelled after a write that the EHR did not take', cancel, 'conflict', true, { status: 'cancelled' }],
    [
      'is expired after a write that the EHR did not take',
      { status: 'expired' },
      'conflict',
      true,
      { status: 'expired' },
    ],
    [
      'says why it failed after a write that the EHR did not take',
      { status: 'failed', code: 'write.conflict' },
      'conflict',
      true,
      { status: 'failed', code: 'write.conflict' },
    ],
    [
      'keeps the code of a write that the EHR refused',
      { status: 'failed', code: 'ehr.written_otherwise' },
      'rejected',
      true,
      { status: 'failed', code: 'ehr.written_otherwise' },
    ],
    [
      'is not left open on the word of a history alone',
      { status: 'unresolved' },
      'none',
      false,
      { status: 'failed', code: 'outcome.unfounded' },
    ],
    [
      'is not completed on the word of a history alone',
      performed,
      'none',
      false,
      { status: 'failed', code: 'outcome.unfounded' },
    ],
    [
      'is not taken from an earlier run that the row does not know',
      { status: 'concluded', as: 'completed' },
      'none',
      false,
      { status: 'failed', code: 'outcome.unfounded' },
    ],
    ['is expired after the deadline', { status: 'expired' }, 'none', false, { status: 'expired' }],
    ['is denied by a human', { status: 'denied', by: 'x' }, 'none', false, { status: 'denied' }],
    ['is refused by a rule', { status: 'refused', rules: ['r'] }, 'none', false, { status: 'refused' }],
  ])('%s', (_promise, outcome, use, sent, expected) => {
    expect(conclusionOf({ outcome, use, sent })).toEqual(expected);
  });
});
