/**
 * Everything that policies can answer, with the smallest request for each answer. Exact: nothing is sampled.
 *
 * A request with several elements is allowed if each of them is, so it is enough to ask about one at a time. For one
 * verb, phase and element the attributes are fixed one after the other, class by class; what is left of the rules after
 * each decides the rest, so that equal remainders are looked at once.
 */
import {
  phases,
  verbs,
  type Attribute,
  type CompiledPolicy,
  type Condition,
  type CoreRule,
  type Obligation,
  type Phase,
  type Verb,
} from '../core.js';
import {
  attributes,
  conditionKey,
  valueClasses,
  type AttributeValue,
  type Implied,
  type RulesAtHand,
  type ValueClass,
} from './attribute-values.js';
import { concerns, covers } from '../decide.js';
import { impliedBy } from './implied.js';
import type { Rulebook } from '../../rulebook/rulebook.js';

/** What a policy is asked about; output may hold no element. */
export interface Cell {
  readonly verb: Verb;
  readonly phase: Phase;
  readonly element: string | undefined;
}

export type Said = ReadonlyMap<Attribute, AttributeValue>;

export interface Outcome {
  readonly effect: 'allow' | 'deny';
  /** Sorted. */
  readonly obligations: readonly Obligation[];
}

/** One way in which the policies together can answer. */
export interface Answered {
  /** One for each policy, in their order. */
  readonly outcomes: readonly Outcome[];
  /** The attributes of the smallest request that is answered so: what does not matter, or is implied, is left out. */
  readonly said: Said;
  readonly size: number;
}

/** Every verb, phase and element that one of the policies knows. */
export function cellsOf(policies: readonly CompiledPolicy[]): Cell[] {
  const elements = [...new Set(policies.flatMap((policy) => [...policy.elements]))];
  return phases.flatMap((phase) =>
    verbs.flatMap((verb) =>
      [...(phase === 'output' ? [undefined] : []), ...elements].map((element) => ({ verb, phase, element })),
    ),
  );
}

/** A policy, and what its words imply. */
export interface Party {
  readonly policy: CompiledPolicy;
  readonly implied: Implied;
}

export function partyOf({ policy, roles }: Pick<Rulebook, 'policy' | 'roles'>): Party {
  return { policy, implied: impliedBy({ roles }) };
}

/** Each combination of answers that some request about this cell gets, smallest request first. */
export function outcomesOf(parties: readonly Party[], cell: Cell): Answered[] {
  return outcomesOfHands(parties.map((party) => handOf(party, cell)));
}

/** The same where each policy is asked about a cell of its own. */
export function outcomesOfHands(hands: readonly RulesAtHand[]): Answered[] {
  const levels = attributes
    .map((attribute) => ({ attribute, classes: valueClasses(attribute, hands) }))
    .filter(({ classes }) => classes.length > 1)
    .sort((a, b) => a.classes.length - b.classes.length);
  return [...walk(hands.map(firstOf), 0, levels, new Map()).values()].sort((a, b) => a.size - b.size);
}

/** The rules of a policy that speak about a cell. */
export function handOf({ policy, implied }: Party, { verb, phase, element }: Cell): RulesAtHand {
  if (element !== undefined && !policy.elements.has(element)) return { policy, implied, gates: [], denies: [] };
  const concerned = (rules: readonly CoreRule[]) =>
    rules.filter((rule) => concerns(rule, { verb, phase }) && covers(rule, element));
  return {
    policy,
    implied,
    gates: policy.gates.filter((gate) => gate.phases.includes(phase)).map(({ grants }) => concerned(grants)),
    denies: concerned(policy.denies),
  };
}

/** A rule, and what of it nobody has looked at yet. */
interface Left {
  readonly conditions: readonly Condition[];
  readonly obligations: readonly Obligation[];
}

/** What is left to know of one policy's answer. */
interface Rest {
  /** Already denied, by a rule or because a gate stays shut. */
  readonly denied: boolean;
  readonly gates: readonly { readonly open: boolean; readonly grants: readonly Left[] }[];
  readonly denies: readonly Left[];
  /** Obligations of the grants, and of the denies, that hold already. */
  readonly granted: readonly Obligation[];
  readonly denying: readonly Obligation[];
}

function firstOf({ gates, denies }: RulesAtHand): Rest {
  return settle({
    denied: gates.length === 0,
    gates: gates.map((grants) => ({ open: false, grants })),
    denies,
    granted: [],
    denying: [],
  });
}

/** Takes out what can change nothing any more, so that equal remainders look equal. */
function settle({ denied, gates, denies, granted, denying }: Rest): Rest {
  const isMet = ({ conditions }: Left) => conditions.length === 0;
  const nowDenying = unite(denying, denies.filter(isMet));
  const shut = gates.some(({ open, grants }) => !open && grants.length === 0);
  const over = denied || shut || denies.some(isMet);
  const nowGranted = over
    ? []
    : unite(
        granted,
        gates.flatMap(({ grants }) => grants.filter(isMet)),
      );
  const adds = (known: readonly Obligation[]) => (left: Left) =>
    !isMet(left) && left.obligations.some((each) => !known.includes(each));
  return {
    denied: over,
    gates: over
      ? []
      : gates.map(({ open, grants }) => {
          const opened = open || grants.some(isMet);
          return { open: opened, grants: distinct(opened ? grants.filter(adds(nowGranted)) : grants) };
        }),
    denies: distinct(over ? denies.filter(adds(nowDenying)) : denies),
    granted: nowGranted,
    denying: nowDenying,
  };
}

/** Fixes one attribute: a grant needs a yes, a deny anything but a no. */
function advance(rest: Rest, { answers }: ValueClass): Rest {
  const through = (refuted: (condition: Condition) => boolean) => (left: Left) =>
    left.conditions.some(refuted)
      ? []
      : [{ ...left, conditions: left.conditions.filter((condition) => !answers.has(condition)) }];
  const notYes = (condition: Condition) => answers.has(condition) && answers.get(condition) !== 'yes';
  const isNo = (condition: Condition) => answers.get(condition) === 'no';
  return settle({
    ...rest,
    gates: rest.gates.map(({ open, grants }) => ({ open, grants: grants.flatMap(through(notYes)) })),
    denies: rest.denies.flatMap(through(isNo)),
  });
}

interface Level {
  readonly attribute: Attribute;
  readonly classes: readonly ValueClass[];
}

type Ways = ReadonlyMap<string, Answered>;

/** The smallest way to each combination of outcomes from here. */
function walk(rests: readonly Rest[], at: number, levels: readonly Level[], seen: Map<string, Ways>): Ways {
  const level = levels[at];
  if (level === undefined || rests.every(isSettled)) {
    const outcomes = rests.map(outcomeOf);
    return new Map([[JSON.stringify(outcomes), { outcomes, said: new Map(), size: 0 }]]);
  }
  const key = `${at} ${rests.map(keyOf).join(' ')}`;
  const known = seen.get(key);
  if (known) return known;
  const ways = new Map<string, Answered>();
  for (const each of level.classes) {
    const next = walk(rests.map((rest) => advance(rest, each)), at + 1, levels, seen); // prettier-ignore
    for (const [answer, way] of next) {
      const size = way.size + each.size;
      if (size < (ways.get(answer)?.size ?? Number.POSITIVE_INFINITY))
        ways.set(answer, {
          outcomes: way.outcomes,
          size,
          said: each.value === undefined ? way.said : new Map([[level.attribute, each.value], ...way.said]),
        });
    }
  }
  seen.set(key, ways);
  return ways;
}

function isSettled({ denied, gates, denies }: Rest): boolean {
  return denies.length === 0 && (denied || gates.every(({ open, grants }) => open && grants.length === 0));
}

/** Once every attribute is fixed, a gate that is not open stays shut. */
function outcomeOf({ denied, gates, granted, denying }: Rest): Outcome {
  if (denied || gates.some(({ open }) => !open)) return { effect: 'deny', obligations: [...denying].sort() };
  return { effect: 'allow', obligations: [...granted].sort() };
}

function unite(known: readonly Obligation[], rules: readonly Left[]): readonly Obligation[] {
  return [...new Set([...known, ...rules.flatMap(({ obligations }) => obligations)])].sort();
}

function distinct(rules: readonly Left[]): Left[] {
  return [...new Map(rules.map((rule) => [ruleKey(rule), rule])).values()];
}

function keyOf({ denied, gates, denies, granted, denying }: Rest): string {
  const rules = (left: readonly Left[]) => left.map(ruleKey).sort().join('|');
  const doors = gates.map(({ open, grants }) => `${open ? '+' : '-'}${rules(grants)}`);
  return [denied ? 'no' : '', doors.join('/'), rules(denies), granted.join(), denying.join()].join(';');
}

function ruleKey({ conditions, obligations }: Left): string {
  return `${conditions.map(conditionKey).sort().join('&')}>${obligations.join()}`;
}
