/** Why a request is answered as it is, and the smallest changes to it that would turn the answer round. */
import type { Rulebook } from '../../rulebook/rulebook.js';
import { answerOf, type SampleAnswer } from './answer.js';
import { attributes, isOfKind, wordsAlike, type RulesAtHand } from './attribute-values.js';
import { verbOf } from '../classify.js';
import type { Attribute } from '../core.js';
import { handOf, partyOf, type Cell } from './outcomes.js';
import { policyThatAllows } from './pattern.js';
import { routinely } from './action-space.js';
import { spokenAttributes } from '../spoken.js';
import { sampleReader, sampleSchema, type Asked, type Sample } from './sample.js';

/** One thing to change: which of these values it takes does not matter. */
export interface Step {
  readonly key: keyof Sample;
  /** `with`: besides what is there. */
  readonly how: 'to' | 'with' | 'without';
  readonly values: readonly string[];
}

export interface Explanation {
  readonly answer: SampleAnswer;
  /** Each set of steps turns the answer round, and none with fewer does. */
  readonly changes: readonly (readonly Step[])[];
  /** Whether every change was looked at; if not, there may be one that is larger than those tried. */
  readonly exhaustive: boolean;
}

/** As many requests as are tried before the search ends. */
const patience = 40_000;

export function explain(rulebook: Rulebook, sample: Sample, asked: Asked): Explanation {
  const answer = answerOf(rulebook, asked);
  return { answer, ...turning(rulebook, sample, asked, answer.effect) };
}

type Effect = SampleAnswer['effect'];

interface Option {
  readonly step: Step;
  readonly change: Sample;
  readonly cost: number;
}

function turning(
  rulebook: Rulebook,
  sample: Sample,
  asked: Asked,
  effect: Effect,
): Pick<Explanation, 'changes' | 'exhaustive'> {
  const dimensions = dimensionsOf(rulebook, sample, asked, effect);
  const most = dimensions.reduce((sum, options) => sum + Math.max(0, ...options.map(({ cost }) => cost)), 0);
  const read = sampleReader(rulebook);
  let tried = 0;
  for (let cost = 1; cost <= most; cost++) {
    const found: (readonly Step[])[] = [];
    for (const chosen of choices(dimensions, cost)) {
      if (++tried > patience) return { changes: found, exhaustive: false };
      const changed = chosen.reduce<Sample>((whole, { change }) => ({ ...whole, ...change }), sample);
      const again = read(changed);
      if (again !== undefined && answerOf(rulebook, again).effect !== effect)
        found.push(chosen.map(({ step }) => step));
    }
    if (found.length > 0) return { changes: found, exhaustive: true };
  }
  return { changes: [], exhaustive: true };
}

/** Every way to take at most one option of each dimension for exactly this cost together. */
function* choices(dimensions: readonly (readonly Option[])[], cost: number, from = 0): Generator<Option[]> {
  if (cost === 0) {
    yield [];
    return;
  }
  for (let at = from; at < dimensions.length; at++)
    for (const option of dimensions[at] ?? [])
      if (option.cost <= cost)
        for (const rest of choices(dimensions, cost - option.cost, at + 1)) yield [option, ...rest];
}

/** What could be changed: each attribute that some rule speaks about, what is given with an action, the elements. */
function dimensionsOf(rulebook: Rulebook, sample: Sample, asked: Asked, effect: Effect): Option[][] {
  const hands = handsOf(rulebook, asked);
  const own = asked.kind === 'action' ? (['destination', 'containsPhi', 'namesPatient'] as const) : [];
  return [
    ...attributes
      .filter((attribute) => !own.some((each) => each === attribute))
      .map((attribute) => optionsOf(attribute, sample, wordsAlike(attribute, hands))),
    ...(asked.kind === 'action' ? given.map((key) => givenOption(key, sample)) : []),
    fewerElements(rulebook, sample, asked.kind === 'action' ? asked.facts.elements : asked.request.elements, effect),
  ];
}

const given = ['reason', 'justifications', 'risk_assessment'] as const;

/** The rules that speak about what is asked, and those that tell values apart for the tier. */
function handsOf(rulebook: Rulebook, asked: Asked): RulesAtHand[] {
  const party = partyOf(rulebook);
  const { policy } = party;
  if (asked.kind === 'policy') {
    const { verb, phase, elements } = asked.request;
    const targets = elements.length > 0 ? elements : [undefined];
    return targets.map((element) => handOf(party, { verb, phase, element }));
  }
  const contract = rulebook.actions.get(asked.facts.type);
  if (contract === undefined) return [];
  const ofType = policyThatAllows([[{ attribute: 'purpose', oneOf: contract.purposes }]], policy);
  return asked.facts.elements.flatMap((element) => {
    const cell: Cell = { verb: verbOf[contract.performs], phase: 'before', element };
    return [policy, routinely(rulebook, element), ofType].map((each) => handOf({ ...party, policy: each }, cell));
  });
}

/** Values that mean the same to every rule are one option, which names them all. */
function optionsOf(attribute: Attribute, sample: Sample, alike: readonly (readonly string[])[]): Option[] {
  const key = spokenAttributes[attribute];
  const now = sample[key];
  const option = (how: Step['how'], values: readonly string[], value: Value, cost = 1): Option => ({
    step: { key, how, values },
    change: sampleSchema.parse({ [key]: value }),
    cost,
  });
  if (isOfKind(attribute, 'truth'))
    return [true, false].filter((each) => each !== now).map((each) => option('to', [String(each)], each));
  const held = typeof now === 'string' ? [now] : Array.isArray(now) ? now : [];
  const others = alike
    .map((words) => words.filter((word) => !held.includes(word)))
    .flatMap((values) => values.slice(0, 1).map((first) => ({ first, values })));
  if (isOfKind(attribute, 'word')) return others.map(({ first, values }) => option('to', values, first));
  const pairs = others.flatMap((one, at) => others.slice(at + 1).map((other) => [one.first, other.first] as const));
  return [
    ...others.map(({ first, values }) => option('with', values, [...held, first])),
    ...pairs.map((both) => option('with', [both.join(' and ')], [...held, ...both], 2)),
    ...held.map((word) => option('without', [word], held.filter((each) => each !== word))), // prettier-ignore
  ];
}

type Value = string | boolean | readonly string[];

function givenOption(key: (typeof given)[number], sample: Sample): Option[] {
  const truth = sample[key] !== true;
  return [{ step: { key, how: 'to', values: [String(truth)] }, change: { [key]: truth }, cost: 1 }];
}

/** Fewer elements may be allowed where all together are not: each of them left out, or all those that alone fare ill. */
function fewerElements(rulebook: Rulebook, sample: Sample, elements: readonly string[], effect: Effect): Option[] {
  if (sample.elements === undefined || elements.length < 2) return [];
  const read = sampleReader(rulebook);
  const alone = (element: string): Effect | undefined => {
    const asked = read({ ...sample, elements: [element] });
    return asked && answerOf(rulebook, asked).effect;
  };
  const ill = elements.filter((element) => alone(element) === effect);
  const sets = [...elements.map((element) => [element]), ...(ill.length > 1 ? [ill] : [])];
  return sets
    .filter((set) => set.length < elements.length)
    .map((set) => ({
      step: { key: 'elements', how: 'without', values: [set.join(' and ')] },
      change: { elements: elements.filter((each) => !set.includes(each)) },
      cost: set.length,
    }));
}
