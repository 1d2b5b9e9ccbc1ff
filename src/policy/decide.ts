/** Decides one request against a compiled policy. */
import {
  phases,
  verbs,
  type Attribute,
  type CompiledPolicy,
  type Condition,
  type CoreRule,
  type Gate,
  type NearMiss,
  type PolicyDecision,
  type PolicyRequest,
} from './core.js';

/** What no rule allows is denied under this id. */
const defaultDeny = 'default_deny';

/**
 * Default deny; a deny overrides; the order of rules does not matter. Every element must pass every gate, and one that
 * does not refuses the whole request: nothing is narrowed silently.
 *
 * The request is read defensively, as it may be made of anything: only own properties of the right type count.
 */
export function decide(policy: CompiledPolicy, request: PolicyRequest): PolicyDecision {
  const asked = readRequest(policy, request);
  if (asked === undefined) return denied(policy, { rules: [defaultDeny], forbidden: [], nearMisses: [] });

  const covering = policy.denies.filter((rule) => concerns(rule, asked));
  const granted = new Set<CoreRule>();
  const denying = new Set<CoreRule>();
  const missed = new Map<string, NearMiss>();
  const forbidden: string[] = [];
  let open = true;
  for (const element of asked.targets) {
    const denies = covering.filter((rule) => covers(rule, element) && rule.conditions.every(asked.mayHold));
    denies.forEach((rule) => denying.add(rule));
    const passed = gatesOf(policy, asked).map((gate) => {
      const candidates = gate.grants.filter((rule) => concerns(rule, asked) && covers(rule, element));
      const grants = candidates.filter((rule) => rule.conditions.every(asked.holds));
      grants.forEach((rule) => granted.add(rule));
      if (grants.length === 0) candidates.forEach((rule) => missed.set(rule.id, nearMiss(rule, asked)));
      return grants.length > 0;
    });
    if (denies.length > 0 || passed.length === 0 || passed.includes(false)) {
      open = false;
      if (element !== undefined) forbidden.push(element);
    }
  }
  if (open) return { ...record(policy, granted), effect: 'allow', forbidden: [], nearMisses: [] };
  const nearMisses = [...missed.values()].sort((a, b) => (a.rule < b.rule ? -1 : 1));
  if (denying.size === 0) return denied(policy, { rules: [defaultDeny], forbidden, nearMisses });
  return { ...record(policy, denying), effect: 'deny', forbidden, nearMisses };
}

interface Asked {
  readonly verb: (typeof verbs)[number];
  readonly phase: (typeof phases)[number];
  /** Elements to judge, or once nothing in particular: output may hold no element. */
  readonly targets: readonly (string | undefined)[];
  /** The condition is known to hold: what an allow needs. */
  readonly holds: (condition: Condition) => boolean;
  /** It holds, or nobody knows: enough for a deny. */
  readonly mayHold: (condition: Condition) => boolean;
}

/** Undefined when verb, phase or an element is none of ours: then no rule can speak about it. */
function readRequest(policy: CompiledPolicy, request: PolicyRequest): Asked | undefined {
  const verb = verbs.find((known) => known === own(request, 'verb'));
  const phase = phases.find((known) => known === own(request, 'phase'));
  const elements = wordsOf(own(request, 'elements'));
  if (verb === undefined || phase === undefined || elements === undefined) return undefined;
  if (!elements.every((element) => policy.elements.has(element))) return undefined;
  if (phase === 'before' && elements.length === 0) return undefined; // leave to touch nothing in particular is no leave
  const answer = (condition: Condition) => judge(policy, request, condition);
  return {
    verb,
    phase,
    targets: elements.length > 0 ? elements : [undefined],
    holds: (condition) => answer(condition) === 'yes',
    mayHold: (condition) => answer(condition) !== 'no',
  };
}

function judge(policy: CompiledPolicy, request: PolicyRequest, condition: Condition): 'yes' | 'no' | 'unknown' {
  const value = own(request, condition.attribute);
  if ('is' in condition) {
    if (typeof value !== 'boolean') return 'unknown';
    return value === condition.is ? 'yes' : 'no';
  }
  const known = policy.words[condition.attribute];
  if ('oneOf' in condition) {
    if (typeof value !== 'string' || !known.has(value)) return 'unknown';
    return condition.oneOf.has(value) ? 'yes' : 'no';
  }
  const words = wordsOf(value);
  if (words === undefined) return 'unknown';
  if (words.some((word) => known.has(word) && condition.anyOf.has(word))) return 'yes';
  return words.every((word) => known.has(word)) ? 'no' : 'unknown';
}

function own(request: PolicyRequest, name: Attribute | 'verb' | 'phase' | 'elements'): unknown {
  return Object.hasOwn(request, name) ? request[name] : undefined;
}

function wordsOf(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const words = Array.from(value, (word: unknown) => (typeof word === 'string' ? word : undefined));
  return words.every((word) => word !== undefined) ? words : undefined;
}

function gatesOf(policy: CompiledPolicy, asked: Asked): Gate[] {
  return policy.gates.filter((gate) => gate.phases.includes(asked.phase));
}

function concerns(rule: CoreRule, asked: Asked): boolean {
  return rule.phase === asked.phase && rule.verbs.has(asked.verb);
}

function covers(rule: CoreRule, element: string | undefined): boolean {
  if (rule.elements === 'any') return true;
  return element === undefined ? rule.effect === 'deny' : rule.elements.has(element);
}

function nearMiss(rule: CoreRule, asked: Asked): NearMiss {
  const unmet = rule.conditions.filter((condition) => !asked.holds(condition)).map(({ attribute }) => attribute);
  return { rule: rule.id, unmet: [...new Set(unmet)].sort() };
}

function record(policy: CompiledPolicy, rules: ReadonlySet<CoreRule>) {
  return {
    rules: [...new Set([...rules].map(({ id }) => id))].sort(),
    obligations: [...new Set([...rules].flatMap(({ obligations }) => obligations))].sort(),
    rulebook: policy.rulebook,
  };
}

function denied(
  policy: CompiledPolicy,
  why: Pick<PolicyDecision, 'rules' | 'forbidden' | 'nearMisses'>,
): PolicyDecision {
  return { effect: 'deny', ...why, obligations: [], rulebook: policy.rulebook };
}
