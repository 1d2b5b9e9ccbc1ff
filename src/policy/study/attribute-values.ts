/**
 * The values of one attribute that policies can tell apart. Values that every condition answers alike are one class; the
 * smallest value of each stands for all.
 */
import type { Attribute, CompiledPolicy, Condition, CoreRule } from '../core.js';
import { judge } from '../decide.js';

/** What shape each attribute has in a request. */
const attributeKinds = {
  purpose: 'word',
  destination: 'word',
  agentRole: 'word',
  principalRoles: 'words',
  timeWindows: 'words',
  precededBy: 'words',
  containsPhi: 'truth',
  namesPatient: 'truth',
  related: 'truth',
  onCall: 'truth',
} as const satisfies Record<Attribute, 'word' | 'words' | 'truth'>;

function isAttribute(name: string): name is Attribute {
  return Object.hasOwn(attributeKinds, name);
}

type Kind = (typeof attributeKinds)[Attribute];
type OfKind<K extends Kind> = { [A in Attribute]: (typeof attributeKinds)[A] extends K ? A : never }[Attribute];

export function isOfKind<K extends Kind>(attribute: Attribute, kind: K): attribute is OfKind<K> {
  return attributeKinds[attribute] === kind;
}

export const attributes: readonly Attribute[] = Object.keys(attributeKinds).filter(isAttribute);

export type Answer = ReturnType<typeof judge>;
export type AttributeValue = string | boolean | readonly string[];

/** A word that no rulebook knows: none of their words has this shape. */
export const unknownWord = 'unknown-word';

/** A policy, and those of its rules that are at hand. */
export interface RulesAtHand {
  readonly policy: CompiledPolicy;
  readonly gates: readonly (readonly CoreRule[])[];
  readonly denies: readonly CoreRule[];
  readonly implied: Implied;
}

/** The words that somebody has who has this one, itself included: a role and the roles that it implies. */
export type Implied = (attribute: Attribute, word: string) => readonly string[];

export interface ValueClass {
  /** The smallest value; undefined: the attribute is missing. Words that others imply are left out. */
  readonly value: AttributeValue | undefined;
  /** What each condition on this attribute answers; the others are not in it. */
  readonly answers: ReadonlyMap<Condition, Answer>;
  /** How much there is to say: nothing for a missing attribute, one for each thing said. */
  readonly size: number;
}

/** Every class of the attribute's values; the missing attribute first, the rest by size. */
export function valueClasses(attribute: Attribute, hands: readonly RulesAtHand[]): ValueClass[] {
  const conditions = conditionsOn(attribute, hands);
  const distinct = alikeOf(conditions);
  const found = new Map<string, ValueClass>();
  /** The class, if it is a new one. */
  const add = (value: AttributeValue | undefined, size: number): ValueClass | undefined => {
    const answers = distinct.map(([placed]) => answerTo(placed, value));
    const key = answers.join();
    if (found.has(key)) return undefined;
    const all = distinct.flatMap((alike, at) =>
      alike.map(({ condition }) => [condition, answers[at] ?? 'unknown'] as const),
    );
    const made = { value, answers: new Map(all), size };
    found.set(key, made);
    return made;
  };

  add(undefined, 0);
  if (isOfKind(attribute, 'truth')) for (const truth of [true, false]) add(truth, 1);
  else if (isOfKind(attribute, 'word')) for (const word of wordsFor(attribute, conditions)) add(word, 1);
  else {
    const words = [...grouped(attribute, distinct).map(([first]) => first), unknownWord];
    const most = wordsNeeded(attribute, hands);
    let wider = [add([], 1) ?? { value: [] }];
    for (let size = 1; wider.length > 0 && size <= most; size++)
      wider = wider.flatMap(({ value }) =>
        words.flatMap((word) => (Array.isArray(value) ? (add([...value, word], size + 1) ?? []) : [])),
      );
  }
  return [...found.values()];
}

/** Every known word, those together that every condition answers alike. */
export function wordsAlike(attribute: Attribute, hands: readonly RulesAtHand[]): string[][] {
  return grouped(attribute, alikeOf(conditionsOn(attribute, hands))).map((words) => [...words].sort());
}

function grouped(attribute: Attribute, distinct: readonly Alike[]): (readonly [string, ...string[]])[] {
  const groups = new Map<string, readonly [string, ...string[]]>();
  for (const word of wordsFor(
    attribute,
    distinct.map(([placed]) => placed),
  )) {
    const key = distinct.map(([each]) => answerTo(each, isOfKind(attribute, 'word') ? word : [word])).join();
    const alike = groups.get(key);
    groups.set(key, alike ? [...alike, word] : [word]);
  }
  return [...groups.values()];
}

interface Placed {
  readonly policy: CompiledPolicy;
  readonly condition: Condition;
  readonly implied: Implied;
}

function conditionsOn(attribute: Attribute, hands: readonly RulesAtHand[]): Placed[] {
  return hands.flatMap(({ policy, gates, denies, implied }) =>
    [...gates.flat(), ...denies]
      .flatMap(({ conditions }) => conditions)
      .filter((condition) => condition.attribute === attribute)
      .map((condition) => ({ policy, condition, implied })),
  );
}

/** Conditions of one policy that say the same. */
type Alike = readonly [Placed, ...Placed[]];

function alikeOf(conditions: readonly Placed[]): Alike[] {
  const groups = new Map<CompiledPolicy, Map<string, Alike>>();
  for (const placed of conditions) {
    const ofPolicy = groups.get(placed.policy) ?? new Map<string, Alike>();
    const key = conditionKey(placed.condition);
    const alike = ofPolicy.get(key);
    ofPolicy.set(key, alike ? [...alike, placed] : [placed]);
    groups.set(placed.policy, ofPolicy);
  }
  return [...groups.values()].flatMap((ofPolicy) => [...ofPolicy.values()]);
}

function answerTo({ policy, condition, implied }: Placed, said: AttributeValue | undefined): Answer {
  const { attribute } = condition;
  const value = Array.isArray(said) ? said.flatMap((word: string) => implied(attribute, word)) : said;
  const request = {
    verb: 'read',
    phase: 'before',
    elements: [],
    ...(value !== undefined && { [attribute]: value }),
  } as const;
  return judge(policy, request, condition);
}

/** Those that some rule speaks about first, so that they stand for their class. */
function wordsFor(attribute: Attribute, conditions: readonly Placed[]): string[] {
  const spoken = conditions.flatMap(({ condition }) => [...wordsIn(condition)]);
  const known = conditions.flatMap(({ policy: { words } }) => {
    const own: Partial<Record<string, ReadonlySet<string>>> = words;
    return [...(own[attribute] ?? [])];
  });
  return [...new Set([...spoken, ...known])];
}

function wordsIn(condition: Condition): ReadonlySet<string> {
  if ('oneOf' in condition) return condition.oneOf;
  if ('anyOf' in condition) return condition.anyOf;
  return 'noneOf' in condition ? condition.noneOf : new Set();
}

/**
 * No outcome needs more words at once. An allow needs one for each condition of one grant a gate, and of one grant an
 * obligation; a deny those of one rule, and of one an obligation; and each exception of a deny needs one to be refuted.
 * One more is for a word that nobody knows. Leaving the other words out changes nothing: fewer words meet fewer
 * conditions, and all that were met by these still are.
 */
function wordsNeeded(attribute: Attribute, hands: readonly RulesAtHand[]): number {
  return hands.reduce((sum, { gates, denies }) => {
    const asked = (rules: readonly CoreRule[]) =>
      Math.max(0, ...rules.map(({ conditions }) => conditions.filter((each) => each.attribute === attribute).length));
    const duties = new Set([...gates.flat(), ...denies].flatMap(({ obligations }) => obligations)).size;
    const refuted = denies.filter(({ conditions }) =>
      conditions.some((condition) => condition.attribute === attribute && 'noneOf' in condition),
    ).length;
    const grants = gates.reduce((needed, rules) => needed + asked(rules), 0) + duties * asked(gates.flat());
    return sum + Math.max(grants, (1 + duties) * asked(denies)) + refuted;
  }, 1);
}

const conditionKeys = new WeakMap<Condition, string>();

/** Conditions are told apart by what they say, wherever they stand. */
export function conditionKey(condition: Condition): string {
  const known = conditionKeys.get(condition);
  if (known !== undefined) return known;
  const said = Object.values(condition).map((part) => (part instanceof Set ? [...part].sort().join() : String(part)));
  const key = `${Object.keys(condition).join()}=${said.join(':')}`;
  conditionKeys.set(condition, key);
  return key;
}
