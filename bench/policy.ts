/** `npm run bench -- policy`: one decision over a hundred rules and over five hundred, and how long a thousand load. */
import { digest } from '../src/action/ids.js';
import type { CompiledPolicy, CoreRule, PolicyRequest } from '../src/policy/core.js';
import { decide } from '../src/policy/decide.js';
import { loadRulebook } from '../src/rulebook/load.js';
import { readPolicyFolder } from '../src/rulebook/policy-folder.node.js';
import { print, spread, type Figure } from './figures.js';

const purposes = ['TREAT', 'HPAYMT', 'HOPERAT', 'HRESCH'];
const elements = Array.from({ length: 20 }, (_, at) => `element_${at}`);
const pick = <T>(from: readonly T[], at: number): T[] => from.slice(at % from.length, (at % from.length) + 1);

/** Nine allows to one deny, each about one purpose, five elements and a role: like a long hand-written policy. */
const rulesOf = (count: number): readonly CoreRule[] =>
  Array.from({ length: count }, (_, at) => ({
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

const policyOf = (rules: readonly CoreRule[]): CompiledPolicy => ({
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
    precededBy: new Set(['record.read']),
  },
});

const about = (purpose: string, principalRoles: readonly string[]): PolicyRequest => ({
  verb: 'read',
  phase: 'before',
  elements: ['element_0', 'element_4'],
  purpose,
  principalRoles,
  related: true,
});

const goal = 'goal: p50 < 0.03 ms';
const [short, long] = [policyOf(rulesOf(100)), policyOf(rulesOf(500))];

print([
  decided('allowed, 100 rules, 2 elements', short, {
    about: about('TREAT', ['clinician']),
    effect: 'allow',
    note: goal,
  }),
  decided('default deny, 100 rules, 2 elements', short, {
    about: about('TREAT', ['researcher']),
    effect: 'deny',
    note: goal,
  }),
  decided('allowed, 500 rules, 2 elements', long, {
    about: about('TREAT', ['clinician']),
    effect: 'allow',
    note: 'goal: p50 within 0.01 ms of 100 rules',
  }),
  loaded(1_000),
]);

interface Expected {
  readonly about: PolicyRequest;
  readonly effect: 'allow' | 'deny';
  readonly note: string;
}

function decided(name: string, policy: CompiledPolicy, { about, effect, note }: Expected): Figure {
  if (decide(policy, about).effect !== effect) throw new Error(`${name}: the decision is another`);
  return { bench: 'policy', case: name, ...timed(() => decide(policy, about), { warm: 2_000, rounds: 20_000 }), note };
}

/** The rulebook that ships with a policy of so many rules, from text to what decides. */
function loaded(count: number): Figure {
  const lines = Array.from({ length: count }, (_, at) => {
    const conditions = `[ { purpose: [treatment, research], role: clinician }, { agent_role: triage } ]`;
    const effect = at % 10 === 9 ? 'deny' : 'allow';
    return `  - { id: r${at}, action: read, resource: '/data/patient/*', effect: ${effect}, conditions: ${conditions} }`;
  });
  const policy = `version: '1.0'\nname: Long\nrules:\n${lines.join('\n')}\n`;
  const files = { ...readPolicyFolder('policies'), 'policy.yaml': policy };
  const trust = { issuers: [], warrantIssuers: [], logs: [], rpIds: [] };
  const figures = timed(() => loadRulebook(files, trust), { warm: 5, rounds: 20 });
  return { bench: 'policy', case: `load, ${count} rules`, ...figures, note: 'goal: p50 < 200 ms' };
}

function timed(work: () => unknown, { warm, rounds }: { readonly warm: number; readonly rounds: number }) {
  const times: number[] = [];
  for (let round = 0; round < warm + rounds; round++) {
    const started = performance.now();
    work();
    if (round >= warm) times.push(performance.now() - started);
  }
  return spread(times);
}
