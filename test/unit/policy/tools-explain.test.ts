import { describe, expect, it } from '@jest/globals';
import { explain, type Explanation, type Step } from '../../../src/policy/study/explain.js';
import { sampleReader, sampleSchema, type Sample } from '../../../src/policy/study/sample.js';
import { testRulebook } from '../../support/rulebook.js';

const shipped = testRulebook();
const read = sampleReader(shipped);

function explained(sample: Sample): Explanation {
  const asked = read(sample, ({ message }) => {
    throw new Error(message);
  });
  if (asked === undefined) throw new Error('unreadable');
  return explain(shipped, sample, asked);
}

const allowed: Sample = {
  type: 'medications.read',
  agent_role: 'triage',
  purpose: 'TREAT',
  role: ['clinician'],
  treatment_relationship: true,
  reason: true,
};
const { reason: _reason, role: _role, ...bare } = allowed;

describe('an explanation', () => {
  it('says tier, seats and rules of what is allowed', () => {
    const { answer } = explained(allowed);
    expect(answer).toMatchObject({ effect: 'allow', terms: { tier: 'T1', deadlineSeconds: 14_400, proof: 'sign_in' } });
    expect(answer.rules).toContain('treatment_read');
    expect(answer.why.length).toBeGreaterThan(1);
  });

  it('names near misses of what is denied, and the one thing that is missing', () => {
    const { answer, changes } = explained({ ...allowed, treatment_relationship: false });
    expect(answer.nearMisses).toContainEqual({ rule: 'treatment_read', unmet: ['related'] });
    expect(changes).toEqual([[{ key: 'treatment_relationship', how: 'to', values: ['true'] }]]);
  });

  it('names all that is missing together where one thing is not enough, with each choice there is', () => {
    const { changes } = explained(bare);
    const keys = changes.map((steps) => steps.map(({ key }) => key));
    expect(keys.every((each) => each.join() === 'role,reason')).toBe(true);
    const roles = changes.flatMap((steps) => steps.find(({ key }) => key === 'role')?.values ?? []);
    expect(roles.sort()).toEqual(['clinical_staff', 'clinician', 'pharmacist', 'senior_clinician']);
  });

  it('says which element to leave out', () => {
    const sample: Sample = { ...allowed, type: 'record.read', elements: ['current_medications', 'charges', 'balance'] };
    expect(explained({ ...sample, justifications: true }).changes).toEqual([
      [{ key: 'elements', how: 'without', values: ['charges and balance'] }],
    ]);
  });

  it('says what would have it denied', () => {
    const { changes } = explained(allowed);
    expect(changes).toContainEqual([{ key: 'reason', how: 'to', values: ['false'] }]);
    expect(changes).toContainEqual([{ key: 'role', how: 'with', values: ['researcher'] }]);
    expect(changes).toContainEqual([{ key: 'role', how: 'without', values: ['clinician'] }]);
  });

  it('says that nothing helps where nothing does', () => {
    const { changes, exhaustive } = explained({ ...allowed, type: 'record.read', elements: ['charges'] });
    expect({ changes, exhaustive }).toEqual({ changes: [], exhaustive: true });
  });

  it.each<[what: string, sample: Sample]>([
    ['nothing said', { type: 'medications.read' }],
    ['another purpose', { ...allowed, purpose: 'HPAYMT' }],
    ['a write of an agent that reads', { ...allowed, type: 'medication.update', justifications: true }],
    ['the policy alone', { verb: 'read', elements: ['facility'] }],
    ['output', { verb: 'read', phase: 'output', destination: 'external' }],
  ])('gives changes that do turn the answer round, each of its values: %s', (_what, sample) => {
    const { answer, changes } = explained(sample);
    expect(changes.length).toBeGreaterThan(0);
    for (const steps of changes)
      for (const changed of everyValue(sample, steps)) expect(explained(changed).answer.effect).not.toBe(answer.effect);
  });
});

function everyValue(sample: Sample, steps: readonly Step[]): Sample[] {
  return steps.reduce<Sample[]>(
    (samples, { key, how, values }) =>
      samples.flatMap((each) => values.map((value) => sampleSchema.parse({ ...each, [key]: valueOf(each, key, how, value) }))), // prettier-ignore
    [sample],
  );
}

function valueOf(sample: Sample, key: Step['key'], how: Step['how'], value: string): unknown {
  const now = sample[key];
  const held = Array.isArray(now) ? now : now === undefined ? [] : [now];
  if (how === 'with') return [...held, ...value.split(' and ')];
  if (how === 'without') return held.filter((each) => !value.split(' and ').includes(String(each)));
  return value === 'true' || value === 'false' ? value === 'true' : value;
}
