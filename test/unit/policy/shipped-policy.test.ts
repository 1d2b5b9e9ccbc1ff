import { describe, expect, it } from '@jest/globals';
import { role as roleOf } from '../../../src/action/ids.js';
import { verbs, type PolicyRequest } from '../../../src/policy/core.js';
import { decide } from '../../../src/policy/decide.js';
import { rolesHeld } from '../../../src/rulebook/rulebook.js';
import { rulebookFiles, testRulebook } from '../../support/rulebook.js';

const text = rulebookFiles()['policy.yaml'] ?? '';
const without = (passage: RegExp, instead: string) => {
  const changed = text.replace(passage, instead);
  if (changed === text) throw new Error('policy.yaml does not hold the passage any more');
  return testRulebook({ 'policy.yaml': changed });
};
const { policy, elements, roles } = testRulebook();
const all = [...elements.keys()].filter((name) => name !== 'facility');
const treatment: PolicyRequest = {
  verb: 'write',
  phase: 'before',
  elements: ['current_medications'],
  purpose: 'TREAT',
  destination: 'treatment',
  agentRole: 'documentation',
  principalRoles: ['clinical_staff'],
  namesPatient: true,
  related: true,
};

describe('the rule for changes', () => {
  it('allows one for treatment by somebody who treats the patient, on the record', () => {
    expect(decide(policy, treatment)).toMatchObject({
      effect: 'allow',
      rules: ['agent.documentation.current_medications', 'role.clinical_staff.can.medications', 'treatment_write'],
      obligations: ['audit'],
    });
  });

  it.each<[what: string, change: Partial<PolicyRequest>]>([
    ['another purpose', { purpose: 'HOPERAT' }],
    ['research', { purpose: 'HRESCH' }],
    ['an emergency, for which no rule is written', { purpose: 'ETREAT' }],
    ['somebody who does not treat the patient', { related: false }],
    ['another destination', { destination: 'external' }],
    ['a de-identified destination', { destination: 'deidentified' }],
    ['no role', { principalRoles: [] }],
    ['an agent that only reads', { agentRole: 'triage' }],
    ['an export', { verb: 'export' }],
    ['something generated', { verb: 'generate' }],
    ['facility data', { elements: ['facility'] }],
    ['one forbidden element among others', { elements: ['current_medications', 'coverage'] }],
  ])('allows none for %s', (_what, change) => {
    expect(decide(policy, { ...treatment, ...change }).effect).toBe('deny');
  });

  it.each(['purpose', 'destination', 'related', 'agentRole', 'principalRoles'] as const)(
    'allows none when nobody knows the %s',
    (attribute) => {
      const { [attribute]: _, ...rest } = treatment;
      expect(decide(policy, rest).effect).toBe('deny');
    },
  );
});

const staff = [
  'demographics.name',
  'demographics.dob',
  'demographics.phone',
  'demographics.address',
  'current_medications',
  'allergy_history',
];
const clinician = [
  ...staff,
  'problems',
  'procedures',
  'immunizations',
  'recent_vital_signs',
  'recent_labs',
  'care_plan',
  'care_team',
  'clinical_notes',
];
const access: Readonly<Record<string, readonly string[]>> = {
  clinical_staff: staff,
  clinician,
  senior_clinician: clinician,
  pharmacist: ['current_medications', 'allergy_history'],
};

describe.each([...roles.keys()])('the role table of %s', (name) => {
  // An agent that may ask for everything, so that the role alone decides.
  const agents = `agents:\n  triage: { allowed_fields: [${all.join(', ')}], allowed_operations: [read, write] }\n`;
  const { policy: open } = without(/agents:[^]*$/, agents);
  const held = rolesHeld({ roles }, [roleOf(name)]);

  it.each(all.flatMap((element) => (['read', 'write'] as const).map((verb) => [verb, element] as const)))(
    '%s %s',
    (verb, element) => {
      const asked = { ...treatment, verb, elements: [element], agentRole: 'triage', principalRoles: held };
      expect(decide(open, asked).effect).toBe(access[name]?.includes(element) ? 'allow' : 'deny');
    },
  );
});

describe.each<[agent: string, fields: string[], operations: string[]]>([
  [
    'scheduling',
    ['demographics.name', 'demographics.dob', 'demographics.phone', 'coverage', 'appointment_history'],
    ['read'],
  ],
  ['triage', ['demographics.name', 'demographics.dob', 'allergy_history', 'current_medications', 'symptoms'], ['read']],
  [
    'billing',
    ['demographics.name', 'demographics.dob', 'coverage', 'charges', 'payments', 'balance'],
    ['read', 'write'],
  ],
  [
    'documentation',
    [
      'demographics.name',
      'demographics.dob',
      'demographics.phone',
      'demographics.address',
      'allergy_history',
      'current_medications',
      'problems',
      'recent_vital_signs',
      'clinical_notes',
    ],
    ['read', 'write', 'generate'],
  ],
  [
    'clinical_decision_support',
    ['allergy_history', 'current_medications', 'problems', 'recent_labs', 'recent_vital_signs', 'immunizations'],
    ['read', 'generate'],
  ],
])('the agent table of %s', (agent, fields, operations) => {
  // No role tables, and one rule that allows every verb, so that the agent alone decides.
  const rules = `rules:\n  - { action: [${verbs.join(', ')}], resource: '/data/patient/*', effect: allow }\n`;
  const { policy: open } = without(/rules:[^]*(?=agents:)/, rules);

  it.each(all.flatMap((element) => verbs.map((verb) => [verb, element] as const)))('%s %s', (verb, element) => {
    const allowed = fields.includes(element) && operations.includes(verb);
    const asked = { ...treatment, verb, elements: [element], agentRole: agent };
    expect(decide(open, asked).effect).toBe(allowed ? 'allow' : 'deny');
  });
});
