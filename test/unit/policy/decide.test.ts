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
import { decide, judge } from '../../../src/policy/decide.js';

const rulebook = digest('a'.repeat(64));
const words = {
  purpose: new Set(['TREAT', 'HRESCH']),
  destination: new Set(['treatment', 'external', 'deidentified']),
  agentRole: new Set(['triage', 'billing']),
  principalRoles: new Set(['clinician', 'researcher']),
  timeWindows: new Set(['business_hours']),
  precededBy: new Set(['record.read', 'chart.read']),
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

describe('what a decision tells', () => {
  const role = (...names: string[]): Condition => ({ attribute: 'principalRoles', anyOf: new Set(names) });
  const nothing = { effect: 'deny', rules: ['default_deny'], forbidden: [], nearMisses: [], obligations: [], rulebook };

  it('is nothing about a request that no rule could speak about', () => {
    const policy = policyOf([rule('a', { elements: 'any', obligations: ['audit'] })]);
    for (const change of [
      { verb: 'Read' },
      { phase: 'after' },
      { elements: ['Meds'] },
      { elements: [] },
      { elements: 1 },
    ])
      expect(decide(policy, Object.assign({ ...asked }, change))).toEqual(nothing);
  });

  it('is each near miss once, in order, with what it lacked and nothing else', () => {
    const policy = policyOf([
      rule('c', { conditions: [{ attribute: 'related', is: true }, forTreatment, role('researcher')] }),
      rule('a', { conditions: [{ attribute: 'onCall', is: true }, forTreatment, { attribute: 'onCall', is: true }] }),
      rule('b', { conditions: [role('clinician')] }),
    ]);
    expect(decide(policy, { ...asked, elements: ['meds', 'allergies'] })).toEqual({
      ...nothing,
      forbidden: ['meds', 'allergies'],
      nearMisses: [
        { rule: 'a', unmet: ['onCall'] },
        { rule: 'b', unmet: ['principalRoles'] },
        { rule: 'c', unmet: ['principalRoles', 'related'] },
      ],
    });
  });

  it('is no near miss where another rule granted', () => {
    const policy = policyOf([rule('a'), rule('b', { conditions: [role('clinician')] })]);
    expect(decide(policy, { ...asked, elements: ['meds', 'notes'] })).toEqual({ ...nothing, forbidden: ['notes'] });
  });

  it('is every rule that granted, in order, with every obligation once', () => {
    const policy = policyOf([
      rule('c', { obligations: ['redact', 'audit'] }),
      rule('a', { obligations: ['audit'] }),
      rule('b', { obligations: ['alert', 'audit'] }),
      rule('z', { conditions: [role('clinician')], obligations: ['alert'] }),
    ]);
    expect(decide(policy, asked)).toEqual({
      ...nothing,
      effect: 'allow',
      rules: ['a', 'b', 'c'],
      obligations: ['alert', 'audit', 'redact'],
    });
  });

  it('is every deny that spoke, in order, with its obligations and no grant’s', () => {
    const no = (id: string, more: Partial<CoreRule>) => rule(id, { effect: 'deny', ...more });
    const policy = policyOf([
      rule('a', { obligations: ['audit'] }),
      no('n2', { obligations: ['alert'] }),
      no('n1', {}),
      no('other', { verbs: new Set(['write']), obligations: ['redact'] }),
      no('later', { phase: 'output', obligations: ['redact'] }),
      no('purpose', { conditions: [{ attribute: 'purpose', oneOf: new Set(['HRESCH']) }] }),
    ]);
    expect(decide(policy, asked)).toEqual({
      ...nothing,
      rules: ['n1', 'n2'],
      forbidden: ['meds'],
      obligations: ['alert'],
    });
  });

  it('is no element of output that holds none', () => {
    expect(decide(policyOf([rule('a')]), { ...asked, phase: 'output', elements: [] })).toStrictEqual(nothing);
  });

  it('is asked of the gates that stand in its phase, and of no other', () => {
    const out = rule('out', { phase: 'output' });
    const policy = policyOf([rule('a'), out], {
      gates: [
        { name: 'rules', phases: ['before', 'output'], grants: [rule('a'), out] },
        { name: 'agents', phases: ['before'], grants: [rule('agent.x')] },
      ],
    });
    expect(decide(policy, asked).rules).toEqual(['a', 'agent.x']);
    expect(decide(policy, { ...asked, phase: 'output' })).toMatchObject({ effect: 'allow', rules: ['out'] });
    expect(decide(policyOf([rule('a')]), { ...asked, phase: 'output' }).effect).toBe('deny');
  });
});

describe('a condition', () => {
  const purpose: Condition = { attribute: 'purpose', oneOf: new Set(['TREAT']) };
  const any: Condition = { attribute: 'principalRoles', anyOf: new Set(['clinician']) };
  const none: Condition = { attribute: 'principalRoles', noneOf: new Set(['clinician']) };
  const truth: Condition = { attribute: 'related', is: false };

  it.each<[condition: Condition, value: unknown, answer: string]>([
    [purpose, 'TREAT', 'yes'],
    [purpose, 'HRESCH', 'no'],
    [purpose, 'treat', 'unknown'],
    [purpose, ['TREAT'], 'unknown'],
    [purpose, undefined, 'unknown'],
    [truth, false, 'yes'],
    [truth, true, 'no'],
    [truth, 0, 'unknown'],
    [truth, 'false', 'unknown'],
    [truth, undefined, 'unknown'],
    [any, ['clinician'], 'yes'],
    [any, ['pirate', 'clinician'], 'yes'],
    [any, ['researcher'], 'no'],
    [any, [], 'no'],
    [any, ['researcher', 'pirate'], 'unknown'],
    [any, ['clinician', 5], 'unknown'],
    [any, 'clinician', 'unknown'],
    [any, undefined, 'unknown'],
    [none, ['clinician'], 'no'],
    [none, ['pirate', 'clinician'], 'no'],
    [none, ['researcher'], 'yes'],
    [none, [], 'yes'],
    [none, ['researcher', 'pirate'], 'unknown'],
    [none, 'researcher', 'unknown'],
    [none, undefined, 'unknown'],
    [{ attribute: 'purpose', oneOf: new Set(['nobody knows']) }, 'nobody knows', 'unknown'],
    [{ attribute: 'principalRoles', anyOf: new Set(['nobody knows']) }, ['nobody knows'], 'unknown'],
  ])('%j asked about %j answers %s', (condition, value, answer) => {
    const { purpose: _, ...rest } = asked;
    const request = Object.assign({ ...rest }, value === undefined ? {} : { [condition.attribute]: value });
    expect(judge(policyOf([]), request, condition)).toBe(answer);
    const allowing = decide(policyOf([rule('a', { conditions: [condition] })]), request).effect;
    expect(allowing).toBe(answer === 'yes' ? 'allow' : 'deny');
    const no = rule('no', { effect: 'deny', conditions: [condition] });
    expect(decide(policyOf([rule('a'), no]), request).effect).toBe(answer === 'no' ? 'allow' : 'deny');
  });
});

const attributes = [
  'purpose',
  'destination',
  'agentRole',
  'principalRoles',
  'timeWindows',
  'precededBy',
  'containsPhi',
  'namesPatient',
  'related',
  'onCall',
] as const;

const anyCondition = (): fc.Arbitrary<Condition> =>
  fc.oneof(
    fc
      .constantFrom('purpose' as const, 'destination' as const, 'agentRole' as const)
      .chain((attribute) => fc.subarray([...words[attribute]]).map((oneOf) => ({ attribute, oneOf: new Set(oneOf) }))),
    fc
      .constantFrom('principalRoles' as const, 'timeWindows' as const, 'precededBy' as const)
      .chain((attribute) =>
        fc
          .tuple(fc.subarray([...words[attribute]]), fc.boolean())
          .map(([some, any]) => (any ? { attribute, anyOf: new Set(some) } : { attribute, noneOf: new Set(some) })),
      ),
    fc.record({
      attribute: fc.constantFrom(
        'containsPhi' as const,
        'namesPatient' as const,
        'related' as const,
        'onCall' as const,
      ),
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
    obligations: fc.subarray(['audit', 'alert', 'redact'] as const),
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
      precededBy: fc.subarray([...words.precededBy]),
      containsPhi: fc.boolean(),
      namesPatient: fc.boolean(),
      related: fc.boolean(),
      onCall: fc.boolean(),
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
