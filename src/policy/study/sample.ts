/**
 * A request as people write it when they try a policy: in cases, on the command line, in files of past requests. With
 * `type` it is an action, judged with its tier; with `verb` it is put to the policy alone. What is left out is missing
 * or not given, never assumed.
 */
import { z } from 'zod';
import { role } from '../../action/ids.js';
import { catalogue } from '../../action/catalogue.js';
import { tierSchema } from '../../action/types.js';
import { worldOf } from '../../rulebook/build.js';
import type { Path, Report } from '../../rulebook/problem.js';
import type { Rulebook } from '../../rulebook/rulebook.js';
import { rolesHeld } from '../../rulebook/rulebook.js';
import { attributes, isOfKind, unknownWord, type AttributeValue } from './attribute-values.js';
import type { ClassifyFacts } from '../classify.js';
import { phases, verbs, type Attribute, type PolicyRequest } from '../core.js';
import { spokenAttributes, type SpokenAttribute } from '../spoken.js';
import type { Cell, Said } from './outcomes.js';
import { impliedBy } from './implied.js';
import { lexiconOf, type Lexicon } from '../lexicon.js';

const word = z.string().min(1).max(128);
const words = z.union([z.array(word), word], { error: 'expected a word or a list of words' });

const attributeShape = {
  purpose: word.optional(),
  destination: word.optional(),
  agent_role: word.optional(),
  role: words.optional(),
  time_window: words.optional(),
  preceded_by: words.optional(),
  contains_phi: z.boolean().optional(),
  names_patient: z.boolean().optional(),
  treatment_relationship: z.boolean().optional(),
  on_call: z.boolean().optional(),
} satisfies Record<SpokenAttribute, z.ZodType>;

export const sampleSchema = z.strictObject({
  type: word.optional(),
  verb: z.enum(verbs).optional(),
  /** Of a request to the policy alone; `before` unless told. */
  phase: z.enum(phases).optional(),
  /** By name or by field; those of the type unless told. */
  elements: words.optional(),
  /** Given with the request; of an action only. */
  reason: z.boolean().optional(),
  justifications: z.boolean().optional(),
  risk_assessment: z.boolean().optional(),
  claimed_tier: tierSchema.optional(),
  ...attributeShape,
});
export type Sample = Readonly<z.infer<typeof sampleSchema>>;

export type Asked =
  | { readonly kind: 'policy'; readonly request: PolicyRequest }
  | { readonly kind: 'action'; readonly facts: ClassifyFacts };

/** Looks words up. What it does not find it reports, and answers undefined. */
export type ReadSample = (sample: Sample, report?: Report, path?: Path) => Asked | undefined;

/** Reads samples in the words of one rulebook. */
export function sampleReader(rulebook: Rulebook): ReadSample {
  let told: Report = () => undefined;
  const lexicon = lexiconOf(worldOf(rulebook.content), (finding) => told(finding));
  return (sample, report = () => undefined, path = []) => {
    let sound = true;
    told = (finding) => {
      sound = false;
      report(finding);
    };
    const values = attributesOf(sample, rulebook, lexicon, path);
    const asked =
      sample.type === undefined
        ? policyRequest(sample, values, lexicon, told, path)
        : actionFacts(rulebook, sample, values, lexicon, told, path);
    return sound ? asked : undefined;
  };
}

function attributesOf(sample: Sample, rulebook: Rulebook, lexicon: Lexicon, path: Path): Said {
  const values = new Map<Attribute, AttributeValue>();
  for (const attribute of attributes) {
    const key = spokenAttributes[attribute];
    const said = sample[key];
    if (said === undefined) continue;
    if (isOfKind(attribute, 'truth')) values.set(attribute, said === true);
    else if (typeof said !== 'boolean') {
      const found = listed(said, [...path, key]).flatMap(([word, at]) =>
        word === unknownWord ? word : (lexicon.term(attribute, word, at) ?? []),
      );
      const [only] = found;
      if (isOfKind(attribute, 'words'))
        values.set(attribute, [...new Set(found.flatMap((word) => impliedBy(rulebook)(attribute, word)))]);
      else if (only !== undefined) values.set(attribute, only);
    }
  }
  return values;
}

function elementsOf(sample: Sample, lexicon: Lexicon, path: Path): string[] {
  const said = listed(sample.elements ?? [], [...path, 'elements']);
  return said.flatMap(([word, place]) => lexicon.field(word, place) ?? []);
}

function policyRequest(sample: Sample, values: Said, lexicon: Lexicon, report: Report, path: Path): Asked {
  if (sample.verb === undefined) report({ path, message: 'neither a type nor a verb: what is asked?' });
  for (const key of ['reason', 'justifications', 'risk_assessment', 'claimed_tier'] as const)
    if (sample[key] !== undefined)
      report({ path: [...path, key], atKey: true, message: `${key} is given with an action: name its type` });
  return {
    kind: 'policy',
    request: {
      verb: sample.verb ?? 'read',
      phase: sample.phase ?? 'before',
      elements: elementsOf(sample, lexicon, path),
      ...Object.fromEntries(values),
    },
  };
}

function actionFacts(
  rulebook: Rulebook,
  sample: Sample,
  values: Said,
  lexicon: Lexicon,
  report: Report,
  path: Path,
): Asked | undefined {
  const { type = '' } = sample;
  const contract = rulebook.actions.get(type);
  if (contract === undefined) {
    const known = [...rulebook.actions.keys()];
    report({ path: [...path, 'type'], message: `unknown action type "${type}"`, word: type, known });
    return undefined;
  }
  for (const key of ['verb', 'phase', 'destination', 'contains_phi'] as const)
    if (sample[key] !== undefined)
      report({ path: [...path, key], atKey: true, message: `the action type decides on ${key}` });
  const listedElements = elementsOf(sample, lexicon, path);
  const own = contract.elements === 'listed_by_caller' ? [] : contract.elements;
  const elements = sample.elements === undefined ? own : listedElements;
  if (elements.length === 0) report({ path, message: `${type} reads what it is told to: list the elements` });
  return { kind: 'action', facts: factsOf(rulebook, { sample, type, elements, values }) };
}

interface Action {
  readonly sample: Sample;
  readonly type: string;
  readonly elements: readonly string[];
  readonly values: Said;
}

function factsOf(rulebook: Rulebook, { sample, type, elements, values }: Action): ClassifyFacts {
  const confidential = elements.some((name) => rulebook.elements.get(name)?.sensitivity !== 'none');
  const { purpose, agentRole, principalRoles, namesPatient, related, ...circumstances } = Object.fromEntries(values);
  const about = typeof namesPatient === 'boolean' ? namesPatient : confidential;
  return {
    type,
    floor: catalogue.get(type)?.tier ?? 'T0',
    elements,
    purpose: typeof purpose === 'string' ? purpose : '',
    namesPatient: about,
    agent: { role: typeof agentRole === 'string' ? agentRole : '', status: 'current' },
    principalRoles: rolesHeld(rulebook, Array.isArray(principalRoles) ? principalRoles.map(role) : []),
    relation: related === undefined ? (about ? 'unknown' : 'not_asked') : related === true ? 'related' : 'not_related',
    reasonGiven: sample.reason === true,
    justified: sample.justifications === true ? elements : [],
    riskAssessed: sample.risk_assessment === true,
    unnamedLabels: 'not_read_yet',
    tallied: 'not_counted',
    circumstances,
    ...(sample.claimed_tier !== undefined && { claimedTier: sample.claimed_tier }),
  };
}

/** One word or several, each with where it stands. */
export function listed(said: string | readonly string[], path: Path): (readonly [string, Path])[] {
  return typeof said === 'string' ? [[said, path]] : said.map((word, at) => [word, [...path, at]] as const);
}

/** The request that was found for a question to a policy, as people write it. */
export function sampleOf({ verb, phase, element }: Cell, said: Said): Sample {
  return sampleSchema.parse({
    verb,
    ...(phase === 'output' && { phase }),
    ...(element !== undefined && { elements: [element] }),
    ...saidOf(said),
  });
}

/** Attributes under the names that people write. */
export function saidOf(said: Said): Readonly<Record<string, AttributeValue>> {
  return Object.fromEntries(Array.from(said, ([attribute, value]) => [spokenAttributes[attribute], value]));
}
