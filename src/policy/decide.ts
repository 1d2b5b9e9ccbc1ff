/** Decides one request against a compiled policy. */
import {
  phases,
  verbs,
  type Attribute,
  type CompiledPolicy,
  type Condition,
  type CoreRule,
  type NearMiss,
  type Obligation,
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

  const granted = new Set<CoreRule>();
  const denying = new Set<CoreRule>();
  const missed = new Map<string, NearMiss>();
  const forbidden: string[] = [];
  let open = true;
  for (const element of asked.targets) {
    const about = rulesAbout(policy, asked, element);
    const denies = about.denies.filter((rule) => rule.conditions.every(asked.mayHold));
    denies.forEach((rule) => denying.add(rule));
    const passed = about.gates.map((candidates) => {
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
  const values = new Map<Attribute, Value>();
  const answer = (condition: Condition) => {
    const value = values.get(condition.attribute) ?? valueOf(policy, request, condition);
    values.set(condition.attribute, value);
    return judgeValue(value, condition);
  };
  return {
    verb,
    phase,
    targets: elements.length > 0 ? elements : [undefined],
    holds: (condition) => answer(condition) === 'yes',
    mayHold: (condition) => answer(condition) !== 'no',
  };
}

/** What the request says of an attribute, as far as it can be believed. */
type Value =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'truth'; readonly truth: boolean }
  /** `all`: no word that nobody knows stands beside these. */
  | { readonly kind: 'words'; readonly words: readonly string[]; readonly all: boolean };

type Answer = 'yes' | 'no' | 'unknown';

/** Whether the condition is known to hold. */
export function judge(policy: CompiledPolicy, request: PolicyRequest, condition: Condition): Answer {
  return judgeValue(valueOf(policy, request, condition), condition);
}

function valueOf(policy: CompiledPolicy, request: PolicyRequest, condition: Condition): Value {
  const said = own(request, condition.attribute);
  if ('is' in condition) return typeof said === 'boolean' ? { kind: 'truth', truth: said } : { kind: 'unknown' };
  const known = policy.words[condition.attribute];
  if ('oneOf' in condition)
    return typeof said === 'string' && known.has(said)
      ? { kind: 'words', words: [said], all: true }
      : { kind: 'unknown' };
  const words = wordsOf(said);
  if (words === undefined) return { kind: 'unknown' };
  const familiar = words.filter((word) => known.has(word));
  return { kind: 'words', words: familiar, all: familiar.length === words.length };
}

function judgeValue(value: Value, condition: Condition): Answer {
  switch (value.kind) {
    case 'unknown':
      return 'unknown';
    case 'truth':
      return 'is' in condition && value.truth === condition.is ? 'yes' : 'no';
    case 'words': {
      if ('is' in condition) return 'unknown';
      const asked = 'oneOf' in condition ? condition.oneOf : 'anyOf' in condition ? condition.anyOf : condition.noneOf;
      if (value.words.some((word) => asked.has(word))) return 'noneOf' in condition ? 'no' : 'yes';
      if (!value.all) return 'unknown';
      return 'noneOf' in condition ? 'yes' : 'no';
    }
  }
}

function own(request: PolicyRequest, name: Attribute | 'verb' | 'phase' | 'elements'): unknown {
  return Object.hasOwn(request, name) ? request[name] : undefined;
}

function wordsOf(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const words = Array.from(value, (word: unknown) => (typeof word === 'string' ? word : undefined));
  return words.every((word) => word !== undefined) ? words : undefined;
}

interface RulesAbout {
  readonly denies: readonly CoreRule[];
  /** Of each gate that stands in this phase. */
  readonly gates: readonly (readonly CoreRule[])[];
}

/** Policies are frozen, verbs and elements few: which rules speak about them is looked up once for each policy. */
const lookedUp = new WeakMap<CompiledPolicy, Map<string, RulesAbout>>();

function rulesAbout(policy: CompiledPolicy, asked: Asked, element: string | undefined): RulesAbout {
  const known = lookedUp.get(policy) ?? new Map<string, RulesAbout>();
  lookedUp.set(policy, known);
  const key = [asked.phase, asked.verb, ...(element === undefined ? [] : [element])].join(' ');
  const before = known.get(key);
  if (before) return before;
  const speaks = (rule: CoreRule) => concerns(rule, asked) && covers(rule, element);
  const gates = policy.gates.filter(({ phases }) => phases.includes(asked.phase));
  const about = {
    denies: policy.denies.filter(speaks),
    gates: gates.map(({ grants }) => grants.filter(speaks)),
  };
  known.set(key, about);
  return about;
}

export function concerns(rule: CoreRule, asked: Pick<Asked, 'verb' | 'phase'>): boolean {
  return rule.phase === asked.phase && rule.verbs.has(asked.verb);
}

export function covers(rule: CoreRule, element: string | undefined): boolean {
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
    obligations: obligationsOf(rules),
    rulebook: policy.rulebook,
  };
}

function obligationsOf(rules: ReadonlySet<CoreRule>): Obligation[] {
  const found = new Set<Obligation>();
  for (const { obligations } of rules) for (const obligation of obligations) found.add(obligation);
  return [...found].sort();
}

function denied(
  policy: CompiledPolicy,
  why: Pick<PolicyDecision, 'rules' | 'forbidden' | 'nearMisses'>,
): PolicyDecision {
  return { effect: 'deny', ...why, obligations: [], rulebook: policy.rulebook };
}
