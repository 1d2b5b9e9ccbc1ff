import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { classify, type Classification } from '../../../src/policy/classify.js';
import { exceeded, recordsLeft, type Quota } from '../../../src/policy/quota.js';
import { countKey, countsOf, isMoreThan, type Count } from '../../../src/policy/tally.js';
import { recordFacts } from '../../support/facts.js';
import { testRulebook } from '../../support/rulebook.js';

const row = { reason: 'for a test', per: 'agent', counting: 'patients', limit: 3, each: 'day', beyond: 'refused' };
const withQuotas = (quotas: Record<string, object>) => testRulebook({ 'quotas.yaml': stringify({ quotas }) });
const rulesOf = (classification: Classification) => (classification.status === 'refused' ? classification.rules : []);
const day: Count = { per: 'agent', counting: 'patients', span: 'day' };

describe('a count', () => {
  it.each<[tally: number, more: boolean]>([
    [1, false],
    [3, false],
    [4, true],
    [Number.NaN, true],
  ])('of %p is more than three: %p', (tally, more) => {
    expect(isMoreThan(3, { 'agent.patients.day': tally }, day)).toBe(more);
  });

  it('that was not taken is more than any limit, whatever every object has', () => {
    expect(isMoreThan(1_000_000, {}, day)).toBe(true);
    expect(isMoreThan(1_000_000, { 'agent.patients.hour': 1 }, day)).toBe(true);
    expect(isMoreThan(1_000_000, Object.create({ 'agent.patients.day': 1 }), day)).toBe(true);
  });

  it('is shared by the rules that ask for the same, and by no others', () => {
    const keys = [
      day,
      { ...day, span: 'hour' as const },
      { ...day, span: { seconds: 86_400 } },
      { ...day, per: 'patient' as const },
      { ...day, per: 'agent_and_patient' as const },
      { ...day, counting: 'records' as const },
    ].map(countKey);
    expect(new Set(keys).size).toBe(keys.length);
    const rulebook = withQuotas({ one: row, other: { ...row, limit: 9 } });
    expect(countsOf(rulebook, true).map(countKey)).toEqual([
      'agent.patients.day',
      'agent.patients.86400',
      'agent.records.86400',
    ]);
  });

  it('is taken of an action without a patient only by a rule that counts every action', () => {
    expect(countsOf(testRulebook(), false)).toEqual([]);
    const all = withQuotas({ all: { ...row, counting: 'actions' } });
    expect(countsOf(all, false).map(countKey)).toEqual(['agent.actions.day']);
  });
});

describe('an action beyond a quota', () => {
  const quotas = withQuotas({ few_patients: row });
  const tallied = { 'agent.patients.day': 4, 'agent.patients.86400': 4, 'agent.records.86400': 1 };

  it('is refused by the quota’s name', () => {
    expect(rulesOf(classify(quotas, { ...recordFacts, tallied }))).toEqual(['quota.exceeded:few_patients']);
    const within = { ...tallied, 'agent.patients.day': 3 };
    expect(classify(quotas, { ...recordFacts, tallied: within }).status).toBe('approvals_needed');
  });

  it('is raised instead where the quota says so', () => {
    const raising = withQuotas({ few_patients: { ...row, beyond: 'one_tier' } });
    const classification = classify(raising, { ...recordFacts, tallied });
    expect(classification).toMatchObject({ tier: 'T2' });
    expect(classification.rules).toContain('tier.raised:few_patients');
    expect(rulesOf(classify(raising, { ...recordFacts, tallied, claimedTier: 'T3' }))).toEqual([
      'tier.beyond:few_patients',
    ]);
  });

  it('is not stopped by a quota about patients when it names none', () => {
    const facts = { namesPatient: false, tallied: {} };
    expect(exceeded(quotas.quotas, facts)).toEqual([]);
    const all = withQuotas({ all: { ...row, counting: 'actions' } });
    expect(exceeded(all.quotas, facts).map(({ id }) => id)).toEqual(['all']);
  });
});

describe('a quota of records', () => {
  const records: Quota = {
    id: 'records',
    count: { per: 'agent', counting: 'records', span: 'day' },
    limit: 100,
    beyond: 'refused',
  };
  const left = (tally: number, quota = records) =>
    recordsLeft([quota], { namesPatient: true, tallied: { 'agent.records.day': tally } });

  it.each<[opened: number, left: number]>([
    [0, 100],
    [60, 40],
    [99, 1],
  ])('leaves of a hundred, %p being opened, %p to the next warrant', (opened, remaining) => {
    expect(left(opened + 1)).toBe(remaining);
  });

  it('narrows the warrant, so that what is opened never passes it', () => {
    const rulebook = withQuotas({ records: { ...row, counting: 'records', limit: 100 } });
    const tallied = { 'agent.records.day': 61, 'agent.patients.86400': 1, 'agent.records.86400': 61 };
    expect(classify(rulebook, { ...recordFacts, tallied })).toMatchObject({ limits: { maxRecords: 40 } });
    const spent = { ...tallied, 'agent.records.day': 101 };
    expect(rulesOf(classify(rulebook, { ...recordFacts, tallied: spent }))).toEqual(['quota.exceeded:records']);
  });

  it('narrows nothing where it only raises', () => {
    expect(left(61, { ...records, beyond: 'one_tier' })).toBeUndefined();
  });
});
