import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PolicyRequest } from '../../../src/policy/core.js';
import { decide } from '../../../src/policy/decide.js';
import { policies, testRulebook } from '../../support/rulebook.js';

const text = readFileSync(join(policies, 'examples', 'hipaa-phi-protection.yaml'), 'utf8');
const { policy, elements } = testRulebook({ 'policy.yaml': text });
const answer = (request: PolicyRequest) => decide(policy, request).effect;

const triage: PolicyRequest = {
  verb: 'read',
  phase: 'before',
  elements: ['current_medications'],
  purpose: 'TREAT',
  destination: 'treatment',
  agentRole: 'triage',
  principalRoles: ['clinician'],
  namesPatient: true,
  related: true,
};

describe('the published example policy', () => {
  it('loads as it stands and allows a read for treatment', () => {
    expect(decide(policy, triage)).toMatchObject({
      effect: 'allow',
      rules: ['agent.triage.current_medications', 'role.clinician.can.medications', 'rule.1'],
      obligations: ['audit'],
    });
  });

  it.each<[what: string, change: Partial<PolicyRequest>]>([
    ['another purpose', { purpose: 'HPAYMT' }],
    ['another role', { principalRoles: ['admin'] }],
    ['no role', { principalRoles: [] }],
    ['an agent without a table', { agentRole: 'documentation' }],
    ['a write', { verb: 'write' }],
    ['an export', { verb: 'export' }],
    ['a field of another agent', { elements: ['charges'] }],
    ['one field of another agent among its own', { elements: ['current_medications', 'charges'] }],
    ['facility data, about which it says nothing', { elements: ['facility'] }],
  ])('denies %s', (_what, change) => {
    expect(answer({ ...triage, ...change })).toBe('deny');
  });

  it('reads its window rule as it is written: during business hours, for any purpose', () => {
    const payment = { ...triage, purpose: 'HPAYMT' };
    expect(answer({ ...payment, timeWindows: ['business_hours'] })).toBe('allow');
    expect(answer({ ...payment, timeWindows: [] })).toBe('deny');
  });

  it('opens the full history only when the glass is broken', () => {
    const history = { ...triage, elements: ['full_medical_history'], timeWindows: ['business_hours'] };
    const seen = {
      ...testRulebook({
        'policy.yaml': text.replace('can_access: [treatment_records,', 'can_access: [phi, treatment_records,'),
      }).policy,
    };
    expect(decide(seen, history).effect).toBe('deny');
    expect(decide(seen, { ...history, purpose: 'ETREAT' }).effect).toBe('allow');
    expect(decide(seen, { ...history, purpose: 'BTG' }).effect).toBe('allow');
  });

  it.each<[contains: boolean | undefined, destination: PolicyRequest['destination'], effect: string]>([
    [false, 'treatment', 'allow'],
    [false, 'external', 'allow'],
    [true, 'treatment', 'deny'],
    [true, 'external', 'deny'],
    [undefined, 'treatment', 'deny'],
    [undefined, 'external', 'deny'],
    [false, undefined, 'allow'],
  ])('with PHI %p answers output to %p with %s', (containsPhi, destination, effect) => {
    const output: PolicyRequest = {
      verb: 'read',
      phase: 'output',
      elements: [],
      ...(containsPhi !== undefined && { containsPhi }),
      ...(destination !== undefined && { destination }),
    };
    expect(answer(output)).toBe(effect);
  });

  it('raises the alarm when PHI would leave', () => {
    const leaving: PolicyRequest = {
      verb: 'read',
      phase: 'output',
      elements: [],
      containsPhi: true,
      destination: 'external',
    };
    expect(decide(policy, leaving)).toMatchObject({ rules: ['rule.3'], obligations: ['alert'] });
  });
});

// Every cell of the two tables, asked with everything else in order.
const cells: Record<string, readonly string[]> = {
  treatment_records: [
    'problems',
    'procedures',
    'immunizations',
    'recent_vital_signs',
    'recent_labs',
    'care_plan',
    'care_team',
  ],
  medications: ['current_medications'],
  allergies: ['allergy_history'],
  billing: ['charges', 'payments', 'balance'],
  insurance_details: ['coverage'],
  clinical_notes: ['clinical_notes'],
  diagnoses: ['problems'],
};
const all = [...elements.keys()].filter((name) => name !== 'facility');

describe.each<[role: string, can: string[], cannot: string[]]>([
  ['clinician', ['treatment_records', 'medications', 'allergies'], ['billing', 'insurance_details']],
  ['billing_staff', ['billing', 'insurance_details'], ['clinical_notes', 'diagnoses']],
])('its role table of %s', (role, can, cannot) => {
  // An agent that may ask for everything, so that the role alone decides.
  const agents = `agents:\n  triage: { allowed_fields: [${all.join(', ')}], allowed_operations: [read] }\n`;
  const open = testRulebook({ 'policy.yaml': text.replace(/agents:[^]*$/, agents) }).policy;
  const allowed = new Set(can.flatMap((category) => cells[category] ?? []));

  it.each(all)('%s', (element) => {
    const decision = decide(open, { ...triage, elements: [element], principalRoles: [role] });
    expect(decision.effect).toBe(allowed.has(element) ? 'allow' : 'deny');
    const denied = cannot.filter((category) => cells[category]?.includes(element));
    expect(decision.rules.filter((id) => id.includes('.cannot.'))).toEqual(
      denied.map((category) => `role.${role}.cannot.${category}`),
    );
  });

  it('what it cannot access no other role opens', () => {
    const both = cannot.flatMap((category) => cells[category] ?? []);
    const roles = ['clinician', 'billing_staff', 'researcher', 'admin'];
    expect(
      both.every(
        (element) => decide(open, { ...triage, elements: [element], principalRoles: roles }).effect === 'deny',
      ),
    ).toBe(true);
  });
});

describe('its role table of researcher', () => {
  const research: PolicyRequest = { ...triage, purpose: 'HRESCH', principalRoles: ['researcher'] };

  it.each<[destination: 'treatment' | 'external' | 'deidentified', effect: string]>([
    ['deidentified', 'allow'],
    ['treatment', 'deny'],
    ['external', 'deny'],
  ])('gives data bound for %s: %s', (destination, effect) => {
    expect(answer({ ...research, destination })).toBe(effect);
  });

  const agents = `agents:\n  triage: { allowed_fields: [${all.join(', ')}], allowed_operations: [read] }\n`;
  const open = testRulebook({ 'policy.yaml': text.replace(/agents:[^]*$/, agents) }).policy;

  it.each(
    all.flatMap((element) => (['deidentified', 'treatment', 'external'] as const).map((to) => [element, to] as const)),
  )('gives %s bound for %s only where nobody can be identified', (element, destination) => {
    const decision = decide(open, { ...research, elements: [element], destination });
    expect(decision.effect).toBe(destination === 'deidentified' ? 'allow' : 'deny');
    expect(decision.rules.filter((id) => id.startsWith('role.'))).toEqual(
      destination === 'deidentified' ? ['role.researcher.can.de_identified_data'] : ['role.researcher.cannot.phi'],
    );
  });

  it('keeps PHI from whoever has another role as well', () => {
    const both = { ...research, purpose: 'TREAT', principalRoles: ['clinician', 'researcher'] };
    expect(decide(open, both).rules).toEqual(['role.researcher.cannot.phi']);
    expect(decide(open, { ...both, principalRoles: ['clinician'] }).effect).toBe('allow');
  });

  it('gives nothing to nobody knows where', () => {
    const { destination: _, ...somewhere } = research;
    expect(answer(somewhere)).toBe('deny');
  });
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
])('its agent table of %s', (agent, fields, operations) => {
  // No role tables, and rules that allow any verb, so that the agent alone decides.
  const rules = `rules:\n  - { action: [read, write, export, generate], resource: "/data/patient/*", effect: allow }\n`;
  const open = testRulebook({ 'policy.yaml': text.replace(/rules:[^]*agents:/, `${rules}agents:`) }).policy;
  const verbs = ['read', 'write', 'export', 'generate'] as const;

  it.each(all.flatMap((element) => verbs.map((verb) => [verb, element] as const)))('%s %s', (verb, element) => {
    const allowed = fields.includes(element) && operations.includes(verb);
    expect(decide(open, { ...triage, verb, elements: [element], agentRole: agent }).effect).toBe(
      allowed ? 'allow' : 'deny',
    );
  });
});
