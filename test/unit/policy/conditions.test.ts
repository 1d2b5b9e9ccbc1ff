import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { digest } from '../../../src/action/ids.js';
import { compatible, coveredBy, implies, negated, withinScope } from '../../../src/policy/conditions.js';
import type { CompiledPolicy, Condition, CoreRule, PolicyRequest } from '../../../src/policy/core.js';
import { decide, judge } from '../../../src/policy/decide.js';

const set = (...words: string[]) => new Set(words);
const purpose = (...words: string[]): Condition => ({ attribute: 'purpose', oneOf: set(...words) });
const any = (...words: string[]): Condition => ({ attribute: 'principalRoles', anyOf: set(...words) });
const none = (...words: string[]): Condition => ({ attribute: 'principalRoles', noneOf: set(...words) });
const related = (is: boolean): Condition => ({ attribute: 'related', is });
const agent = (...words: string[]): Condition => ({ attribute: 'agentRole', oneOf: set(...words) });

const policy: CompiledPolicy = {
  rulebook: digest('a'.repeat(64)),
  gates: [],
  denies: [],
  elements: set('meds', 'notes'),
  words: {
    purpose: set('a', 'b', 'c'),
    destination: set('treatment'),
    agentRole: set('a', 'b', 'c'),
    principalRoles: set('a', 'b', 'c'),
    timeWindows: set('a'),
    precededBy: set('a'),
  },
};

describe('one condition implies another', () => {
  it.each<[narrow: Condition, wide: Condition, answer: boolean]>([
    [purpose('a'), purpose('a', 'b'), true],
    [purpose('a', 'b'), purpose('a', 'b'), true],
    [purpose('a', 'b'), purpose('a'), false],
    [purpose('a'), purpose('b'), false],
    [purpose('a'), agent('a'), false],
    [any('a'), any('a', 'b'), true],
    [any('a', 'b'), any('a'), false],
    [none('a', 'b'), none('a'), true],
    [none('a'), none('a', 'b'), false],
    [any('a'), none('b'), false],
    [none('b'), any('a'), false],
    [any('a'), none('a'), false],
    [none('a'), any('b'), false],
    [related(true), related(true), true],
    [related(true), related(false), false],
    [related(false), { attribute: 'onCall', is: false }, false],
  ])('%j, %j: %p', (narrow, wide, answer) => {
    expect(implies(narrow, wide)).toBe(answer);
  });
});

describe('two conditions may hold together', () => {
  it.each<[one: Condition, other: Condition, answer: boolean]>([
    [purpose('a', 'b'), purpose('b', 'c'), true],
    [purpose('a'), purpose('b', 'c'), false],
    [purpose('a'), agent('b'), true],
    [any('a'), any('b'), true],
    [any('a'), none('a', 'b'), false],
    [any('a', 'c'), none('a', 'b'), true],
    [none('a', 'b'), any('a'), false],
    [none('a', 'b'), any('a', 'c'), true],
    [none('a'), none('b'), true],
    [related(true), related(true), true],
    [related(true), related(false), false],
    [related(true), { attribute: 'onCall', is: false }, true],
  ])('%j, %j: %p', (one, other, answer) => {
    expect(compatible(one, other)).toBe(answer);
    expect(compatible(other, one)).toBe(answer);
  });
});

describe('what is left of a condition that fails', () => {
  it.each<[condition: Condition, left: Condition]>([
    [purpose('a'), purpose('b', 'c')],
    [purpose('a', 'b', 'c'), purpose()],
    [any('a'), none('a')],
    [none('a', 'b'), any('a', 'b')],
    [related(true), related(false)],
    [related(false), related(true)],
  ])('%j: %j', (condition, left) => {
    expect(negated(condition, policy.words)).toEqual(left);
  });
});

const rule = (more: Partial<CoreRule> = {}): CoreRule => ({
  id: 'r',
  effect: 'allow',
  verbs: new Set(['read']),
  phase: 'before',
  elements: set('meds'),
  conditions: [],
  obligations: [],
  ...more,
});

describe('one rule is within another', () => {
  it.each<[what: string, narrow: Partial<CoreRule>, wide: Partial<CoreRule>, answer: boolean]>([
    ['the same', {}, {}, true],
    ['more verbs', {}, { verbs: new Set(['read', 'write']) }, true],
    ['fewer verbs', { verbs: new Set(['read', 'write']) }, {}, false],
    ['another phase', {}, { phase: 'output' }, false],
    ['more elements', {}, { elements: set('meds', 'notes') }, true],
    ['fewer elements', { elements: set('meds', 'notes') }, {}, false],
    ['any element', {}, { elements: 'any' }, true],
    ['any element within some', { elements: 'any' }, {}, false],
    ['any element within any', { elements: 'any' }, { elements: 'any' }, true],
  ])('by scope: %s', (_what, narrow, wide, answer) => {
    expect(withinScope(rule(narrow), rule(wide))).toBe(answer);
    expect(coveredBy(rule(narrow), rule(wide))).toBe(answer);
  });

  it.each<[narrow: Condition[], wide: Condition[], answer: boolean]>([
    [[purpose('a')], [], true],
    [[], [purpose('a')], false],
    [[purpose('a'), related(true)], [purpose('a', 'b')], true],
    [[purpose('a')], [purpose('a', 'b'), related(true)], false],
    [[purpose('a'), related(true)], [related(true), purpose('a')], true],
  ])('by conditions: %j, %j: %p', (narrow, wide, answer) => {
    expect(coveredBy(rule({ conditions: narrow }), rule({ conditions: wide }))).toBe(answer);
    expect(withinScope(rule({ conditions: narrow }), rule({ conditions: wide }))).toBe(true);
  });
});

const words = fc.subarray(['a', 'b', 'c']);
const anyCondition = (): fc.Arbitrary<Condition> =>
  fc.oneof(
    words.map((some) => purpose(...some)),
    words.map((some) => any(...some)),
    words.map((some) => none(...some)),
    fc.boolean().map(related),
  );
const anyRequest = (): fc.Arbitrary<PolicyRequest> =>
  fc.record(
    {
      verb: fc.constantFrom('read', 'write'),
      phase: fc.constantFrom('before', 'output'),
      elements: fc.subarray(['meds', 'notes']),
      purpose: fc.constantFrom('a', 'b', 'c', 'nobody knows'),
      principalRoles: fc.subarray(['a', 'b', 'c', 'nobody knows']),
      related: fc.boolean(),
    },
    { requiredKeys: ['verb', 'phase', 'elements'] },
  );
const anyRule = (effect: CoreRule['effect']): fc.Arbitrary<CoreRule> =>
  fc.record({
    id: fc.constant('r'),
    effect: fc.constant(effect),
    verbs: fc.subarray(['read', 'write'] as const, { minLength: 1 }).map((verbs) => new Set(verbs)),
    phase: fc.constantFrom('before', 'output'),
    elements: fc.oneof(
      fc.constant('any' as const),
      fc.subarray(['meds', 'notes']).map((some) => set(...some)),
    ),
    conditions: fc.array(anyCondition(), { maxLength: 2 }),
    obligations: fc.constant([]),
  });

describe('for every request', () => {
  it('what a condition implies holds where it holds, and may hold where it may', () => {
    fc.assert(
      fc.property(anyCondition(), anyCondition(), anyRequest(), (narrow, wide, request) => {
        fc.pre(implies(narrow, wide));
        const [given, asked] = [judge(policy, request, narrow), judge(policy, request, wide)];
        if (given === 'yes') expect(asked).toBe('yes');
        if (given !== 'no') expect(asked).not.toBe('no');
      }),
      { numRuns: 1_000 },
    );
  });

  it('two conditions that are not compatible never hold together', () => {
    fc.assert(
      fc.property(anyCondition(), anyCondition(), anyRequest(), (one, other, request) => {
        fc.pre(!compatible(one, other));
        expect([judge(policy, request, one), judge(policy, request, other)]).not.toEqual(['yes', 'yes']);
      }),
      { numRuns: 1_000 },
    );
  });

  it('a condition and what is left of it are never both right, and both unknown at once', () => {
    const turned = { yes: 'no', no: 'yes', unknown: 'unknown' };
    fc.assert(
      fc.property(anyCondition(), anyRequest(), (condition, request) => {
        const left = negated(condition, policy.words);
        expect(judge(policy, request, left)).toBe(turned[judge(policy, request, condition)]);
      }),
    );
  });

  it('a rule that is covered never decides what the other does not', () => {
    fc.assert(
      fc.property(anyRule('allow'), anyRule('allow'), anyRequest(), (narrow, wide, request) => {
        fc.pre(coveredBy(narrow, wide));
        const granted = (one: CoreRule) =>
          decide({ ...policy, gates: [{ name: 'rules', phases: ['before', 'output'], grants: [one] }] }, request)
            .effect;
        if (granted(narrow) === 'allow') expect(granted(wide)).toBe('allow');
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(anyRule('deny'), anyRule('deny'), anyRequest(), (narrow, wide, request) => {
        fc.pre(coveredBy(narrow, wide));
        const all = rule({ id: 'all', verbs: new Set(['read', 'write']), elements: 'any', phase: request.phase });
        const gates = [{ name: 'rules' as const, phases: ['before', 'output'] as const, grants: [all] }];
        const denied = (one: CoreRule) => decide({ ...policy, gates, denies: [one] }, request).effect;
        if (denied(narrow) === 'deny') expect(denied(wide)).toBe('deny');
      }),
      { numRuns: 500 },
    );
  });
});
