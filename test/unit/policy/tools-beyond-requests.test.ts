import { describe, expect, it } from '@jest/globals';
import { compareBeyondRequests } from '../../../src/policy/study/beyond-requests.js';
import { rulebookFiles, testRulebook } from '../../support/rulebook.js';
import type { Rulebook } from '../../../src/rulebook/rulebook.js';

const files = rulebookFiles();
const shipped = testRulebook();

/** The shipped rulebook with passages of one file replaced. */
function changed(file: string, ...passages: readonly (readonly [from: string | RegExp, to: string])[]): Rulebook {
  const text = passages.reduce((before, [from, to]) => {
    const after = before.replace(from, to);
    if (after === before) throw new Error(`${file} does not hold the passage any more`);
    return after;
  }, files[file] ?? '');
  return testRulebook({ [file]: text });
}

const nothing = { amounts: [], notCompared: [] };

describe('what no single request tells', () => {
  it('is the same of a rulebook and itself', () => {
    expect(compareBeyondRequests(shipped, testRulebook())).toEqual(nothing);
  });

  it.each<[what: string, file: string, from: string | RegExp, to: string, place: string]>([
    ['the limit of a quota', 'quotas.yaml', 'limit: 499', 'limit: 500', 'quotas.yaml: quotas.agent_patients_day.limit'],
    ['a quota that is gone', 'quotas.yaml', /  agent_hour:[^]*$/, '', 'quotas.yaml: quotas.agent_hour'],
    ['a whole chart', 'tiers.yaml', 'more_than: 8', 'more_than: 9', 'tiers.yaml: raising.whole_chart.whole_chart.more_than'], // prettier-ignore
    ['a volume', 'tiers.yaml', 'more_than: 100\n', 'more_than: 101\n', 'tiers.yaml: raising.volume.many_patients.more_than'], // prettier-ignore
    ['a volume that is gone', 'tiers.yaml', /  - id: many_records[^]*?(?=  - id)/, '', 'tiers.yaml: raising.volume.many_records'], // prettier-ignore
    [
      'the bytes of a warrant',
      'tiers.yaml',
      'bytes: 5000000 ',
      'bytes: 5000001 ',
      'tiers.yaml: tiers.T1.warrant.bytes',
    ],
    ['a relationship taken again', 'tiers.yaml', 'relationship_reuse: 5m', 'relationship_reuse: 6m', 'tiers.yaml: relationship_reuse'], // prettier-ignore
    ['a look-back', 'minimum-necessary.yaml', 'symptoms: { days: 30 }', 'symptoms: { days: 31 }', 'minimum-necessary.yaml: TREAT.triage.elements.symptoms'], // prettier-ignore
    ['records of a row', 'minimum-necessary.yaml', 'records: 400', 'records: 401', 'minimum-necessary.yaml: TREAT.triage.records'], // prettier-ignore
  ])('is compared as an amount: %s', (_what, file, from, to, what) => {
    const more = changed(file, [from, to]);
    const [there, back] = [compareBeyondRequests(shipped, more), compareBeyondRequests(more, shipped)];
    expect(there).toMatchObject({ amounts: [{ what, wider: true }], notCompared: [] });
    expect(back).toMatchObject({ amounts: [{ what, wider: false }], notCompared: [] });
  });

  it('has a search without a bound for wider than any', () => {
    const undated = changed('minimum-necessary.yaml', ['recent_labs: { days: 180 }', 'recent_labs: undated']);
    expect(compareBeyondRequests(shipped, undated).amounts).toEqual([
      {
        what: 'minimum-necessary.yaml: TREAT.clinical_decision_support.elements.recent_labs',
        wider: true,
        before: '180',
        after: 'undated',
      },
    ]);
  });

  it.each<[what: string, file: string, from: string | RegExp, to: string, place: string]>([
    ['a deadline', 'tiers.yaml', 'deadline: 4h', 'deadline: 5h', 'tiers.yaml: tiers.T1.deadline'],
    ['a reminder', 'tiers.yaml', 'reminder: 50', 'reminder: 60', 'tiers.yaml: tiers.T1.reminder'],
    ['what is typed', 'tiers.yaml', '    confirmation: typed\n', '', 'tiers.yaml: tiers.T3.confirmation'],
    ['a sign-in', 'tiers.yaml', 'amr: [mfa]', 'amr: [pwd]', 'tiers.yaml: tiers.T1.proof.amr'],
    ['the span of a volume', 'tiers.yaml', 'within: 24h', 'within: 12h', 'tiers.yaml: raising.volume.many_patients.within'], // prettier-ignore
    ['what a quota counts', 'quotas.yaml', 'each: hour', 'each: day', 'quotas.yaml: quotas.agent_hour.each'],
    ['hours', 'calendar.yaml', "from: '08:00'", "from: '07:00'", 'calendar.yaml: windows.business_hours.spans'],
    ['a search', 'elements.yaml', '{ status: active }', '{ status: inactive }', 'elements.yaml: elements.facility.read.searches'], // prettier-ignore
    ['how long records are kept', 'retention.yaml', 'years: 6', 'years: 7', 'retention.yaml: record_classes.action.keep.years'], // prettier-ignore
    ['a role that fills more seats', 'roles.yaml', 'implies: [clinician]', 'implies: [clinician, privacy_officer]', 'roles.yaml: roles.senior_clinician.implies'], // prettier-ignore
    ['who changes the rules', 'roles.yaml', 'granted_for: 24h', 'granted_for: 48h', 'roles.yaml: changes.granted_for'],
  ])('is named where it is not compared: %s', (_what, file, from, to, place) => {
    expect(compareBeyondRequests(shipped, changed(file, [from, to]))).toEqual({ amounts: [], notCompared: [place] });
  });

  it.each<[what: string, file: string, from: string | RegExp, to: string]>([
    ['a floor', 'actions.yaml', /(medications.read:\n    tier:) T1/, '$1 T2'],
    ['the life of a warrant', 'tiers.yaml', 'life: 30m', 'life: 40m'],
    ['an element of a routine row', 'minimum-necessary.yaml', /(treat.triage:[^]*?)      symptoms.*\n/, '$1'],
    ['a type that is gone', 'actions.yaml', /  facility.read:[^]*?\n\n/, ''],
    ['the reason of a quota', 'quotas.yaml', 'An agent that asks', 'Who asks'],
  ])('is not %s', (_what, file, from, to) => {
    expect(compareBeyondRequests(shipped, changed(file, [from, to]))).toEqual(nothing);
  });
});

describe('how far back a policy looks', () => {
  const looking = (within: string, rule: string) =>
    changed('policy.yaml', ['rules:\n', `preceded_within: ${within}\nrules:\n  - ${rule}\n`]);
  const grant = '{ id: after, action: read, effect: allow, conditions: [{ preceded_by: record.read }] }';
  const exception = '{ id: after, action: read, effect: deny, unless: [{ preceded_by: record.read }] }';
  const deny = '{ id: after, action: read, effect: deny, conditions: [{ preceded_by: record.read }] }';

  it.each([
    ['of a grant', grant, true, false],
    ['of an exception', exception, true, false],
    ['of a deny, which it makes hold more often', deny, true, true],
  ])('counts as wider the longer it is; %s', (_what, rule, longer, shorter) => {
    const [short, long] = [looking('4h', rule), looking('200h', rule)];
    const what = 'policy.yaml: preceded_within';
    expect(compareBeyondRequests(short, long).amounts).toEqual([{ what, wider: longer, before: '14400 s', after: '720000 s' }]); // prettier-ignore
    expect(compareBeyondRequests(long, short).amounts).toEqual([{ what, wider: shorter, before: '720000 s', after: '14400 s' }]); // prettier-ignore
  });
});
