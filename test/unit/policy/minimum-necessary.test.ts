import { describe, expect, it } from '@jest/globals';
import { lookBackOf, minimumNecessary } from '../../../src/policy/minimum-necessary.js';
import { classify, type Classification } from '../../../src/policy/classify.js';
import { recordFacts } from '../../support/facts.js';
import { rulebookFiles, testRulebook } from '../../support/rulebook.js';

const rulebook = testRulebook();
const element = (name: string, sensitivity: 'none' | 'phi' = 'phi') => ({ name, sensitivity });
const rulesOf = (classification: Classification) => (classification.status === 'refused' ? classification.rules : []);
/** The shipped table, its triage row replaced. */
const withTriage = (row: string) => {
  const text = rulebookFiles()['minimum-necessary.yaml'] ?? '';
  const changed = text.replace(/ {2}treat\.triage:\n(?: {4}.*\n)+/, `  treat.triage:\n${row}`);
  if (changed === text) throw new Error('minimum-necessary.yaml has no row for triage any more');
  return testRulebook({ 'minimum-necessary.yaml': changed });
};
const triageRow = (elements: string, records = 400) =>
  `    reason: for a test\n    purpose: TREAT\n    agent_role: triage\n    records: ${records}\n    elements: { ${elements} }\n`;

describe('the minimum-necessary table', () => {
  const asked = { purpose: 'TREAT', agentRole: 'triage', elements: [element('current_medications')] };

  it('verifies what a role routinely needs for a purpose, by the id of one row', () => {
    expect(minimumNecessary(rulebook.minimumNecessary, asked)).toMatchObject({
      status: 'inside',
      routine: { id: 'treat.triage' },
    });
  });

  it.each<[what: string, asked: Parameters<typeof minimumNecessary>[1], outside: string[]]>([
    ['another element', { ...asked, elements: [element('clinical_notes')] }, ['clinical_notes']],
    [
      'one other element among routine ones',
      { ...asked, elements: [element('current_medications'), element('clinical_notes')] },
      ['clinical_notes'],
    ],
    ['another purpose', { ...asked, purpose: 'HOPERAT' }, ['current_medications']],
    ['an unknown purpose', { ...asked, purpose: 'CURIOSITY' }, ['current_medications']],
    ['a purpose in another case', { ...asked, purpose: 'treat' }, ['current_medications']],
    ['an unknown role', { ...asked, agentRole: 'unknown' }, ['current_medications']],
    ['a role that every object has', { ...asked, agentRole: 'constructor' }, ['current_medications']],
    ['an element that every object has', { ...asked, elements: [element('constructor')] }, ['constructor']],
  ])('leaves outside: %s', (_what, about, elements) => {
    expect(minimumNecessary(rulebook.minimumNecessary, about)).toEqual({ status: 'outside', elements });
  });

  it('leaves everything outside when it is empty', () => {
    expect(minimumNecessary([], asked)).toEqual({ status: 'outside', elements: ['current_medications'] });
  });

  it('does not judge what holds no PHI', () => {
    const facility = { ...asked, elements: [element('facility', 'none')], purpose: 'HOPERAT', agentRole: 'nobody' };
    expect(minimumNecessary(rulebook.minimumNecessary, facility)).toEqual({ status: 'not_asked' });
  });

  it('bounds by date only what has one', () => {
    const [routine] = withTriage(
      triageRow('current_medications: undated, symptoms: { days: 30 }'),
    ).minimumNecessary.filter(({ id }) => id === 'treat.triage');
    expect(routine && lookBackOf(routine, ['current_medications', 'symptoms'])).toEqual({ symptoms: 30 });
  });

  it('binds an agent that reads for treatment too: every role that may read has a row, and no purpose is exempt', () => {
    const purposes = new Set(rulebook.minimumNecessary.map(({ purpose }) => purpose));
    expect(purposes.has('TREAT')).toBe(true);
    expect(minimumNecessary([], { ...asked, purpose: 'TREAT' }).status).toBe('outside');
  });
});

describe('an action inside the table', () => {
  it('carries the id of its row, on the leaf and among its rules, and stays in its tier', () => {
    const classification = classify(rulebook, recordFacts);
    expect(classification).toMatchObject({ tier: 'T1', minimumNecessary: 'treat.triage' });
    expect(classification.rules).toContain('minimum_necessary:treat.triage');
  });

  it('may open no more records than its row says', () => {
    const narrow = withTriage(triageRow('current_medications: undated, allergy_history: undated', 7));
    expect(classify(narrow, recordFacts)).toMatchObject({ limits: { maxRecords: 7 } });
  });

  it('is never widened by its row', () => {
    const wide = withTriage(triageRow('current_medications: undated, allergy_history: undated', 900_000));
    expect(classify(wide, recordFacts)).toMatchObject({ limits: { maxRecords: 400 } });
  });
});

describe('an action outside the table', () => {
  const strict = withTriage(triageRow('current_medications: undated'));

  it('rises by one tier, and names why', () => {
    const classification = classify(strict, recordFacts);
    expect(classification).toMatchObject({ tier: 'T2', minimumNecessary: undefined });
    expect(classification.rules).toContain('tier.raised:outside_minimum_necessary');
    expect(classification.rules.join()).not.toMatch(/minimum_necessary:/);
  });

  it('needs a justification of each element that is too much, even where its tier asks for none', () => {
    const tiers = (rulebookFiles()['tiers.yaml'] ?? '').replaceAll('[reason, justifications]', '[reason]');
    const files = { 'tiers.yaml': tiers, 'minimum-necessary.yaml': '' };
    const lax = testRulebook({ ...files, 'minimum-necessary.yaml': yamlOf(triageRow('current_medications: undated')) });
    expect(rulesOf(classify(lax, { ...recordFacts, justified: ['current_medications'] }))).toEqual([
      'justification.missing:allergy_history',
    ]);
    expect(classify(lax, { ...recordFacts, justified: ['allergy_history'] }).status).toBe('approvals_needed');
  });

  it('is refused where there is no tier above', () => {
    expect(rulesOf(classify(strict, { ...recordFacts, claimedTier: 'T3' }))).toEqual([
      'tier.beyond:outside_minimum_necessary',
    ]);
  });

  it('is what every element is to a role without a row', () => {
    const agent = { role: 'billing', status: 'current' as const };
    expect(rulesOf(classify(rulebook, { ...recordFacts, agent, justified: [] }))).toEqual(
      expect.arrayContaining(['justification.missing:allergy_history', 'justification.missing:current_medications']),
    );
  });
});

/** A table of this one row. */
function yamlOf(row: string): string {
  return `routine:\n  treat.triage:\n${row}`;
}

describe('the shipped table', () => {
  it.each<[role: string, purpose: string, elements: string[]]>([
    ['triage', 'TREAT', ['current_medications', 'allergy_history', 'demographics.name', 'demographics.dob']],
    ['documentation', 'TREAT', ['current_medications', 'allergy_history', 'clinical_notes', 'problems']],
    ['documentation', 'TREAT', ['demographics.phone', 'demographics.address']],
    ['clinical_decision_support', 'TREAT', ['current_medications', 'allergy_history', 'recent_labs']],
    ['scheduling', 'TREAT', ['demographics.phone', 'appointment_history']],
    ['scheduling', 'HOPERAT', ['demographics.phone', 'appointment_history']],
    ['billing', 'HPAYMT', ['charges', 'payments', 'balance', 'coverage']],
  ])('covers what %s asks for under %s', (agentRole, purpose, elements) => {
    const asked = { purpose, agentRole, elements: elements.map((name) => element(name)) };
    expect(minimumNecessary(rulebook.minimumNecessary, asked).status).toBe('inside');
  });

  it.each<[role: string, purpose: string, name: string]>([
    ['billing', 'HPAYMT', 'clinical_notes'],
    ['billing', 'TREAT', 'charges'],
    ['scheduling', 'HOPERAT', 'demographics.dob'],
    ['triage', 'TREAT', 'full_medical_history'],
    ['clinical_decision_support', 'TREAT', 'demographics.name'],
    ['documentation', 'HOPERAT', 'clinical_notes'],
  ])('does not cover %s under %s: %s', (agentRole, purpose, name) => {
    const asked = { purpose, agentRole, elements: [element(name)] };
    expect(minimumNecessary(rulebook.minimumNecessary, asked).status).toBe('outside');
  });
});
