import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { digest } from '../../../src/action/ids.js';
import type {
  Attribute,
  CompiledPolicy,
  Condition,
  CoreRule,
  PolicyDecision,
  PolicyRequest,
} from '../../../src/policy/core.js';
import { decide } from '../../../src/policy/decide.js';

const rulebook = digest('a'.repeat(64));
const words = {
  purpose: new Set(['TREAT', 'HRESCH']),
  destination: new Set(['treatment', 'external', 'deidentified']),
  agentRole: new Set(['triage', 'billing']),
  principalRoles: new Set(['clinician', 'researcher']),
  timeWindows: new Set(['business_hours']),
};
const policyOf = (rules: readonly CoreRule[], more: Partial<CompiledPolicy> = {}): CompiledPolicy => ({
  rulebook,
  gates: [{ name: 'rules', phases: ['before', 'output'], grants: rules.filter(({ effect }) => effect === 'allow') }],
  denies: rules.filter(({ effect }) => effect === 'deny'),
  elements: new Set(['meds', 'allergies', 'notes']),
  words,
  ...more,
});
const rule = (id: string, more: Partial<CoreRule> = {}): CoreRule => ({
  id,
  effect: 'allow',
  verbs: new Set(['read']),
  phase: 'before',
  elements: new Set(['meds', 'allergies']),
  conditions: [],
  obligations: [],
  ...more,
});
const forTreatment: Condition = { attribute: 'purpose', oneOf: new Set(['TREAT']) };
const asked: PolicyRequest = { verb: 'read', phase: 'before', elements: ['meds'], purpose: 'TREAT' };

describe('a decision', () => {
  it('allows what one rule allows, and names it with its obligations', () => {
    const policy = policyOf([rule('a', { conditions: [forTreatment], obligations: ['audit'] }), rule('b')]);
    expect(decide(policy, asked)).toEqual({
      effect: 'allow',
      rules: ['a', 'b'],
      forbidden: [],
      nearMisses: [],
      obligations: ['audit'],
      rulebook,
    });
  });

  it('denies by default, and tells what a near miss lacked', () => {
    const policy = policyOf([
      rule('research', {
        conditions: [
          { attribute: 'purpose', oneOf: new Set(['HRESCH']) },
          { attribute: 'related', is: true },
        ],
      }),
      rule('writing', { verbs: new Set(['write']) }),
    ]);
    expect(decide(policy, asked)).toMatchObject({
      effect: 'deny',
      rules: ['default_deny'],
      forbidden: ['meds'],
      nearMisses: [{ rule: 'research', unmet: ['purpose', 'related'] }],
    });
  });

  it('refuses the whole request for one forbidden element, by name', () => {
    const decision = decide(policyOf([rule('a')]), { ...asked, elements: ['meds', 'notes', 'allergies'] });
    expect(decision).toMatchObject({ effect: 'deny', forbidden: ['notes'] });
  });

  it('names the deny that spoke, and its obligations', () => {
    const policy = policyOf([rule('a'), rule('no', { effect: 'deny', elements: 'any', obligations: ['alert'] })]);
    expect(decide(policy, asked)).toMatchObject({ effect: 'deny', rules: ['no'], obligations: ['alert'] });
  });

  it('needs every gate, so that tables limit and never widen', () => {
    const gate = (name: 'rules' | 'agents', ...grants: CoreRule[]) => ({ name, phases: ['before'] as const, grants });
    const triage = rule('agent.triage.meds', {
      elements: new Set(['meds']),
      conditions: [{ attribute: 'agentRole', oneOf: new Set(['triage']) }],
    });
    const policy = policyOf([], { gates: [gate('rules', rule('a')), gate('agents', triage)] });
    expect(decide(policy, { ...asked, agentRole: 'triage' }).effect).toBe('allow');
    expect(decide(policy, { ...asked, agentRole: 'billing' })).toMatchObject({
      effect: 'deny',
      nearMisses: [{ rule: 'agent.triage.meds', unmet: ['agentRole'] }],
    });
    expect(decide(policy, { ...asked, elements: ['allergies'], agentRole: 'triage' }).effect).toBe('deny');
    expect(
      decide(policyOf([], { gates: [gate('agents', triage)] }), { ...asked, agentRole: 'triage', phase: 'output' })
        .effect,
    ).toBe('deny');
  });

  it('judges output that holds no element by the rules that ask for none', () => {
    const output = { ...asked, phase: 'output' as const, elements: [] };
    const clean = rule('clean', {
      phase: 'output',
      elements: 'any',
      conditions: [{ attribute: 'containsPhi', is: false }],
    });
    expect(decide(policyOf([clean]), { ...output, containsPhi: false }).effect).toBe('allow');
    expect(decide(policyOf([clean]), { ...output, containsPhi: true }).effect).toBe('deny');
    expect(decide(policyOf([clean]), output).effect).toBe('deny');
    expect(decide(policyOf([rule('b', { phase: 'output' })]), output).effect).toBe('deny');
    const no = rule('no', { phase: 'output', effect: 'deny', elements: new Set(['notes']) });
    expect(decide(policyOf([clean, no]), { ...output, containsPhi: false })).toMatchObject({
      effect: 'deny',
      rules: ['no'],
    });
  });

  it('takes one of several roles for an allow and for a deny', () => {
    const role = (...names: string[]): Condition => ({ attribute: 'principalRoles', anyOf: new Set(names) });
    const policy = policyOf([
      rule('a', { conditions: [role('clinician')] }),
      rule('no', { effect: 'deny', conditions: [role('researcher')] }),
    ]);
    expect(decide(policy, { ...asked, principalRoles: ['clinician'] }).effect).toBe('allow');
    expect(decide(policy, { ...asked, principalRoles: ['clinician', 'researcher'] }).effect).toBe('deny');
    expect(decide(policy, { ...asked, principalRoles: ['clinician', 'pirate'] }).effect).toBe('deny');
    expect(decide(policy, { ...asked, principalRoles: [] }).effect).toBe('deny');
  });

  it.each<[what: string, request: unknown]>([
    ['no verb', { ...asked, verb: undefined }],
    ['another case of a verb', { ...asked, verb: 'Read' }],
    ['no phase', { ...asked, phase: undefined }],
    ['no elements', { ...asked, elements: undefined }],
    ['an empty list of elements', { ...asked, elements: [] }],
    ['an element of another case', { ...asked, elements: ['Meds'] }],
    ['an element of full-width letters', { ...asked, elements: ['ｍeds'] }],
    ['an element that every object has', { ...asked, elements: ['constructor'] }],
    ['a text for a list of elements', { ...asked, elements: 'meds' }],
    ['a hole in the list of elements', { ...asked, elements: [undefined, 'meds'] }],
    ['an inherited verb', Object.create(asked)],
    ['a number', 0],
    ['a list', []],
  ])('denies a request with %s', (_what, request) => {
    // Callers are typed; what comes in at run time may not be.
    expect(decide(policyOf([rule('a', { elements: 'any' })]), request as PolicyRequest).effect).toBe('deny');
  });
});

const attributes = [
  'purpose',
  'destination',
  'agentRole',
  'principalRoles',
  'timeWindows',
  'containsPhi',
  'namesPatient',
  'related',
] as const;

const anyCondition = (): fc.Arbitrary<Condition> =>
  fc.oneof(
    fc
      .constantFrom('purpose' as const, 'destination' as const, 'agentRole' as const)
      .chain((attribute) => fc.subarray([...words[attribute]]).map((oneOf) => ({ attribute, oneOf: new Set(oneOf) }))),
    fc
      .constantFrom('principalRoles' as const, 'timeWindows' as const)
      .chain((attribute) => fc.subarray([...words[attribute]]).map((anyOf) => ({ attribute, anyOf: new Set(anyOf) }))),
    fc.record({
      attribute: fc.constantFrom('containsPhi' as const, 'namesPatient' as const, 'related' as const),
      is: fc.boolean(),
    }),
  );
const anyRule = (effect: fc.Arbitrary<'allow' | 'deny'> = fc.constantFrom('allow', 'deny')): fc.Arbitrary<CoreRule> =>
  fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    effect,
    verbs: fc.subarray(['read', 'write'] as const, { minLength: 1 }).map((verbs) => new Set(verbs)),
    phase: fc.constantFrom('before', 'output'),
    elements: fc.oneof(
      fc.constant('any' as const),
      fc.subarray(['meds', 'allergies', 'notes']).map((names) => new Set(names)),
    ),
    conditions: fc.array(anyCondition(), { maxLength: 2 }),
    obligations: fc.subarray(['audit', 'alert'] as const),
  });
const anyRequest = (): fc.Arbitrary<PolicyRequest> =>
  fc.record(
    {
      verb: fc.constantFrom('read', 'write'),
      phase: fc.constantFrom('before', 'output'),
      elements: fc.subarray(['meds', 'allergies', 'notes']),
      purpose: fc.constantFrom(...words.purpose),
      destination: fc.constantFrom('treatment', 'external', 'deidentified'),
      agentRole: fc.constantFrom(...words.agentRole),
      principalRoles: fc.subarray([...words.principalRoles]),
      timeWindows: fc.subarray([...words.timeWindows]),
      containsPhi: fc.boolean(),
      namesPatient: fc.boolean(),
      related: fc.boolean(),
    },
    { requiredKeys: ['verb', 'phase', 'elements'] },
  );
/** What nobody should take for a value of any attribute. */
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    null,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    0,
    1,
    '',
    'true',
    'treat',
    'ＴＲＥＡＴ',
    'TREAT ',
    'constructor',
    '__proto__',
    [],
    {},
    [1],
  ),
  fc.string(),
  fc.array(fc.string(), { minLength: 1 }),
);
const rules = () => fc.array(anyRule(), { maxLength: 8 });

const widens = (before: PolicyDecision, after: PolicyDecision) => before.effect === 'deny' && after.effect === 'allow';

describe('for every policy and request', () => {
  it('no rules deny everything', () => {
    fc.assert(fc.property(anyRequest(), (request) => decide(policyOf([]), request).effect === 'deny'));
  });

  it('the order of rules, elements and roles does not matter', () => {
    fc.assert(
      fc.property(rules(), anyRequest(), (all, request) => {
        const turned = {
          ...request,
          elements: request.elements.toReversed(),
          ...(request.principalRoles && { principalRoles: request.principalRoles.toReversed() }),
        };
        const [one, other] = [decide(policyOf(all), request), decide(policyOf(all.toReversed()), turned)];
        expect({ ...other, forbidden: other.forbidden.toReversed(), nearMisses: [] }).toEqual({
          ...one,
          nearMisses: [],
        });
      }),
    );
  });

  it('one more deny never allows, and one that applies denies', () => {
    fc.assert(
      fc.property(rules(), anyRule(fc.constant('deny')), anyRequest(), (all, deny, request) => {
        expect(widens(decide(policyOf(all), request), decide(policyOf([...all, deny]), request))).toBe(false);
        const applying = {
          ...deny,
          verbs: new Set([request.verb]),
          phase: request.phase,
          elements: 'any' as const,
          conditions: [],
        };
        expect(decide(policyOf([...all, applying]), request).effect).toBe('deny');
      }),
    );
  });

  it('one allow fewer never allows', () => {
    fc.assert(
      fc.property(rules(), fc.nat(), anyRequest(), (all, at, request) => {
        const fewer = all.filter((rule, place) => rule.effect === 'deny' || place !== at % (all.length + 1));
        expect(widens(decide(policyOf(all), request), decide(policyOf(fewer), request))).toBe(false);
      }),
    );
  });

  it('a missing attribute never widens', () => {
    fc.assert(
      fc.property(rules(), anyRequest(), fc.constantFrom(...attributes), (all, request, attribute) => {
        const { [attribute]: _, ...lacking } = request;
        expect(widens(decide(policyOf(all), request), decide(policyOf(all), lacking))).toBe(false);
      }),
    );
  });

  it('a missing attribute satisfies every deny and no allow that asks for it', () => {
    fc.assert(
      fc.property(anyCondition(), (condition) => {
        const open = policyOf([rule('a')]);
        expect(decide(open, asked).effect).toBe('allow');
        const { [condition.attribute]: _, ...lacking }: Partial<Record<Attribute, unknown>> & PolicyRequest = asked;
        expect(decide(policyOf([rule('a', { conditions: [condition] })]), lacking).effect).toBe('deny');
        const no = rule('no', { effect: 'deny', conditions: [condition] });
        expect(decide(policyOf([rule('a'), no]), lacking).effect).toBe('deny');
      }),
    );
  });

  it('a value that nobody knows is as good as none', () => {
    fc.assert(
      fc.property(rules(), anyRequest(), fc.constantFrom(...attributes), junk, (all, request, attribute, value) => {
        fc.pre(!(Array.isArray(value) && value.length === 0)); // no role at all is a known value
        const { [attribute]: _, ...lacking } = request;
        const odd: object = { ...lacking, [attribute]: value };
        expect(decide(policyOf(all), odd as PolicyRequest)).toEqual(decide(policyOf(all), lacking));
      }),
    );
  });

  it('a polluted prototype gives no attribute', () => {
    const policy = policyOf([rule('a', { conditions: [{ attribute: 'related', is: true }] })]);
    const inherited = Object.assign(Object.create({ related: true }) as object, asked);
    expect(decide(policy, inherited).effect).toBe('deny');
    expect(decide(policy, { ...asked, related: true }).effect).toBe('allow');
  });
});
