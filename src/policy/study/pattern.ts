/** A pattern of requests, as an invariant writes it: which questions to a policy fit, and what must be known of them. */
import { z } from 'zod';
import type { Path } from '../../rulebook/problem.js';
import type { ElementDefinition } from '../../rulebook/elements.js';
import { attributes, isOfKind, type Answer } from './attribute-values.js';
import {
  phases,
  verbs,
  type Attribute,
  type CompiledPolicy,
  type Condition,
  type CoreRule,
  type Phase,
  type PolicyRequest,
} from '../core.js';
import { judge } from '../decide.js';
import type { Lexicon } from '../lexicon.js';
import type { Cell, Outcome } from './outcomes.js';
import { listed } from './sample.js';
import { spokenAttributes, type SpokenAttribute } from '../spoken.js';
import type { Vocabulary } from '../vocabulary.js';

const word = z.string().min(1).max(128);
const words = z.union([word, z.array(word).min(1)], { error: 'expected a word or a list of words' });

/** One of these; or with `not`: anything that is not known to be one of these, a missing attribute included. */
const wordPattern = z.union([words, z.strictObject({ not: words })], {
  error: 'expected a word, a list of words or {not: words}',
});
const truthPattern = z.union([z.boolean(), z.strictObject({ not: z.boolean() })], {
  error: 'expected true, false or {not: true}',
});
type AttributePattern = z.infer<typeof wordPattern | typeof truthPattern>;

const attributeShape = {
  purpose: wordPattern.optional(),
  destination: wordPattern.optional(),
  agent_role: wordPattern.optional(),
  role: wordPattern.optional(),
  time_window: wordPattern.optional(),
  preceded_by: wordPattern.optional(),
  contains_phi: truthPattern.optional(),
  names_patient: truthPattern.optional(),
  treatment_relationship: truthPattern.optional(),
  on_call: truthPattern.optional(),
} satisfies Record<SpokenAttribute, z.ZodType>;

export const patternSchema = z
  .strictObject({
    /** Action types. */
    type: words.optional(),
    verb: z
      .union([z.enum(verbs), z.array(z.enum(verbs)).min(1)], { error: `expected of ${verbs.join(', ')}` })
      .optional(),
    /** Both unless told; an action is judged before it runs. */
    phase: z.enum(phases).optional(),
    /** Elements, fields, or categories such as `phi`. */
    elements: words.optional(),
    ...attributeShape,
  })
  .refine((pattern) => Object.keys(pattern).length > 0, { error: 'a pattern that everything fits' });
export type PatternDocument = Readonly<z.infer<typeof patternSchema>>;

export interface Pattern {
  /** Undefined: whatever the type, and without one. */
  readonly types: ReadonlySet<string> | undefined;
  readonly speaksOf: (cell: Cell) => boolean;
  /** All of these are known to hold. */
  readonly holds: readonly Condition[];
  /** None of these is known to hold. */
  readonly lacks: readonly Condition[];
}

export interface PatternWorld {
  readonly lexicon: Lexicon;
  readonly vocabulary: Vocabulary;
  readonly elements: ReadonlyMap<string, ElementDefinition>;
}

/** The lexicon reports what is unknown. */
export function readPattern(pattern: PatternDocument, world: PatternWorld, path: Path): Pattern {
  const types = pattern.type === undefined ? undefined : listed(pattern.type, [...path, 'type']);
  const asked = pattern.verb === undefined ? verbs : [pattern.verb].flat();
  const elements = pattern.elements === undefined ? undefined : elementsMeant(pattern.elements, world, path);
  const said = attributes.flatMap((attribute) => {
    const value = pattern[spokenAttributes[attribute]];
    return value === undefined ? [] : [[attribute, value] as const];
  });
  return {
    types: types && new Set(types.flatMap(([type, at]) => world.lexicon.term('precededBy', type, at) ?? [])),
    speaksOf: ({ verb, phase, element }) =>
      asked.includes(verb) &&
      phase === (pattern.phase ?? phase) &&
      (elements === undefined || (element !== undefined && elements.has(element))),
    holds: said.flatMap(([attribute, value]) =>
      isNegated(value) ? [] : conditionOf(attribute, value, world.lexicon, [...path, spokenAttributes[attribute]]),
    ),
    lacks: said.flatMap(([attribute, value]) =>
      isNegated(value)
        ? conditionOf(attribute, value.not, world.lexicon, [...path, spokenAttributes[attribute], 'not'])
        : [],
    ),
  };
}

function isNegated(value: AttributePattern): value is Extract<AttributePattern, { not: unknown }> {
  return typeof value === 'object' && 'not' in value;
}

type Said = string | boolean | readonly string[];

function conditionOf(attribute: Attribute, said: Said, lexicon: Lexicon, path: Path): Condition[] {
  if (isOfKind(attribute, 'truth')) return typeof said === 'boolean' ? [{ attribute, is: said }] : [];
  if (typeof said === 'boolean') return [];
  const words = new Set(listed(said, path).flatMap(([word, at]) => lexicon.term(attribute, word, at) ?? []));
  return isOfKind(attribute, 'word') ? [{ attribute, oneOf: words }] : [{ attribute, anyOf: words }];
}

/** A category stands for its elements; the others go by their own names or as fields. */
function elementsMeant(said: string | readonly string[], world: PatternWorld, path: Path): ReadonlySet<string> {
  const { lexicon, vocabulary, elements } = world;
  return new Set(
    listed(said, [...path, 'elements']).flatMap(([word, at]) => {
      const term = Object.hasOwn(vocabulary.categories, word) ? vocabulary.categories[word] : undefined;
      if (term === undefined) return lexicon.field(word, at) ?? [];
      if (term.elements !== undefined) return term.elements;
      const kept = [...elements.values()].filter(
        ({ sensitivity }) => sensitivity === (term.sensitivity ?? sensitivity),
      );
      return kept.map(({ name }) => name);
    }),
  );
}

/**
 * The pattern as policies that are asked beside the real one: the first allows what is known to fit, each of the others
 * what must not be.
 */
export function asPolicies({ holds, lacks }: Pick<Pattern, 'holds' | 'lacks'>, like: CompiledPolicy): CompiledPolicy[] {
  return [holds, ...lacks.map((condition) => [condition])].map((conditions) => policyThatAllows([conditions], like));
}

/** Allows whatever meets all conditions of one of the rows, and nothing else; in the words of another policy. */
export function policyThatAllows(rows: readonly (readonly Condition[])[], like: CompiledPolicy): CompiledPolicy {
  const grants = rows.flatMap((conditions) => phases.map((phase) => grantOf(phase, conditions)));
  return { ...like, gates: [{ name: 'rules', phases, grants }], denies: [] };
}

function grantOf(phase: Phase, conditions: readonly Condition[]): CoreRule {
  return { id: 'pattern', effect: 'allow', verbs: new Set(verbs), phase, elements: 'any', conditions, obligations: [] };
}

/** Whether the answers of {@link asPolicies} say that a request fits. */
export function fitting([fits, ...lacking]: readonly Outcome[]): boolean {
  return fits?.effect === 'allow' && lacking.every(({ effect }) => effect === 'deny');
}

/**
 * The policy where some attributes are what they are in every request: the rules that these refute are gone, and the
 * others ask about them no more.
 */
export function fixing(policy: CompiledPolicy, known: Partial<PolicyRequest>): CompiledPolicy {
  const request: PolicyRequest = { verb: 'read', phase: 'before', elements: [], ...known };
  const isKnown = ({ attribute }: Condition) => Object.hasOwn(known, attribute);
  const left = (rules: readonly CoreRule[], refuted: (answer: Answer) => boolean) =>
    rules
      .filter(({ conditions }) => !conditions.some((each) => isKnown(each) && refuted(judge(policy, request, each))))
      .map((rule) => ({ ...rule, conditions: rule.conditions.filter((each) => !isKnown(each)) }));
  return {
    ...policy,
    gates: policy.gates.map((gate) => ({ ...gate, grants: left(gate.grants, (answer) => answer !== 'yes') })),
    denies: left(policy.denies, (answer) => answer === 'no'),
  };
}
