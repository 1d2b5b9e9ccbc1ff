import { describe, expect, it } from '@jest/globals';
import { catalogue } from '../../../src/action/catalogue.js';
import { role } from '../../../src/action/ids.js';
import { leafKinds } from '../../../src/audit/leaf.js';
import { classify, type Classification, type ClassifyFacts } from '../../../src/policy/classify.js';
import { rulebookFiles, testRulebook } from '../../support/rulebook.js';

const rulebook = testRulebook();
const write = (type: string, ...elements: string[]): ClassifyFacts => ({
  type,
  floor: catalogue.get(type)?.tier ?? 'T0',
  elements,
  purpose: 'TREAT',
  namesPatient: true,
  agent: { role: 'documentation', status: 'current' },
  principalRoles: [role('senior_clinician')],
  relation: 'related',
  reasonGiven: true,
  justified: elements,
  riskAssessed: true,
  unnamedLabels: 'not_read_yet',
  circumstances: {},
  tallied: 'not_counted',
});
const medication = write('medication.update', 'current_medications');
const document = write('document.update', 'clinical_notes');
const phone = write('admin.update', 'demographics.phone');
const contact = write('admin.update', 'demographics.address', 'demographics.phone');
const deletion = write('record.delete', 'problems');
const rulesOf = (classification: Classification) => (classification.status === 'refused' ? classification.rules : []);
const seat = (name: string) => ({ role: name, count: 1 });
const edited = (file: string, from: RegExp | string, to: string) => {
  const text = rulebookFiles()[file] ?? '';
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`${file} does not hold the passage any more`);
  return testRulebook({ [file]: changed });
};

describe('a write', () => {
  it.each<[type: string, facts: ClassifyFacts, terms: object]>([
    [
      'medication.update',
      medication,
      {
        tier: 'T2',
        needs: {
          status: 'quorum',
          factors: [
            { role: 'clinician', count: 1, order: true },
            { role: 'senior_clinician', or: ['pharmacist'], count: 1 },
          ],
        },
        performs: 'ehr.write',
        proof: { method: 'passkey', fresh: false },
        confirmation: 'none',
        warrantSeconds: 600,
      },
    ],
    [
      'document.update',
      document,
      {
        tier: 'T2',
        needs: { status: 'quorum', factors: [seat('clinical_staff'), seat('senior_clinician')] },
        performs: 'ehr.write',
        confirmation: 'none',
      },
    ],
    [
      'admin.update',
      phone,
      {
        tier: 'T1',
        needs: { status: 'quorum', factors: [seat('clinical_staff')] },
        performs: 'ehr.write',
        proof: { method: 'idp', acr: ['urn:countersign:acr:mfa'], amr: ['mfa'] },
        confirmation: 'none',
      },
    ],
    ['admin.update of two elements', contact, { tier: 'T1', performs: 'ehr.write' }],
    [
      'record.delete',
      deletion,
      {
        tier: 'T3',
        needs: { status: 'quorum', factors: [seat('privacy_officer'), seat('senior_clinician')] },
        performs: 'ehr.delete',
        proof: { method: 'passkey', fresh: true },
        confirmation: 'typed',
        warrantSeconds: 300,
      },
    ],
  ])('%s is asked about, and its warrant is for one record', (_type, facts, terms) => {
    const classification = classify(rulebook, facts);
    expect(classification).toMatchObject({
      status: 'approvals_needed',
      writes: true,
      destination: 'treatment',
      obligations: ['audit'],
      limits: { maxUses: 1, maxRecords: 1 },
      ...terms,
    });
    expect(classification.rules).toContain('treatment_write');
  });

  it.each(['allergy_history', 'clinical_notes', 'current_medications', 'problems'])('may delete from %s', (element) => {
    expect(classify(rulebook, write('record.delete', element)).status).toBe('approvals_needed');
  });

  it('is told from a read', () => {
    const read = { ...medication, type: 'medications.read', floor: 'T1' as const };
    expect(classify(rulebook, read)).toMatchObject({ writes: false, limits: { maxRecords: 200 } });
  });

  it('may be asked for on behalf of clinical staff, who order nothing by asking', () => {
    const staff = { principalRoles: [role('clinical_staff')] };
    expect(classify(rulebook, { ...phone, ...staff }).status).toBe('approvals_needed');
    expect(classify(rulebook, { ...medication, ...staff })).toMatchObject({
      needs: { factors: [{ order: true }, {}] },
    });
    expect(rulesOf(classify(rulebook, { ...document, ...staff }))).toEqual([
      'default_deny',
      'element.forbidden:clinical_notes',
    ]);
  });

  it.each<[what: string, facts: ClassifyFacts, rules: string[]]>([
    [
      'an element that another write is for',
      write('medication.update', 'allergy_history'),
      ['element.not_of_type:allergy_history', 'element.not_written:allergy_history'],
    ],
    [
      'one such element among its own',
      write('record.delete', 'demographics.phone', 'problems'),
      ['element.not_written:demographics.phone'],
    ],
    [
      'an element that no write is for',
      write('admin.update', 'demographics.name'),
      ['element.not_written:demographics.name'],
    ],
    ['an unknown element', write('record.delete', 'Problems'), ['element.unknown']],
    ['no element', write('record.delete'), ['element.unknown']],
    [
      'no justification of a clinical change',
      { ...medication, justified: [] },
      ['justification.missing:current_medications'],
    ],
    ['no justification of a document', { ...document, justified: [] }, ['justification.missing:clinical_notes']],
    ['no risk assessment of a deletion', { ...deletion, riskAssessed: false }, ['risk_assessment.missing']],
    ['no reason', { ...phone, reasonGiven: false }, ['reason.missing']],
    ['no patient', { ...phone, namesPatient: false }, ['patient.missing']],
    [
      'a billing agent',
      { ...medication, agent: { role: 'billing', status: 'current' } },
      ['default_deny', 'element.forbidden:current_medications'],
    ],
    [
      'a triage agent, which may read the same',
      { ...medication, agent: { role: 'triage', status: 'current' } },
      ['default_deny', 'element.forbidden:current_medications'],
    ],
    [
      'a scheduling agent, which may read the same',
      { ...phone, agent: { role: 'scheduling', status: 'current' } },
      ['default_deny', 'element.forbidden:demographics.phone'],
    ],
    ['a suspended agent', { ...phone, agent: { role: 'documentation', status: 'suspended' } }, ['agent.suspended']],
    [
      'a researcher',
      { ...medication, principalRoles: [role('researcher')] },
      ['element.forbidden:current_medications', 'role.researcher.cannot.phi'],
    ],
    [
      'a clinician who is a researcher too',
      { ...document, principalRoles: [role('clinician'), role('researcher')] },
      ['element.forbidden:clinical_notes', 'role.researcher.cannot.phi'],
    ],
    [
      'a pharmacist about a note',
      { ...document, principalRoles: [role('pharmacist')] },
      ['default_deny', 'element.forbidden:clinical_notes'],
    ],
    [
      'somebody who does not treat the patient',
      { ...medication, relation: 'not_related' },
      ['default_deny', 'element.forbidden:current_medications', 'relation.not_related'],
    ],
    [
      'somebody of whom nobody knows that',
      { ...medication, relation: 'unknown' },
      ['default_deny', 'element.forbidden:current_medications', 'relation.unknown'],
    ],
    [
      'another purpose than treatment',
      { ...deletion, purpose: 'HOPERAT' },
      ['default_deny', 'element.forbidden:problems', 'purpose.not_of_type', 'tier.beyond:outside_minimum_necessary'],
    ],
  ])('is refused for %s', (_what, facts, rules) => {
    const classification = classify(rulebook, facts);
    expect(classification.status).toBe('refused');
    expect(rulesOf(classification)).toEqual(rules);
    const leaf = { agent: 'a', rules: rulesOf(classification), rulebook: rulebook.digest };
    expect(leafKinds['action.refused'].safeParse(leaf).error).toBeUndefined();
  });

  it.each<[what: string, from: RegExp, to: string, facts: ClassifyFacts]>([
    ['calls a write a read', /(document\.update:\n    tier: T2\n    performs: )ehr\.write/, '$1ehr.read', document],
    ['calls a deletion a write', /(record\.delete:\n    tier: T3\n    performs: )ehr\.delete/, '$1ehr.write', deletion],
    [
      'calls a read a write',
      /(medications\.read:\n    tier: T1\n    performs: )ehr\.read/,
      '$1ehr.write',
      { ...medication, type: 'medications.read' },
    ],
  ])('is refused by a rulebook that %s', (_what, from, to, facts) => {
    const other = edited('actions.yaml', from, to);
    expect(rulesOf(classify(other, facts))).toContain('performs.not_of_type');
  });
});

describe('a write that is raised above its own tier', () => {
  it('by a claim asks whom that tier asks', () => {
    expect(classify(rulebook, { ...medication, claimedTier: 'T3' })).toMatchObject({
      tier: 'T3',
      needs: { status: 'quorum', factors: [seat('privacy_officer'), seat('senior_clinician')] },
      confirmation: 'typed',
    });
    expect(classify(rulebook, { ...phone, claimedTier: 'T2' })).toMatchObject({
      tier: 'T2',
      needs: { factors: [seat('clinical_staff'), seat('senior_clinician')] },
      proof: { method: 'passkey' },
    });
  });

  it('by an element asks whom that tier asks', () => {
    const strict = edited('elements.yaml', /(current_medications:\n    tier: )T1/, '$1T3');
    expect(classify(strict, medication)).toMatchObject({
      tier: 'T3',
      needs: { factors: [seat('privacy_officer'), seat('senior_clinician')] },
    });
  });

  it('still needs what that tier asks for', () => {
    const facts = { ...medication, claimedTier: 'T3' as const, riskAssessed: false };
    expect(rulesOf(classify(rulebook, facts))).toEqual(['risk_assessment.missing']);
  });

  it('is not raised by a claim of its own tier or a lower one', () => {
    for (const claimedTier of ['T0', 'T1', 'T2'] as const)
      expect(classify(rulebook, { ...medication, claimedTier })).toMatchObject({
        tier: 'T2',
        needs: { factors: [{ order: true }, { or: ['pharmacist'] }] },
      });
  });
});
