import { describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { rulebookFiles, testRulebook } from '../../support/rulebook.js';

const files = rulebookFiles();
const load = (file: string, from: RegExp | string, to: string) => {
  const text = files[file] ?? '';
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`${file} does not hold the passage any more`);
  return () => testRulebook({ [file]: changed });
};

describe('raising rules', () => {
  it.each(['unnamed_label', 'outside_minimum_necessary', 'volume', 'whole_chart', 'destination'])(
    'cannot leave out %s',
    (when) => {
      const document = parse(files['tiers.yaml'] ?? '');
      const raising = document.raising.filter((rule: { readonly when: string }) => rule.when !== when);
      const text = stringify({ ...document, raising });
      expect(() => testRulebook({ 'tiers.yaml': text })).toThrow(`nothing raises for "${when}"`);
    },
  );

  it.each<[what: string, from: RegExp | string, to: string, message: string]>([
    ['an id twice', 'id: many_records', 'id: many_patients', 'duplicate rule id "many_patients"'],
    ['an id that no leaf can hold', 'id: many_records', 'id: Many records', 'tiers.yaml:'],
    [
      'an unknown element',
      '[full_medical_history]',
      '[full_medical_histories]',
      'did you mean "full_medical_history"?',
    ],
    ['a longer memory than a month', 'within: 24h', 'within: 745h', 'counts 31 days at most'],
    ['a lower tier than any', 'raise: T2', 'raise: T0', 'tiers.yaml:'],
    ['another kind', 'when: destination', 'when: weather', 'tiers.yaml:'],
    [
      'a key that it does not have',
      'when: unnamed_label',
      'when: unnamed_label\n    unless: [treatment]',
      'unknown key',
    ],
    ['no destination that is let', 'unless: [treatment, deidentified]', 'unless: []', 'tiers.yaml:'],
    ['a count of nothing', 'more_than: 100', 'more_than: 0', 'tiers.yaml:'],
    ['a count without end', 'more_than: 100', 'more_than: .inf', 'tiers.yaml:'],
  ])('cannot have %s', (_what, from, to, message) => {
    expect(load('tiers.yaml', from, to)).toThrow(message);
  });

  it('cannot be left out altogether', () => {
    expect(load('tiers.yaml', /\nraising:[^]*/, '\n')).toThrow('tiers.yaml');
  });
});

describe('the minimum-necessary table', () => {
  it.each<[what: string, from: RegExp | string, to: string, message: string]>([
    ['an unknown element', 'symptoms: {', 'symptom: {', 'did you mean "symptoms"?'],
    ['an unknown role', 'agent_role: triage', 'agent_role: triagge', 'did you mean "triage"?'],
    ['an alias of a role', 'agent_role: triage', 'agent_role: triage_agent', 'unknown agent "triage_agent"'],
    ['an unknown purpose', 'purpose: HPAYMT', 'purpose: HPAYMENT', 'did you mean "HPAYMT"?'],
    ['two rows for one purpose and role', 'agent_role: documentation', 'agent_role: triage', 'already'],
    [
      'a look-back where there is no date to bound',
      /(treat\.triage:[^]*?current_medications: )undated/,
      '$1{ days: 30 }',
      'a search of "current_medications" has no date to bound: say undated',
    ],
    ['a look-back of no days', 'symptoms: { days: 30 }', 'symptoms: { days: 0 }', 'minimum-necessary.yaml:'],
    ['an element without a word about its age', 'symptoms: { days: 30 }', 'symptoms: {}', 'minimum-necessary.yaml:'],
    ['a row of no element', /(treat\.scheduling:[^]*?elements:)(?:\n {6}.*)+/, '$1 {}', 'minimum-necessary.yaml:'],
    ['a row without a reason', / {4}reason: .*\n/, '', 'minimum-necessary.yaml:'],
    ['an unknown key', 'records: 400', 'records: 400\n    unless: urgent', 'unknown key "unless"'],
  ])('cannot have %s', (_what, from, to, message) => {
    expect(load('minimum-necessary.yaml', from, to)).toThrow(message);
  });

  it('bounds what has a date', () => {
    const elements = (files['elements.yaml'] ?? '').replace(
      "{ type: MedicationRequest, params: { patient: '{patient}', status: active } }",
      "{ type: MedicationRequest, params: { patient: '{patient}', status: active }, date: { param: authoredon, fields: [authoredOn] } }",
    );
    const table = (files['minimum-necessary.yaml'] ?? '').replace(
      /(treat\.triage:[^]*?current_medications: )undated/,
      '$1{ days: 30 }',
    );
    const rulebook = testRulebook({ 'elements.yaml': elements, 'minimum-necessary.yaml': table });
    expect(rulebook.elements.get('current_medications')?.searches[0]?.date?.param).toBe('authoredon');
  });

  it('takes no date that the search has set already', () => {
    const search = "{ type: MedicationRequest, params: { patient: '{patient}', status: active } }";
    const twice = search.replace(' } }', ' }, date: { param: status, fields: [status] } }');
    expect(load('elements.yaml', search, twice)).toThrow('"status" has a value of its own already');
  });
});

describe('quotas', () => {
  it.each<[what: string, from: RegExp | string, to: string, message: string]>([
    ['a limit of nothing', 'limit: 499', 'limit: 0', 'quotas.yaml:'],
    ['a limit that is no number', 'limit: 499', 'limit: .nan', 'quotas.yaml:'],
    ['a limit without end', 'limit: 499', 'limit: .inf', 'quotas.yaml:'],
    ['patients per patient', 'per: agent\n    counting: patients', 'per: patient\n    counting: patients', 'per agent'],
    [
      'every action per patient',
      'per: agent\n    counting: patients',
      'per: patient\n    counting: actions',
      'about one',
    ],
    ['another span', 'each: day', 'each: week', 'quotas.yaml:'],
    ['a way to pass beyond it', 'beyond: refused', 'beyond: warned', 'quotas.yaml:'],
    ['a name that no leaf can hold', 'agent_hour:', 'Agent hour:', 'quotas.yaml:'],
    ['the name of a raising rule', 'agent_hour:', 'many_patients:', 'a raising rule is called "many_patients" already'],
    ['one name twice', 'agent_hour:', 'agent_patients_day:', 'quotas.yaml:'],
  ])('cannot have %s', (_what, from, to, message) => {
    expect(load('quotas.yaml', from, to)).toThrow(message);
  });
});
