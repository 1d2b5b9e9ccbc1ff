/** `npm run bench -- policy`: one decision over a hundred rules. */
import { digest } from '../src/action/ids.js';
import type { CompiledPolicy, CoreRule, PolicyRequest } from '../src/policy/core.js';
import { decide } from '../src/policy/decide.js';
import { print, spread, type Figure } from './figures.js';

const purposes = ['TREAT', 'HPAYMT', 'HOPERAT', 'HRESCH'];
const elements = Array.from({ length: 20 }, (_, at) => `element_${at}`);
const pick = <T>(from: readonly T[], at: number): T[] => from.slice(at % from.length, (at % from.length) + 1);

/** Ninety allows and ten denies, each about one purpose, five elements and a role: like a long hand-written policy. */
const rules: readonly CoreRule[] = Array.from({ length: 100 }, (_, at) => ({
  id: `rule.${at}`,
  effect: at % 10 === 9 ? 'deny' : 'allow',
  verbs: new Set(['read'] as const),
  phase: 'before',
  elements: new Set(elements.filter((_element, place) => (place + at) % 4 === 0)),
  conditions: [
    { attribute: 'purpose', oneOf: new Set(pick(purposes, at)) },
    { attribute: 'principalRoles', anyOf: new Set([at % 10 === 9 ? 'researcher' : 'clinician']) },
    { attribute: 'related', is: true },
  ],
  obligations: ['audit'],
}));

const policy: CompiledPolicy = {
  rulebook: digest('a'.repeat(64)),
  gates: [{ name: 'rules', phases: ['before', 'output'], grants: rules.filter(({ effect }) => effect === 'allow') }],
  denies: rules.filter(({ effect }) => effect === 'deny'),
  elements: new Set(elements),
  words: {
    purpose: new Set(purposes),
    destination: new Set(['treatment', 'external', 'deidentified']),
    agentRole: new Set(['triage']),
    principalRoles: new Set(['clinician', 'researcher']),
    timeWindows: new Set(['business_hours']),
  },
};

const about = (purpose: string, principalRoles: readonly string[]): PolicyRequest => ({
  verb: 'read',
  phase: 'before',
  elements: ['element_0', 'element_4'],
  purpose,
  principalRoles,
  related: true,
});

print([
  figure('allowed, 100 rules, 2 elements', about('TREAT', ['clinician']), 'allow'),
  figure('default deny, 100 rules, 2 elements', about('TREAT', ['researcher']), 'deny'),
]);

function figure(name: string, request: PolicyRequest, expected: 'allow' | 'deny'): Figure {
  if (decide(policy, request).effect !== expected) throw new Error(`${name}: the decision is another`);
  const times: number[] = [];
  for (let round = 0; round < 22_000; round++) {
    const started = performance.now();
    decide(policy, request);
    if (round >= 2_000) times.push(performance.now() - started);
  }
  return { bench: 'policy', case: name, ...spread(times), note: 'goal: p50 < 0.03 ms' };
}
