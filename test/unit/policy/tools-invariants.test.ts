import { describe, expect, it } from '@jest/globals';
import { checkInvariants, invariantSchema, type InvariantResult } from '../../../src/policy/study/invariants.js';
import { sampleReader } from '../../../src/policy/study/sample.js';
import { answerOf } from '../../../src/policy/study/answer.js';
import type { Rulebook } from '../../../src/rulebook/rulebook.js';
import { rulebookFiles, testRulebook } from '../../support/rulebook.js';

const files = rulebookFiles();
const shipped = testRulebook();

function changed(file: string, from: string | RegExp, to: string): Rulebook {
  const text = files[file] ?? '';
  const other = text.replace(from, to);
  if (other === text) throw new Error(`${file} does not hold the passage any more`);
  return testRulebook({ [file]: other });
}

function check(rulebook: Rulebook, invariant: object): InvariantResult {
  const parsed = invariantSchema.parse({ name: 'it', ...invariant });
  const [result] = checkInvariants(rulebook, [parsed], ({ message }) => {
    throw new Error(message);
  });
  if (result === undefined) throw new Error('no result');
  return result;
}

const related = { never: { phase: 'before', elements: 'phi', treatment_relationship: { not: true } } };
const audited = { never: { phase: 'before', verb: ['read', 'write'] }, without: { obligations: ['audit'] } };
const deletion = { never: { type: 'record.delete' }, without: { seats: ['privacy_officer'] } };
const order = { never: { type: 'medication.update' }, without: { seats: [['senior_clinician', 'pharmacist']] } };

describe('an invariant', () => {
  it.each([related, audited, deletion, order])('holds of the rulebook that ships: %j', (invariant) => {
    expect(check(shipped, invariant).status).toBe('holds');
  });

  it.each<[what: string, invariant: object, file: string, from: string | RegExp, to: string, request: object]>([
    [
      'a relationship that nobody asks for any more',
      related,
      'policy.yaml',
      '      - treatment_relationship: proven\n',
      '',
      { verb: 'read', purpose: 'TREAT', role: ['clinical_staff'] },
    ],
    ['an audit that is gone', audited, 'policy.yaml', /names_patient: false\n      - audit: required/, 'names_patient: false', { verb: 'read', elements: ['facility'] }], // prettier-ignore
    [
      'a seat that is another’s',
      deletion,
      'tiers.yaml',
      '{ role: privacy_officer, count: 1 }',
      '{ role: security_officer, count: 1 }',
      { type: 'record.delete', agent_role: 'documentation' },
    ],
    [
      'a seat that somebody else fills as well',
      deletion,
      'tiers.yaml',
      '{ role: privacy_officer, count: 1 }',
      '{ role: privacy_officer, or: [security_officer], count: 1 }',
      { type: 'record.delete' },
    ],
  ])('is refuted by one request: %s', (_what, invariant, file, from, to, request) => {
    const weaker = changed(file, from, to);
    const { status, counterexample } = check(weaker, invariant);
    expect(status).toBe('broken');
    expect(counterexample?.request).toMatchObject(request);
    const asked = counterexample && sampleReader(weaker)(counterexample.request);
    expect(asked && answerOf(weaker, asked).effect).toBe('allow');
  });

  it('does not take an order for a seat', () => {
    const { status, counterexample } = check(shipped, { ...order, without: { seats: ['clinician'] } });
    expect(status).toBe('broken'); // a pharmacist may countersign, and a clinician only orders
    expect(counterexample).toMatchObject({
      tier: 'T2',
      seats: ['order of clinician', 'senior_clinician or pharmacist'],
    });
  });

  it('takes a role for those that it implies, and not the other way round', () => {
    const asks = (seats: string[]) => check(shipped, { never: { type: 'record.delete' }, without: { seats } }).status;
    expect(asks(['clinician'])).toBe('holds');
    expect(asks(['clinical_staff', 'senior_clinician'])).toBe('holds');
    expect(asks(['pharmacist'])).toBe('broken');
  });

  it('looks at every tier that an action may have, the claimed ones too', () => {
    const { status, counterexample } = check(shipped, {
      never: { type: 'medications.read' },
      without: { seats: ['clinical_staff'] },
    });
    expect(status).toBe('holds'); // T1 and T2 seat it by name, T3 by a senior clinician
    expect(counterexample).toBeUndefined();
    const without = changed('tiers.yaml', /privacy_officer, count: 1 }\n.*senior_clinician/, 'privacy_officer, count: 1 }\n      - { role: security_officer'); // prettier-ignore
    expect(
      check(without, { never: { type: 'medications.read' }, without: { seats: ['clinical_staff'] } }),
    ).toMatchObject({
      status: 'broken',
      counterexample: { tier: 'T3', request: { claimed_tier: 'T3' } },
    });
  });

  it('says that it holds of nothing where nothing is of its kind', () => {
    expect(check(shipped, { never: { verb: 'export' }, without: { seats: ['privacy_officer'] } }).status).toBe('idle');
  });

  it('finds what a missing attribute opens', () => {
    const open = changed('policy.yaml', '      - contains_phi: false\n', '      - destination: treatment\n');
    expect(check(open, { never: { phase: 'output', contains_phi: { not: false } } })).toMatchObject({
      status: 'broken',
      counterexample: { request: { verb: 'read', phase: 'output', destination: 'treatment' } },
    });
    expect(check(open, { never: { phase: 'output', contains_phi: true, destination: 'external' } }).status).toBe(
      'holds',
    );
  });

  it('of an unknown word has no result, and says which would have been right', () => {
    const said: string[] = [];
    const invariant = invariantSchema.parse({
      name: 'it',
      never: { elements: 'clinical_note', purpose: 'tretment', type: 'record.delet' },
      without: { seats: ['privacy_oficer'] },
    });
    expect(checkInvariants(shipped, [invariant], ({ message }) => said.push(message))).toEqual([]);
    expect(said).toHaveLength(4);
  });

  it.each([
    ['no pattern', {}],
    ['an empty pattern', { never: {} }],
    ['an unknown attribute', { never: { patient: 'x' } }],
    ['an empty exception', { never: { verb: 'read' }, without: {} }],
    ['an empty list of seats', { never: { verb: 'read' }, without: { seats: [] } }],
  ])('with %s is refused', (_what, said) => {
    expect(invariantSchema.safeParse({ name: 'it', ...said }).success).toBe(false);
  });
});
