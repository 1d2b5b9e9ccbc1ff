/** What the EHR held after the end, as the evidence tells it, and as a forged log would. */
import { describe, expect, it } from '@jest/globals';
import { warrant } from '../../../src/action/ids.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import type { LeafData, LeafDraft } from '../../../src/audit/leaf.js';
import type { Problem } from '../../../src/audit/problem.js';
import { accountRows } from '../../../src/audit/report.js';
import { verifyBundle } from '../../../src/audit/verify.js';
import { amongOthers, bundleOf, logs, read as change, write, type Step } from './sample-log.js';
import { attemptOf, unknownWrite, wholeWrite, writeVotes, writeWarrant } from './sample-write.js';

const lookWarrant = warrant('00000000-0000-4000-8000-000000000041');
const stranger = warrant('00000000-0000-4000-8000-0000000000ff');

const verified = (own: readonly Step[], votes: readonly DecisionEnvelope[] = writeVotes) =>
  verifyBundle(bundleOf(write(amongOthers(own)), { votes }), logs);
const codesOf = (own: readonly Step[]): Problem['code'][] => {
  const found = verified(own);
  return found.status === 'invalid' ? found.problems.map(({ code }) => code) : [];
};

type Checked = LeafData<'version.checked'>;
function checked(finding: Checked['finding'], more: Partial<Checked> = {}): LeafDraft<'version.checked'> {
  const version = finding === 'not_said' ? null : '2';
  return {
    kind: 'version.checked',
    action: change,
    key: 'recheck',
    data: { warrant: lookWarrant, finding, version, ...more },
  };
}
const look = attemptOf(lookWarrant, 'recheck_1/1');
const [attempt, outcome] = wholeWrite.slice(-2);
const beforeTheEnd = wholeWrite.filter((step) => step !== outcome);

describe('the evidence of a write that was looked at once more', () => {
  it.each<[Checked['finding'], Partial<Checked>, string]>([
    ['as_recorded', {}, 'the EHR holds what is recorded: version 2'],
    ['missing', {}, 'the EHR no longer holds the version that was written: version 2'],
    ['missing', { version: null }, 'the EHR no longer holds the version that was written'],
    ['other_content', {}, 'the EHR holds something else than was approved: version 2'],
    ['unexplained', { version: '7' }, 'the EHR holds a version in our name that no record explains: version 7'],
    ['not_said', {}, 'the EHR did not say what it holds'],
  ])('is valid, and tells %s', (finding, more, text) => {
    const found = verified([...wholeWrite, look, checked(finding, more)]);
    expect(found).toMatchObject({ status: 'valid', account: { checked: [{ finding }] } });
    const rows = found.status === 'invalid' ? [] : accountRows(found.account);
    expect(rows.filter(([label]) => label === 'checked')).toEqual([['checked', expect.stringMatching(`Z ${text}$`)]]);
  });

  it('is valid where the EHR was asked more than once, and where it never was', () => {
    const again = attemptOf(stranger, 'recheck_2/1');
    expect(codesOf([...wholeWrite, look, again, checked('missing')])).toEqual([]);
    expect(codesOf([...wholeWrite, checked('not_said')])).toEqual([]);
  });
});

describe('a log that its own writers made untrue', () => {
  it.each<[string, readonly Step[], Problem['code']]>([
    [
      'tells what the EHR holds under a warrant of another action',
      [...wholeWrite, look, checked('as_recorded', { warrant: stranger })],
      'version.unfounded',
    ],
    ['tells it though nobody asked', [...wholeWrite, checked('as_recorded')], 'version.unfounded'],
    ['asks afterwards', [...wholeWrite, checked('as_recorded'), look], 'version.unfounded'],
    [
      'tells it under the warrant of the write',
      [...wholeWrite, look, checked('as_recorded', { warrant: writeWarrant })],
      'version.unfounded',
    ],
    [
      'tells it before the end',
      [...beforeTheEnd, look, checked('as_recorded'), ...wholeWrite.slice(-1)],
      'version.unfounded',
    ],
    [
      'tells before the end that the EHR did not say',
      [...beforeTheEnd, checked('not_said'), ...wholeWrite.slice(-1)],
      'version.unfounded',
    ],
    ['tells it while nobody knows the outcome', [...unknownWrite, look, checked('as_recorded')], 'version.unfounded'],
    [
      'calls a write after the end a look',
      [...wholeWrite, attemptOf(writeWarrant, 'recheck_1/1')],
      'outcome.unauthorised',
    ],
    ['writes after the end', [...wholeWrite, attemptOf(writeWarrant, 'perform.2/2')], 'outcome.not_last'],
    ['reads back after the end', [...wholeWrite, attemptOf(lookWarrant, 'read_back_2/1')], 'outcome.not_last'],
    [
      'rests its outcome on a look',
      [
        ...beforeTheEnd.filter((step) => step !== attempt),
        attemptOf(writeWarrant, 'recheck_1/1'),
        ...wholeWrite.slice(-1),
      ],
      'outcome.unauthorised',
    ],
  ])('that %s is not valid', (_what, own, code) => {
    expect(codesOf(own)).toContain(code);
  });
});
