import { describe, expect, it } from '@jest/globals';
import { RulebookError } from '../../../src/rulebook/problem.js';
import { unfitForProduction, assertFitForProduction } from '../../../src/rulebook/production.js';
import { noTrust, rulebookFiles, testRulebook } from '../../support/rulebook.js';

const files = rulebookFiles();
const load = (file: string, from: RegExp | string, to: string) => {
  const text = files[file] ?? '';
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`${file} does not hold the passage any more`);
  return () => testRulebook({ [file]: changed });
};

describe('between its documents a rulebook', () => {
  it.each<[promise: string, file: string, from: RegExp | string, to: string, message: string]>([
    [
      'has no role that implies itself',
      'roles.yaml',
      'Takes part in care under supervision',
      'x\n    implies: [senior_clinician]',
      'role "clinical_staff" implies itself',
    ],
    ['holds no warrant longer than an hour', 'tiers.yaml', 'life: 60m', 'life: 61m', 'a warrant lives an hour at most'],
    [
      'asks no fewer people in a higher tier',
      'tiers.yaml',
      'clinical_staff, count: 1',
      'clinical_staff, count: 3',
      'asks fewer people than T1',
    ],
    ['gives a higher tier no longer warrant', 'tiers.yaml', 'life: 10m', 'life: 31m', 'is longer than that of T1'],
    [
      'lets nobody have PHI unasked',
      'elements.yaml',
      /tier: T1\n    sensitivity: phi/,
      'tier: T0\n    sensitivity: phi',
      'PHI is never T0',
    ],
    ['searches PHI by patient only', 'elements.yaml', `patient: '{patient}', `, '', 'PHI is searched by patient only'],
    [
      'asks for the scopes of what it searches',
      'elements.yaml',
      'system/MedicationRequest.rs',
      'system/Medication.rs',
      'no scope of this element covers MedicationRequest',
    ],
    ['writes at T1 at least', 'actions.yaml', 'performs: ehr.read', 'performs: ehr.write', 'ehr.write is T1 at least'],
    [
      'exports at T2 at least',
      'actions.yaml',
      /(medications\.read:\n    tier: T1\n    performs: )ehr\.read/,
      '$1ehr.export',
      'ehr.export is T2 at least',
    ],
    [
      'deletes at T3 at least',
      'actions.yaml',
      /(medications\.read:\n    tier: T1\n    performs: )ehr\.read/,
      '$1ehr.delete',
      'ehr.delete is T3 at least',
    ],
    [
      'sends outside at T2 at least',
      'actions.yaml',
      'destination: treatment',
      'destination: external',
      'external is T2 at least',
    ],
    [
      'has a word for nothing that no element has',
      'vocabulary.yaml',
      '[charges, payments, balance]',
      '[charges, paiments]',
      'unknown element "paiments"',
    ],
    [
      'lets no purpose stand for another',
      'vocabulary.yaml',
      'treatment: TREAT',
      'treatment: TREAT\n  HRESCH: TREAT',
      '"HRESCH" stands for itself already',
    ],
    [
      'lets no element stand for another',
      'vocabulary.yaml',
      'dob: demographics.dob',
      'allergy_history: demographics.dob',
      '"allergy_history" stands for itself already',
    ],
    [
      'breaks the glass for purposes that exist',
      'vocabulary.yaml',
      '[ETREAT, BTG]',
      '[BTGG]',
      'unknown purpose "BTGG"',
    ],
    [
      'asks only about PHI whether data contains it',
      'policy.yaml',
      'data_contains: phi',
      'data_contains: billing',
      'nothing can say whether data contains "billing"',
    ],
    [
      'keeps the records of agents as classes that exist',
      'retention.yaml',
      'record_classes:',
      'agents: { scheduling-agent: actoin }\nrecord_classes:',
      'unknown record class "actoin"',
    ],
    ['limits purposes to known ones', 'actions.yaml', '[TREAT, HOPERAT, HPAYMT]', '[TREET]', 'unknown purpose "TREET"'],
    [
      'gives actions elements that exist',
      'actions.yaml',
      '[current_medications]',
      '[current_meds]',
      'unknown element "current_meds"',
    ],
    [
      'relates for purposes that exist',
      'tiers.yaml',
      'treatment_relationship: [TREAT]',
      'treatment_relationship: [TREATMENT]',
      'unknown purpose "TREATMENT"',
    ],
  ])('%s', (_promise, file, from, to, message) => {
    expect(load(file, from, to)).toThrow(RulebookError);
    expect(load(file, from, to)).toThrow(message);
  });
});

describe('production', () => {
  const safe = {
    issuer: 'https://id.clinic.example',
    jwksUri: 'https://id.clinic.example/jwks',
    audiences: [],
    clients: [],
  };
  const log = 'log.clinic.example/x+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx';

  it('takes the shipped rulebook under real issuers', () => {
    expect(() => assertFitForProduction(testRulebook({}, { ...noTrust, issuers: [safe], logs: [log] }))).not.toThrow();
  });

  it.each([
    ['a plain-text issuer', { ...noTrust, issuers: [{ ...safe, issuer: 'http://id.clinic.example' }] }],
    ['a plain-text key set', { ...noTrust, issuers: [{ ...safe, jwksUri: 'http://id.clinic.example/jwks' }] }],
    ['a loopback issuer', { ...noTrust, issuers: [{ ...safe, issuer: 'https://localhost:1' }] }],
    ['a loopback address', { ...noTrust, issuers: [{ ...safe, issuer: 'https://127.1.2.3' }] }],
    ['an IPv6 loopback address', { ...noTrust, issuers: [{ ...safe, issuer: 'https://[::1]:8' }] }],
    ['a log of development', { ...noTrust, logs: [`dev.${log}`] }],
  ])('refuses %s', (_what, roots) => {
    expect(unfitForProduction(testRulebook({}, roots))).toHaveLength(1);
    expect(() => assertFitForProduction(testRulebook({}, roots))).toThrow(RulebookError);
  });

  it('refuses agents whose records are of the sandbox', () => {
    const retention = `agents: { throwaway-agent: sandbox_demo }\n${files['retention.yaml'] ?? ''}`;
    expect(unfitForProduction(testRulebook({ 'retention.yaml': retention }))).toEqual([
      { file: 'retention.yaml', message: 'throwaway-agent leaves records of sandbox_demo, a class of the sandbox' },
    ]);
  });

  it('refuses records of the sandbox', () => {
    const actions = (files['actions.yaml'] ?? '').replace('record_class: action', 'record_class: sandbox_demo');
    expect(unfitForProduction(testRulebook({ 'actions.yaml': actions }))).toEqual([
      { file: 'actions.yaml', message: 'facility.read is kept as sandbox_demo, a class of the sandbox' },
    ]);
  });
});
