/** Small random policies for the tools' properties. */
import fc from 'fast-check';
import { digest } from '../../../src/action/ids.js';
import type { CompiledPolicy, Condition, CoreRule, Gate } from '../../../src/policy/core.js';

const words = {
  purpose: new Set(['TREAT', 'HRESCH']),
  destination: new Set(['treatment', 'external']),
  agentRole: new Set(['triage']),
  principalRoles: new Set(['clinician', 'nurse', 'auditor']),
  timeWindows: new Set(['day']),
  precededBy: new Set(['record.read']),
};
const elements = ['charges', 'allergies'];
const some = (from: ReadonlySet<string>) =>
  fc.subarray([...from], { minLength: 1 }).map((chosen): ReadonlySet<string> => new Set(chosen));

const grantCondition = fc.oneof<fc.Arbitrary<Condition>[]>(
  some(words.purpose).map((oneOf) => ({ attribute: 'purpose', oneOf })),
  some(words.principalRoles).map((anyOf) => ({ attribute: 'principalRoles', anyOf })),
  fc.boolean().map((is) => ({ attribute: 'related', is })),
);
const denyCondition = fc.oneof<fc.Arbitrary<Condition>[]>(
  grantCondition,
  some(words.principalRoles).map((noneOf) => ({ attribute: 'principalRoles', noneOf })),
);

const ruleOf = (effect: CoreRule['effect'], condition: fc.Arbitrary<Condition>): fc.Arbitrary<CoreRule> =>
  fc.record({
    id: fc.constantFrom('one', 'two', 'three'),
    effect: fc.constant(effect),
    verbs: fc.constant(new Set(['read'] as const)),
    phase: fc.constantFrom('before' as const, 'output' as const),
    elements: fc.oneof(
      fc.constant('any' as const),
      fc.subarray(elements).map((chosen) => new Set(chosen)),
    ),
    conditions: fc.array(condition, { maxLength: 3 }),
    obligations: fc.subarray(['audit' as const, 'alert' as const]),
  });

const gateOf = (grants: CoreRule[] | null): Gate[] =>
  grants === null ? [] : [{ name: 'roles', phases: ['before'], grants }];

const known = <T extends string>(chosen: readonly T[]) => new Set<string>(chosen);

/** Two gates and some denies; one of them may know fewer words and elements than another. */
export const smallPolicy: fc.Arbitrary<CompiledPolicy> = fc
  .record({
    rules: fc.array(ruleOf('allow', grantCondition), { maxLength: 4 }),
    roles: fc.option(fc.array(ruleOf('allow', grantCondition), { maxLength: 3 })),
    denies: fc.array(ruleOf('deny', denyCondition), { maxLength: 3 }),
    elements: fc.subarray(elements, { minLength: 1 }),
    roleWords: fc.subarray([...words.principalRoles], { minLength: 2 }),
  })
  .map(({ rules, roles, denies, elements, roleWords }): CompiledPolicy => ({
    rulebook: digest('a'.repeat(64)),
    gates: [{ name: 'rules', phases: ['before', 'output'], grants: rules }, ...gateOf(roles)],
    denies,
    elements: new Set(elements),
    words: { ...words, principalRoles: known(roleWords) },
  }));
