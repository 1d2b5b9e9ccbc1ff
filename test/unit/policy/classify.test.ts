import { describe, expect, it } from '@jest/globals';
import { role } from '../../../src/action/ids.js';
import { classify, type Classification, type ClassifyFacts } from '../../../src/policy/classify.js';
import { leafKinds } from '../../../src/audit/leaf.js';
import { rulebookFiles, testRulebook } from '../../support/rulebook.js';

const rulebook = testRulebook();
const facility: ClassifyFacts = {
  type: 'facility.read',
  floor: 'T0',
  elements: ['facility'],
  purpose: 'HOPERAT',
  namesPatient: false,
  agent: { role: 'scheduling', status: 'current' },
  principalRoles: [role('operator')],
  relation: 'not_asked',
  reasonGiven: false,
  justified: [],
  riskAssessed: false,
  unnamedLabels: 'not_read_yet',
  circumstances: {},
  tallied: 'not_counted',
};
const medications: ClassifyFacts = {
  ...facility,
  type: 'medications.read',
  floor: 'T1',
  elements: ['current_medications'],
  purpose: 'TREAT',
  namesPatient: true,
  agent: { role: 'triage', status: 'current' },
  principalRoles: [role('senior_clinician')],
  relation: 'related',
  reasonGiven: true,
};
const record: ClassifyFacts = {
  ...medications,
  type: 'record.read',
  elements: ['allergy_history', 'current_medications'],
};
const rulesOf = (classification: Classification) => (classification.status === 'refused' ? classification.rules : []);

describe('classification', () => {
  it('authorises administrative data at once', () => {
    expect(classify(rulebook, facility)).toEqual({
      status: 'authorised',
      tier: 'T0',
      rules: ['agent.scheduling.facility', 'facility_read', 'role.operator.can.facility', 'tier.action'],
      why: [
        { tier: 'T0', why: 'tier.action' },
        { tier: 'T0', why: 'tier.element:facility' },
      ],
      minimumNecessary: undefined,
      obligations: ['audit'],
      performs: 'ehr.read',
      writes: false,
      destination: 'treatment',
      warrantSeconds: 3600,
      limits: { maxUses: 1, maxRecords: 100, maxBytes: 2_000_000 },
      lookBackDays: {},
    });
  });

  it.each(['scheduling', 'triage', 'billing', 'documentation', 'clinical_decision_support'])(
    'lets an agent in the role %s read the facility',
    (agent) => {
      expect(classify(rulebook, { ...facility, agent: { role: agent, status: 'current' } }).status).toBe('authorised');
    },
  );

  it('asks one of the clinical staff about medications, with the terms of T1', () => {
    expect(classify(rulebook, medications)).toMatchObject({
      status: 'approvals_needed',
      tier: 'T1',
      needs: { status: 'quorum', factors: [{ role: 'clinical_staff', count: 1 }] },
      deadlineSeconds: 14_400,
      reminderSeconds: 7_200,
      proof: { method: 'idp', acr: ['urn:countersign:acr:mfa'], amr: ['mfa'] },
      warrantSeconds: 1_800,
      limits: { maxUses: 1, maxRecords: 200, maxBytes: 5_000_000 },
    });
    expect(classify(rulebook, record).status).toBe('approvals_needed');
  });

  it.each<[expiresIn: number, deadline: number, reminder: number | undefined]>([
    [3, 3, 1],
    [1, 1, undefined],
    [14_400, 14_400, 7_200],
    [1_000_000, 14_400, 7_200],
  ])('expiresIn %p only shortens the deadline', (expiresIn, deadlineSeconds, reminderSeconds) => {
    expect(classify(rulebook, { ...medications, expiresIn })).toMatchObject({ deadlineSeconds, reminderSeconds });
  });

  it.each<[what: string, facts: ClassifyFacts, rules: string[]]>([
    ['an unknown type', { ...medications, type: 'medications.reads' }, ['type.unknown']],
    ['a type in another case', { ...medications, type: 'Medications.read' }, ['type.unknown']],
    ['a type in other letters', { ...medications, type: 'ｍedications.read' }, ['type.unknown']],
    ['a type that every object has', { ...medications, type: 'constructor' }, ['type.unknown']],
    ['an unknown element', { ...record, elements: ['allergy_histories'] }, ['element.unknown']],
    ['an element in another case', { ...record, elements: ['Allergy_history'] }, ['element.unknown']],
    ['no element', { ...record, elements: [] }, ['element.unknown']],
    [
      'an unknown purpose',
      { ...medications, purpose: 'CURIOSITY' },
      [
        'default_deny',
        'element.forbidden:current_medications',
        'justification.missing:current_medications',
        'purpose.not_of_type',
      ],
    ],
    [
      'a purpose in another case',
      { ...medications, purpose: 'treat' },
      [
        'default_deny',
        'element.forbidden:current_medications',
        'justification.missing:current_medications',
        'purpose.not_of_type',
      ],
    ],
    [
      'an element of no use to the type',
      { ...medications, elements: ['allergy_history'] },
      ['element.not_of_type:allergy_history'],
    ],
    ['an unknown agent', { ...medications, agent: { role: 'triage', status: 'unknown' } }, ['agent.unknown']],
    ['a suspended agent', { ...medications, agent: { role: 'triage', status: 'suspended' } }, ['agent.suspended']],
    [
      'a changed agent',
      { ...medications, agent: { role: 'triage', status: 'version_changed' } },
      ['agent.version_changed'],
    ],
    [
      'an agent past its review',
      { ...facility, agent: { role: 'triage', status: 'review_overdue' } },
      ['agent.review_overdue'],
    ],
    ['a lapsed BAA', { ...facility, agent: { role: 'triage', status: 'baa_lapsed' } }, ['agent.baa_lapsed']],
    [
      'an agent that may not see it',
      { ...medications, agent: { role: 'billing', status: 'current' } },
      ['default_deny', 'element.forbidden:current_medications', 'justification.missing:current_medications'],
    ],
    [
      'an agent of no known role',
      { ...facility, agent: { role: 'Scheduling', status: 'current' } },
      ['default_deny', 'element.forbidden:facility'],
    ],
    [
      'a principal who may not see it',
      { ...medications, principalRoles: [role('operator')] },
      ['default_deny', 'element.forbidden:current_medications'],
    ],
    ['a principal without a role', { ...facility, principalRoles: [] }, ['default_deny', 'element.forbidden:facility']],
    [
      'a principal whose one role forbids it',
      { ...medications, principalRoles: [role('clinician'), role('researcher')] },
      ['element.forbidden:current_medications', 'role.researcher.cannot.phi'],
    ],
    ['no reason', { ...medications, reasonGiven: false }, ['reason.missing']],
    [
      'no relation',
      { ...medications, relation: 'not_related' },
      ['default_deny', 'element.forbidden:current_medications', 'relation.not_related'],
    ],
    [
      'an unknown relation',
      { ...medications, relation: 'unknown' },
      ['default_deny', 'element.forbidden:current_medications', 'relation.unknown'],
    ],
    [
      'a relation that nobody asked for',
      { ...medications, relation: 'not_asked' },
      ['default_deny', 'element.forbidden:current_medications', 'relation.not_asked'],
    ],
    ['no patient', { ...medications, namesPatient: false }, ['patient.missing']],
    [
      'one element that no gateway serves',
      { ...record, agent: { role: 'documentation', status: 'current' }, elements: ['current_medications', 'problems'] },
      ['element.not_served:problems'],
    ],
    ['no seconds to wait', { ...medications, expiresIn: 0 }, ['expires_in.invalid']],
    ['a wait that is no number', { ...medications, expiresIn: Number.NaN }, ['expires_in.invalid']],
    ['an endless wait', { ...medications, expiresIn: Number.POSITIVE_INFINITY }, ['expires_in.invalid']],
  ])('refuses %s by name', (_what, facts, rules) => {
    expect(rulesOf(classify(rulebook, facts))).toEqual(rules);
  });

  it('names everything that stands against an action at once', () => {
    const facts = {
      ...medications,
      agent: { role: 'triage', status: 'suspended' as const },
      reasonGiven: false,
      relation: 'unknown' as const,
    };
    expect(rulesOf(classify(rulebook, facts))).toEqual(
      expect.arrayContaining(['agent.suspended', 'reason.missing', 'relation.unknown']),
    );
  });

  it('tells what a refused request lacked', () => {
    const classification = classify(rulebook, { ...medications, relation: 'not_related' });
    expect(classification).toMatchObject({ nearMisses: [{ rule: 'treatment_read', unmet: ['related'] }] });
  });

  it('speaks in rule ids that fit on the audit log', () => {
    const everything = [facility, medications, record, { ...medications, relation: 'unknown' as const }]
      .map((facts) => classify(rulebook, facts))
      .flatMap(({ rules }) => rules);
    const leaf = { agent: 'a', rules: everything, rulebook: rulebook.digest };
    expect(leafKinds['action.refused'].safeParse(leaf).error).toBeUndefined();
    const ids = [...rulebook.policy.denies, ...rulebook.policy.gates.flatMap(({ grants }) => grants)].map(
      ({ id }) => id,
    );
    expect(leafKinds['action.refused'].safeParse({ ...leaf, rules: ids }).error).toBeUndefined();
  });
});

describe('a tier', () => {
  it.each<[what: string, facts: ClassifyFacts, tier: string, why: string]>([
    ['the action’s floor', medications, 'T1', 'tier.action'],
    ['the program’s floor', { ...facility, floor: 'T1', reasonGiven: true }, 'T1', 'tier.action'],
    ['the highest element', { ...record, floor: 'T0' }, 'T1', 'tier.action'],
    ['the claim, where it is higher', { ...facility, claimedTier: 'T1', reasonGiven: true }, 'T1', 'tier.claimed'],
    ['no claim that is lower', { ...medications, claimedTier: 'T0' }, 'T1', 'tier.action'],
    ['a patient’s name', { ...facility, namesPatient: true }, 'T1', 'tier.names_patient'],
  ])('is that of %s', (_what, facts, tier, why) => {
    // A rule that is silent about patients, so that only the tier is judged.
    const quiet = testRulebook({
      'policy.yaml': (rulebookFiles()['policy.yaml'] ?? '').replace('- names_patient: false\n', ''),
    });
    const classification = classify(quiet, { ...facts, reasonGiven: true });
    expect(classification).toMatchObject({ tier });
    expect(classification.rules).toContain(why);
  });

  it('asks for a justification of each element from T2, and for a risk assessment at T3', () => {
    const facts: ClassifyFacts = { ...record, claimedTier: 'T2', justified: ['allergy_history'] };
    expect(rulesOf(classify(rulebook, facts))).toEqual(['justification.missing:current_medications']);
    const justified = { ...facts, justified: ['allergy_history', 'current_medications'] };
    expect(classify(rulebook, justified)).toMatchObject({
      tier: 'T2',
      deadlineSeconds: 86_400,
      proof: { method: 'passkey', fresh: false },
      needs: { factors: [{ role: 'clinical_staff' }, { role: 'senior_clinician' }] },
    });
    expect(rulesOf(classify(rulebook, { ...justified, claimedTier: 'T3' }))).toEqual(['risk_assessment.missing']);
    expect(classify(rulebook, { ...justified, claimedTier: 'T3', riskAssessed: true })).toMatchObject({
      tier: 'T3',
      deadlineSeconds: 259_200,
      proof: { method: 'passkey', fresh: true },
      warrantSeconds: 300,
    });
  });

  it('rises with an element that names a higher one', () => {
    const elements = (rulebookFiles()['elements.yaml'] ?? '').replace(/(allergy_history:\n    tier: )T1/, '$1T2');
    const strict = testRulebook({ 'elements.yaml': elements });
    const facts = { ...record, justified: record.elements };
    expect(classify(strict, facts)).toMatchObject({ tier: 'T2' });
    expect(classify(strict, facts).rules).toContain('tier.element:allergy_history');
  });
});
