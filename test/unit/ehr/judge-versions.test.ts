import { describe, expect, it } from '@jest/globals';
import { action } from '../../../src/action/ids.js';
import type { Resource } from '../../../src/ehr/bundle.js';
import { judgeVersions, type JudgedVersions, type RecordedWrite } from '../../../src/ehr/judge-versions.js';
import { recordIdentity } from '../../../src/ehr/record-identity.js';
import { actionTag, aiLabel } from '../../../src/ehr/transaction.js';
import { alarmOf, versionFindings } from '../../../src/ehr/version-finding.js';
import { medication } from './write-records.js';

const ours = action('a'.repeat(26));
const another = action('b'.repeat(26));
const stranger = action('c'.repeat(26));
const sent = new Set<string>([ours, another]);

const text = 'One tablet twice a day';
const approved: Resource = { ...medication, dosageInstruction: [{ text }] };
const proposal: RecordedWrite['proposal'] = {
  v: 1,
  action: 'medication.update',
  target: { type: 'MedicationRequest', id: 'm1' },
  base: '3',
  record: recordIdentity(medication),
  resource: { ...approved, id: 'm1' },
  changes: [{ path: 'dosageInstruction[0].text', before: 'three times', after: text }],
};

/** One version, with the tags of these actions. */
function version(versionId: string, { content = approved, by = [ours], label = true }: Made = {}): Resource {
  return {
    ...content,
    meta: { versionId, ...(label && { security: [aiLabel] }), tag: by.map(actionTag) },
  };
}
interface Made {
  readonly content?: Resource;
  readonly by?: readonly (typeof ours)[];
  readonly label?: boolean;
}
const other: Resource = { ...medication, dosageInstruction: [{ text: 'as needed' }] };
const base = version('3', { content: medication, by: [], label: false });
const written = version('4');
const untagged = (id: string) => version(id, { content: other, by: [], label: false });

const readBack: RecordedWrite['outcome'] = { status: 'written', version: '4' };
const said: RecordedWrite['outcome'] = { status: 'written' };
const noEffect: RecordedWrite['outcome'] = { status: 'no_effect' };
const judge = (outcome: RecordedWrite['outcome'], oldestFirst: readonly Resource[]): JudgedVersions =>
  judgeVersions({ action: ours, proposal, base: '3', outcome }, [...oldestFirst].reverse(), sent);

type Row = [string, RecordedWrite['outcome'], Resource[], JudgedVersions['finding'], string | null];

describe('the versions that the EHR holds, held against the record', () => {
  it.each<Row>([
    ['the written version is there', readBack, [base, written], 'as_recorded', '4'],
    ['others edited it since', readBack, [base, written, untagged('5')], 'as_recorded', '4'],
    [
      'others edited it since, and the tag went with it',
      readBack,
      [base, written, version('5', { content: other })],
      'as_recorded',
      '4',
    ],
    [
      'another action of ours wrote on top',
      readBack,
      [base, written, version('5', { by: [another] })],
      'as_recorded',
      '4',
    ],
    [
      'an action of ours wrote before it',
      readBack,
      [version('2', { by: [stranger] }), base, written],
      'as_recorded',
      '4',
    ],
    ['a human said that it took effect, and it did', said, [base, written], 'as_recorded', '4'],
    ['it had no effect', noEffect, [base, untagged('4')], 'as_recorded', null],

    ['the record went back to what it was', readBack, [base], 'missing', '4'],
    ['and others wrote another version of that number', readBack, [base, untagged('4')], 'missing', '4'],
    ['the record is gone', readBack, [], 'missing', '4'],
    ['our version came back under another number', readBack, [base, untagged('4'), version('5')], 'missing', '4'],
    ['a human said that it took effect, and it did not', said, [base, untagged('4')], 'missing', null],

    ['our version says something else', readBack, [base, version('4', { content: other })], 'other_content', '4'],
    ['our version lost the label of an AI', readBack, [base, version('4', { label: false })], 'other_content', '4'],
    [
      'a human said that it took effect, and it did otherwise',
      said,
      [base, version('4', { content: other })],
      'other_content',
      '4',
    ],

    ['an older version has our tag too', readBack, [version('2'), written], 'unexplained', '2'],
    ['it had no effect, and is there', noEffect, [base, written], 'unexplained', '4'],
    [
      'it was made once more after it had been undone',
      readBack,
      [base, written, untagged('5'), version('6')],
      'unexplained',
      '6',
    ],
    [
      'a version names an action that sent nothing',
      readBack,
      [base, written, version('5', { by: [stranger] })],
      'unexplained',
      '5',
    ],
    [
      'a version names one beside ours',
      readBack,
      [base, written, version('5', { by: [ours, stranger] })],
      'unexplained',
      '5',
    ],
    [
      'it had no effect, and a version names an action that sent nothing',
      noEffect,
      [base, version('4', { by: [stranger] })],
      'unexplained',
      '4',
    ],

    ['of a write without effect the history does not reach back', noEffect, [untagged('9')], 'not_said', null],
    ['there is no history at all of a write without effect', noEffect, [], 'not_said', null],
  ])('when %s', (_when, outcome, versions, finding, about) => {
    expect(judge(outcome, versions)).toEqual({ finding, version: about });
  });

  it('takes a tag of ours without a code for that of nobody', () => {
    const nameless = { ...written, meta: { versionId: '5', tag: [{ system: actionTag(ours).system }] } };
    expect(judge(readBack, [base, written, nameless])).toEqual({ finding: 'unexplained', version: '5' });
  });

  it('refuses a resource without a version', () => {
    expect(() => judge(readBack, [{ ...base, meta: {} }])).toThrow(expect.objectContaining({ code: 'ehr.malformed' }));
  });
});

describe('a finding', () => {
  it('alarms somebody, unless it is as recorded or was not said', () => {
    expect(versionFindings.map((finding) => [finding, alarmOf(finding)])).toEqual([
      ['as_recorded', undefined],
      ['missing', 'ehr.version_missing'],
      ['other_content', 'ehr.version_other'],
      ['unexplained', 'ehr.unexplained_version'],
      ['not_said', undefined],
    ]);
  });
});
