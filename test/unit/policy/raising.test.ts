import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { tiers, type Tier } from '../../../src/action/types.js';
import { classify, type Classification, type ClassifyFacts } from '../../../src/policy/classify.js';
import {
  raisedBy,
  raisedTier,
  type RaiseTo,
  type RaisingFacts,
  type RaisingRule,
} from '../../../src/policy/raising.js';
import { findTier } from '../../../src/policy/tier.js';
import { recordFacts } from '../../support/facts.js';
import { rulebookFiles, testRulebook } from '../../support/rulebook.js';

const rulebook = testRulebook();
const rulesOf = (classification: Classification) => (classification.status === 'refused' ? classification.rules : []);
const quiet: RaisingFacts = {
  elements: [{ name: 'current_medications', sensitivity: 'phi' }],
  namesPatient: true,
  minimumNecessary: { status: 'not_asked' },
  destination: 'treatment',
  unnamedLabels: 'not_read_yet',
  tallied: { 'agent.patients.86400': 1, 'agent.records.86400': 1 },
};
const raised = (facts: Partial<RaisingFacts>, rules: readonly RaisingRule[] = rulebook.raising) =>
  raisedBy(rules, { ...quiet, ...facts }).map(({ id }) => id);
const many = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ name: `element_${at}`, sensitivity: 'phi' as const }));

describe('the shipped raising rules', () => {
  it('raise nothing that is routine', () => {
    expect(raised({})).toEqual([]);
  });

  it.each<[what: string, facts: Partial<RaisingFacts>, id: string]>([
    ['a sensitivity label that nobody named', { unnamedLabels: ['ETH'] }, 'unnamed_label'],
    ['labels that nobody can read', { unnamedLabels: 'unreadable' }, 'unnamed_label'],
    [
      'an element outside the table',
      { minimumNecessary: { status: 'outside', elements: ['problems'] } },
      'outside_minimum_necessary',
    ],
    ['one patient too many', { tallied: { 'agent.patients.86400': 101, 'agent.records.86400': 1 } }, 'many_patients'],
    ['one record too many', { tallied: { 'agent.patients.86400': 1, 'agent.records.86400': 10_001 } }, 'many_records'],
    ['the full history', { elements: [{ name: 'full_medical_history', sensitivity: 'phi' }] }, 'whole_chart'],
    ['a chart element by element', { elements: many(9) }, 'whole_chart'],
    ['an external destination', { destination: 'external' }, 'destination'],
  ])('raise for %s', (_what, facts, id) => {
    expect(raised(facts)).toEqual([id]);
  });

  it.each<[what: string, facts: Partial<RaisingFacts>]>([
    ['labels that are all named', { unnamedLabels: [] }],
    ['labels that nothing has read yet', { unnamedLabels: 'not_read_yet' }],
    ['elements inside the table', { minimumNecessary: { status: 'not_asked' } }],
    ['as many patients as are let', { tallied: { 'agent.patients.86400': 100, 'agent.records.86400': 1 } }],
    ['as many records as are let', { tallied: { 'agent.patients.86400': 1, 'agent.records.86400': 10_000 } }],
    ['as many elements as are let', { elements: many(8) }],
    ['de-identified output', { destination: 'deidentified' }],
    ['what others counted, for an action without a patient', { namesPatient: false, tallied: {} }],
  ])('leave alone %s', (_what, facts) => {
    expect(raised(facts)).toEqual([]);
  });

  it('raise when a count is missing among others: what was not counted may be any number', () => {
    expect(raised({ tallied: {} })).toEqual(['many_patients', 'many_records']);
    expect(raised({ tallied: { constructor: 1 } })).toEqual(['many_patients', 'many_records']);
  });

  it('do not count where nothing could be counted', () => {
    expect(raised({ tallied: 'not_counted' })).toEqual([]);
  });
});

describe('a raised action', () => {
  const classified = (facts: Partial<ClassifyFacts>) => classify(rulebook, { ...recordFacts, ...facts });

  it('says which rule raised it, and keeps every say', () => {
    const classification = classified({ unnamedLabels: ['ETH'] });
    expect(classification).toMatchObject({
      tier: 'T2',
      why: [
        { tier: 'T1', why: 'tier.action' },
        { tier: 'T1', why: 'tier.element:allergy_history' },
        { tier: 'T1', why: 'tier.element:current_medications' },
        { tier: 'T1', why: 'tier.names_patient' },
        { tier: 'T2', why: 'tier.raised:unnamed_label' },
      ],
    });
    expect(classification.rules).toContain('tier.raised:unnamed_label');
    expect(classification.rules).not.toContain('tier.action');
  });

  it('has the terms of the tier that it was raised to', () => {
    expect(classified({ unnamedLabels: ['ETH'] })).toMatchObject({
      needs: { factors: [{ role: 'clinical_staff' }, { role: 'senior_clinician' }] },
      proof: { method: 'passkey' },
      warrantSeconds: 600,
      deadlineSeconds: 86_400,
    });
    expect(rulesOf(classified({ unnamedLabels: ['ETH'], justified: [] }))).toEqual([
      'justification.missing:allergy_history',
      'justification.missing:current_medications',
    ]);
  });

  it('asks whom the tier asks, not whom its type asked at its own', () => {
    const change: ClassifyFacts = {
      ...recordFacts,
      type: 'medication.update',
      floor: 'T2',
      elements: ['current_medications'],
      agent: { role: 'documentation', status: 'current' },
      unnamedLabels: ['ETH'],
    };
    expect(classify(rulebook, change)).toMatchObject({
      tier: 'T3',
      needs: {
        factors: [
          { role: 'privacy_officer', count: 1 },
          { role: 'senior_clinician', count: 1 },
        ],
      },
      confirmation: 'typed',
    });
  });

  it('is refused where it is of T3 already: nobody stands above it', () => {
    expect(rulesOf(classified({ claimedTier: 'T3', unnamedLabels: ['ETH'] }))).toEqual(['tier.beyond:unnamed_label']);
    expect(rulesOf(classified({ claimedTier: 'T3' }))).toEqual([]);
  });

  it('splits nothing by asking in small pieces: the hundred and first patient of a day is of another tier', () => {
    const at = (patients: number) => classified({ tallied: { ...noneCounted, 'agent.patients.86400': patients } });
    expect(at(100)).toMatchObject({ tier: 'T1' });
    expect(at(101)).toMatchObject({ tier: 'T2' });
    expect(at(101).rules).toContain('tier.raised:many_patients');
  });

  it('goes to the tier that a rule names, and never below its floor', () => {
    const elements = rulebookFiles()['elements.yaml'] ?? '';
    const history = testRulebook({
      'elements.yaml': elements.replace(/ {2}full_medical_history: .*\n/, '') + servedHistory,
    });
    const facts = { ...recordFacts, elements: ['full_medical_history'], justified: ['full_medical_history'] };
    const { why } = classify(history, facts);
    expect(why).toContainEqual({ tier: 'T2', why: 'tier.raised:whole_chart' });
    expect(why).toContainEqual({ tier: 'T3', why: 'tier.raised:outside_minimum_necessary' });
  });
});

const noneCounted = {
  'agent.patients.86400': 1,
  'agent.records.86400': 1,
  'agent.patients.day': 1,
  'agent.records.day': 1,
  'agent.actions_about_patients.hour': 1,
};

const servedHistory = `
  full_medical_history:
    tier: T2
    sensitivity: phi
    read:
      searches:
        - { type: Condition, params: { patient: '{patient}' } }
      scopes: [system/Condition.rs]
      fields: [code]
      max_records: 10
      episode_bound: false
`;

describe('raising', () => {
  const raises: readonly RaiseTo[] = ['one_tier', 'T1', 'T2', 'T3'];

  it.each<[base: Tier, raise: RaiseTo, to: Tier | undefined]>([
    ['T0', 'one_tier', 'T1'],
    ['T1', 'one_tier', 'T2'],
    ['T2', 'one_tier', 'T3'],
    ['T3', 'one_tier', undefined],
    ['T3', 'T3', 'T3'],
    ['T1', 'T3', 'T3'],
  ])('takes %s by %s to %s', (base, raise, to) => {
    expect(raisedTier(base, raise)).toBe(to);
  });

  it('never lowers, never passes T3, and more rules never give a lower tier', () => {
    const floors = (tier: Tier) => ({
      contract: { tier },
      floor: 'T0' as const,
      elements: [],
      namesPatient: false,
      claimedTier: undefined,
    });
    const rank = (found: ReturnType<typeof findTier>) => (found.status === 'found' ? tiers.indexOf(found.tier) : 4);
    fc.assert(
      fc.property(
        fc.constantFrom(...tiers),
        fc.array(fc.constantFrom(...raises)),
        fc.constantFrom(...raises),
        (base, by, more) => {
          const rules = [...by, more].map((raise, at) => ({ id: `rule_${at}`, raise }));
          const fewer = findTier(floors(base), rules.slice(0, -1));
          const all = findTier(floors(base), rules);
          expect(rank(all)).toBeGreaterThanOrEqual(rank(fewer));
          expect(rank(fewer)).toBeGreaterThanOrEqual(tiers.indexOf(base));
          expect(all.rules.length).toBeGreaterThan(0);
          if (base === 'T3' && by.includes('one_tier')) expect(fewer.status).toBe('beyond');
        },
      ),
    );
  });

  it('names every rule that raised as far as the highest', () => {
    const rules = [
      { id: 'a', raise: 'one_tier' as const },
      { id: 'b', raise: 'T2' as const },
      { id: 'c', raise: 'T1' as const },
    ];
    const floors = { contract: { tier: 'T1' as const }, floor: 'T0' as const, elements: [], namesPatient: true };
    expect(findTier({ ...floors, claimedTier: undefined }, rules)).toMatchObject({
      tier: 'T2',
      rules: ['tier.raised:a', 'tier.raised:b'],
    });
  });
});
