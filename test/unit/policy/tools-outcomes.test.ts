import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CompiledPolicy, CoreRule, PolicyRequest } from '../../../src/policy/core.js';
import { decide } from '../../../src/policy/decide.js';
import { cellsOf, outcomesOf, type Answered, type Cell } from '../../../src/policy/study/outcomes.js';
import { smallPolicy } from './tools-policies.js';

/** Every value of every attribute that the random policies speak about, and every way to leave one out. */
const purposes = [undefined, 'TREAT', 'HRESCH', 'nonsense'];
const roleSets = ['clinician', 'nurse', 'auditor', 'nonsense'].reduce<string[][]>(
  (sets, word) => [...sets, ...sets.map((set) => [...set, word])],
  [[]],
);
const everyRequest: Omit<PolicyRequest, 'verb' | 'phase' | 'elements'>[] = purposes.flatMap((purpose) =>
  [undefined, ...roleSets].flatMap((principalRoles) =>
    [undefined, true, false].map((related) => ({
      ...(purpose !== undefined && { purpose }),
      ...(principalRoles !== undefined && { principalRoles }),
      ...(related !== undefined && { related }),
    })),
  ),
);

function answers(policies: readonly CompiledPolicy[], request: PolicyRequest): string {
  return JSON.stringify(
    policies.map((policy) => {
      const { effect, obligations } = decide(policy, request);
      return { effect, obligations };
    }),
  );
}

const parties = (policies: readonly CompiledPolicy[]) =>
  policies.map((policy) => ({ policy, implied: (_attribute: string, word: string) => [word] }));

function never(): never {
  throw new Error('no cell');
}

const requestOf = ({ verb, phase, element }: Cell, { said }: Answered): PolicyRequest => ({
  verb,
  phase,
  elements: element === undefined ? [] : [element],
  ...Object.fromEntries(said),
});

describe('everything that policies can answer', () => {
  it('is what asking every request finds, no more and no less', () => {
    fc.assert(
      fc.property(fc.array(smallPolicy, { minLength: 1, maxLength: 2 }), (policies) => {
        for (const cell of cellsOf(policies).filter(({ verb }) => verb === 'read')) {
          const elements = cell.element === undefined ? [] : [cell.element];
          const asked = everyRequest.map((rest) => answers(policies, { ...cell, elements, ...rest }));
          const found = outcomesOf(parties(policies), cell).map(({ outcomes }) => JSON.stringify(outcomes));
          expect(new Set(found)).toEqual(new Set(asked));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('comes with requests that are answered so', () => {
    fc.assert(
      fc.property(fc.array(smallPolicy, { minLength: 1, maxLength: 2 }), (policies) => {
        for (const cell of cellsOf(policies))
          for (const found of outcomesOf(parties(policies), cell))
            expect(answers(policies, requestOf(cell, found))).toBe(JSON.stringify(found.outcomes));
      }),
    );
  });

  it('comes with the smallest request for each answer', () => {
    const size = ({ principalRoles, ...rest }: PolicyRequest) =>
      Object.keys(rest).length - 3 + (principalRoles ? 1 + principalRoles.length : 0);
    fc.assert(
      fc.property(smallPolicy, (policy) => {
        for (const cell of cellsOf([policy]).filter(({ verb }) => verb === 'read')) {
          const elements = cell.element === undefined ? [] : [cell.element];
          const smallest = new Map<string, number>();
          for (const rest of everyRequest) {
            const request: PolicyRequest = { verb: cell.verb, phase: cell.phase, elements, ...rest };
            const answer = answers([policy], request);
            smallest.set(answer, Math.min(smallest.get(answer) ?? Infinity, size(request)));
          }
          for (const found of outcomesOf(parties([policy]), cell))
            expect(size(requestOf(cell, found))).toBe(smallest.get(JSON.stringify(found.outcomes)));
        }
      }),
    );
  });

  it('includes what only a word that nobody knows tells apart', () => {
    const nurse = new Set(['nurse']);
    const rule = {
      id: 'one',
      verbs: new Set(['read'] as const),
      phase: 'before',
      elements: 'any',
      obligations: [],
    } as const;
    const grant: CoreRule = { ...rule, effect: 'allow', conditions: [{ attribute: 'principalRoles', anyOf: new Set(['clinician']) }] }; // prettier-ignore
    const deny: CoreRule = {
      ...rule,
      effect: 'deny',
      conditions: [
        { attribute: 'principalRoles', anyOf: nurse },
        { attribute: 'principalRoles', noneOf: nurse },
      ],
    };
    const [sample] = fc.sample(smallPolicy, { numRuns: 1, seed: 1 });
    if (sample === undefined) throw new Error('no policy');
    const words = { ...sample.words, principalRoles: new Set(['clinician', 'nurse']) };
    const plain: CompiledPolicy = { ...sample, words, gates: [{ name: 'rules', phases: ['before'], grants: [grant] }], denies: [] }; // prettier-ignore
    const found = outcomesOf(parties([plain, { ...plain, denies: [deny] }]), cellsOf([plain])[0] ?? never());
    const differing = found.filter(({ outcomes: [one, other] }) => one?.effect !== other?.effect);
    expect(differing.map(({ said }) => said.get('principalRoles'))).toEqual([['clinician', 'unknown-word']]);
  });

  it('of several elements is an allow only if each of them alone is allowed', () => {
    fc.assert(
      fc.property(smallPolicy, fc.constantFrom(...everyRequest), (policy, rest) => {
        const of = (elements: readonly string[]) =>
          decide(policy, { verb: 'read', phase: 'before', elements, ...rest }).effect;
        const together = of(['charges', 'allergies']);
        expect(together === 'allow').toBe(of(['charges']) === 'allow' && of(['allergies']) === 'allow');
      }),
    );
  });
});
