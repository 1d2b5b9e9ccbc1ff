import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { widens } from '../../../src/policy/study/change-kind.js';
import { destinations, phases, verbs, type PolicyRequest } from '../../../src/policy/core.js';
import { decide } from '../../../src/policy/decide.js';
import { diffActions, diffPolicies } from '../../../src/policy/study/diff.js';
import { sampleReader, sampleSchema, type Sample } from '../../../src/policy/study/sample.js';
import type { Rulebook } from '../../../src/rulebook/rulebook.js';
import { rulebookFiles, testRulebook } from '../../support/rulebook.js';

const files = rulebookFiles();
const shipped = testRulebook();

/** The shipped rulebook with a passage of one file replaced. */
function changed(file: string, from: string | RegExp, to: string): Rulebook {
  const text = files[file] ?? '';
  const other = text.replace(from, to);
  if (other === text) throw new Error(`${file} does not hold the passage any more`);
  return testRulebook({ [file]: other });
}

function effectOf(rulebook: Rulebook, sample: Sample): string {
  const asked = sampleReader(rulebook)(sample, (finding) => {
    throw new Error(finding.message);
  });
  if (asked?.kind !== 'policy') throw new Error('not a request to the policy');
  const { effect, obligations } = decide(rulebook.policy, asked.request);
  return JSON.stringify([effect, obligations]);
}

/** Some request; of one element, as every answer to several is made of the answers to each. */
const anyRequest: fc.Arbitrary<PolicyRequest> = fc.record(
  {
    verb: fc.constantFrom(...verbs),
    phase: fc.constantFrom(...phases),
    elements: fc.constantFrom(...shipped.elements.keys()).map((element) => [element]),
    purpose: fc.constantFrom(...shipped.policy.words.purpose, 'nonsense'),
    destination: fc.constantFrom(...destinations),
    agentRole: fc.constantFrom(...shipped.policy.words.agentRole, 'nonsense'),
    principalRoles: fc.subarray([...shipped.policy.words.principalRoles, 'nonsense']),
    containsPhi: fc.boolean(),
    namesPatient: fc.boolean(),
    related: fc.boolean(),
  },
  { requiredKeys: ['verb', 'phase', 'elements'] },
);

describe('the difference between two policies', () => {
  it('is none between a policy and itself, whatever the order of its rules', () => {
    expect(diffPolicies(shipped, testRulebook())).toEqual([]);
    const [, first = '', second = ''] = /(  - id: facility_read[^]*?)(  - id: treatment_read[^]*?)  - id: treatment_write/.exec(files['policy.yaml'] ?? '') ?? []; // prettier-ignore
    expect(diffPolicies(shipped, changed('policy.yaml', first + second, second + first))).toEqual([]);
  });

  it('shows the smallest request that a weaker policy allows', () => {
    const found = diffPolicies(shipped, changed('policy.yaml', '      - treatment_relationship: proven\n', ''));
    expect(found.every(({ kind }) => kind === 'allowed')).toBe(true);
    expect(found[0]?.request).toEqual({
      verb: 'read',
      elements: ['current_medications', 'allergy_history'],
      purpose: 'TREAT',
      destination: 'treatment',
      agent_role: 'triage',
      role: ['clinical_staff'],
    });
  });

  it.each<[what: string, from: string | RegExp, to: string, kinds: string[]]>([
    ['a rule that is gone', /  - id: treatment_write[^]*?(?=  - id)/, '', ['denied']],
    ['a purpose that is added', 'purpose: treatment', 'purpose: [treatment, payment]', ['allowed']],
    ['a destination that is open', /      - destination: treatment\n/, '', ['allowed']],
    [
      'a cell of a role',
      'can_access: [treatment_records, clinical_notes]',
      'can_access: [treatment_records]',
      ['denied'],
    ],
    ['a field of an agent', 'clinical_notes\n    allowed_operations', 'recent_labs\n    allowed_operations', ['allowed', 'denied']], // prettier-ignore
    ['an audit that is gone', /      - audit: required\n/, '', ['duty_gone']],
    ['an alert that is gone', '    alert: immediate\n', '', ['duty_gone']],
    ['a deny of a role that is gone', ', cannot_access: [phi]', '', ['allowed']],
  ])('is found for %s', (_what, from, to, kinds) => {
    const other = changed('policy.yaml', from, to);
    const found = diffPolicies(shipped, other);
    expect([...new Set(found.map(({ kind }) => kind))].sort()).toEqual(kinds);
    for (const { request } of found)
      for (const element of [request.elements ?? []].flat()) {
        const alone = { ...request, elements: [element] };
        expect(effectOf(shipped, alone)).not.toBe(effectOf(other, alone));
      }
  });

  it('is found where only a role that nobody knows makes it', () => {
    const deny =
      '  - { id: odd, action: read, effect: deny, conditions: [{ role: auditor }], unless: [{ role: auditor }] }\n';
    const found = diffPolicies(shipped, changed('policy.yaml', 'rules:\n', `rules:\n${deny}`));
    expect(found.length).toBeGreaterThan(0);
    for (const { kind, request } of found) expect({ kind, role: request.role }).toEqual({ kind: 'denied', role: expect.arrayContaining(['unknown-word']) }); // prettier-ignore
  });

  it('leaves no request out: whatever differs is of a part of the world that it names', () => {
    const others = [
      changed('policy.yaml', /  - id: treatment_write[^]*?(?=  - id)/, ''),
      changed('policy.yaml', 'purpose: treatment', 'purpose: [treatment, payment]'),
      changed('policy.yaml', 'allowed_operations: [read, generate]', 'allowed_operations: [read]'),
      changed('policy.yaml', ', cannot_access: [phi]', ''),
      changed('policy.yaml', '      - contains_phi: false', '      - destination: treatment'),
    ].map((other) => ({ other, found: diffPolicies(shipped, other) }));
    fc.assert(
      fc.property(anyRequest, fc.constantFrom(...others), (request, { other, found }) => {
        const [before, after] = [decide(shipped.policy, request), decide(other.policy, request)];
        if (before.effect === after.effect) return;
        const kind = after.effect === 'allow' ? 'allowed' : 'denied';
        const named = found.filter(
          ({ kind: each, request: { verb, phase = 'before', elements = [] } }) =>
            each === kind &&
            verb === request.verb &&
            phase === request.phase &&
            (elements.length === 0 || elements.includes(request.elements[0] ?? '')),
        );
        expect(named).not.toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('the difference between two rulebooks', () => {
  it('is none between a rulebook and itself', () => {
    expect(diffActions(shipped, testRulebook())).toEqual([]);
  });

  it.each<[what: string, file: string, from: string | RegExp, to: string, kind: string, type: string]>([
    ['a floor below the program’s own', 'actions.yaml', /(document.update:\n    tier:) T2/, '$1 T1', '', ''],
    ['a higher floor', 'actions.yaml', /(medications.read:\n    tier:) T1/, '$1 T2', 'tier_higher', 'medications.read'],
    ['a seat less', 'tiers.yaml', /(privacy_officer, count: 1 }\n)      - .*senior_clinician.*\n/, '$1      - { role: privacy_officer, count: 1 }\n', 'asks_others', 'record.delete'], // prettier-ignore
    ['a weaker proof', 'tiers.yaml', 'fresh: true', 'fresh: false', 'asks_less', 'record.delete'],
    [
      'a reason that is asked no more',
      'tiers.yaml',
      'requires: [reason]',
      'requires: [risk_assessment]',
      'allowed',
      'medications.read',
    ],
    [
      'a relationship that is asked no more',
      'tiers.yaml',
      'treatment_relationship: [TREAT]',
      'treatment_relationship: [HPAYMT]',
      'allowed',
      'record.read', // of the facility, about nobody: for everything else the policy asks for it all the same
    ],
    ['a longer warrant', 'tiers.yaml', 'life: 30m', 'life: 40m', 'warrant_wider', 'medications.read'],
    [
      'a wider table',
      'minimum-necessary.yaml',
      /(treat.triage:[^]*?)      symptoms/,
      '$1      charges: undated\n      symptoms',
      '',
      '',
    ],
    [
      'a narrower table',
      'minimum-necessary.yaml',
      /(treat.triage:[^]*?)      current_medications: undated\n/,
      '$1',
      'tier_higher',
      'medications.read',
    ],
    [
      'a purpose of a type',
      'actions.yaml',
      'purposes: [TREAT, HOPERAT, HPAYMT]',
      'purposes: [TREAT, HOPERAT]',
      'denied',
      'facility.read',
    ],
    ['a type that is gone', 'actions.yaml', /  facility.read:[^]*?\n\n/, '', 'denied', 'facility.read'],
  ])('is found for %s', (_what, file, from, to, kind, type) => {
    const found = diffActions(shipped, changed(file, from, to));
    if (kind === '') expect(found).toEqual([]);
    else expect(found).toContainEqual(expect.objectContaining({ kind, request: expect.objectContaining({ type }) }));
  });

  it('is the other way round from the other side', () => {
    const higher = changed('actions.yaml', /(medications.read:\n    tier:) T1/, '$1 T2');
    expect(diffActions(higher, shipped).map(({ kind }) => kind)).toContain('tier_lower');
  });

  it('gives requests that can be asked again', () => {
    for (const { request } of diffActions(shipped, changed('tiers.yaml', 'life: 30m', 'life: 40m')))
      expect(sampleSchema.safeParse(request).success).toBe(true);
  });
});

describe('a change', () => {
  it.each([
    ['allowed', true],
    ['tier_lower', true],
    ['asks_less', true],
    ['asks_others', true],
    ['duty_gone', true],
    ['warrant_wider', true],
    ['denied', false],
    ['tier_higher', false],
    ['asks_more', false],
    ['duty_new', false],
    ['warrant_narrower', false],
  ] as const)('%s widens: %p', (kind, wider) => {
    expect(widens(kind)).toBe(wider);
  });
});
