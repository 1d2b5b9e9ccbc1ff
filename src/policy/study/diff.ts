/**
 * Which requests two rulebooks answer differently: the smallest request for each kind of change and each part of the
 * closed world. What is compared is the answer, what it obliges to, and whom an action asks; not which rule gave it.
 */
import { tiers } from '../../action/types.js';
import type { Rulebook } from '../../rulebook/rulebook.js';
import { actionSample, allGiven, besides, cellsOfAction, isConfidential } from './action-space.js';
import { answerOf, type SampleAnswer } from './answer.js';
import { changesBetween, type ChangeKind } from './change-kind.js';
import { verbOf } from '../classify.js';
import type { PolicyRequest } from '../core.js';
import type { RulesAtHand } from './attribute-values.js';
import { cellsOf, handOf, outcomesOf, outcomesOfHands, partyOf, type Cell, type Said } from './outcomes.js';
import { fixing, policyThatAllows } from './pattern.js';
import { sampleOf, sampleReader, type ReadSample, type Sample } from './sample.js';

export interface Difference {
  readonly kind: ChangeKind;
  /** With every element of which the same request, asked of it alone, changes in the same way. */
  readonly request: Sample;
  readonly before: SampleAnswer;
  readonly after: SampleAnswer;
}

/** What the policies answer differently. None: there is no such request. */
export function diffPolicies(before: Rulebook, after: Rulebook): Difference[] {
  const parties = [partyOf(before), partyOf(after)];
  const found = cellsOf(parties.map(({ policy }) => policy)).flatMap((cell) =>
    outcomesOf(parties, cell)
      .filter(({ outcomes: [one, other] }) => JSON.stringify(one) !== JSON.stringify(other))
      .map(({ said, size }) => ({ request: sampleOf(cell, said), size })),
  );
  return differences(before, after, found);
}

/**
 * What is different about actions: one element at a time, with and without what is given with an action, and at each
 * tier that may be claimed; and two elements together where the caller lists them. What was done before never counts
 * here, so that quotas and volumes are not compared.
 */
export function diffActions(before: Rulebook, after: Rulebook): Difference[] {
  const types = [...new Set([...before.actions.keys(), ...after.actions.keys()])];
  return types.flatMap((type) => {
    const asked = askedOf(type, before, after);
    const lists = [before, after].some(({ actions }) => actions.get(type)?.elements === 'listed_by_caller');
    return differences(before, after, [
      ...asked.flatMap((each) => requestsOf(type, each, givens)),
      ...(lists ? pairsOf(type, asked, [before, after]) : []).flatMap((pair) => requestsOf(type, pair, [allGiven])),
    ]);
  });
}

interface Asking {
  readonly elements: readonly string[];
  readonly saids: readonly Said[];
}

/** Two elements together, where a rulebook allows each alone: with one that is refused all are. */
function pairsOf(type: string, asked: readonly Asking[], rulebooks: readonly Rulebook[]): Asking[] {
  const saids = [
    ...new Map(asked.flatMap((each) => each.saids).map((said) => [JSON.stringify([...said]), said])).values(),
  ];
  const allowing = rulebooks.map((rulebook) => {
    const read = sampleReader(rulebook);
    const isAllowed = (elements: readonly string[], said: Said) =>
      answered(rulebook, read, actionSample(type, elements, said, allGiven))?.effect === 'allow';
    return asked.map(({ elements }) => new Set(saids.filter((said) => isAllowed(elements, said))));
  });
  return asked.flatMap((one, at) =>
    asked.slice(at + 1).map((other, next) => ({
      elements: [...one.elements, ...other.elements],
      saids: saids.filter((said) =>
        allowing.some((allowed) => allowed[at]?.has(said) && allowed[at + 1 + next]?.has(said)),
      ),
    })),
  );
}

const givens = [
  allGiven,
  ...(['reason', 'justifications', 'risk_assessment'] as const).map((key) => ({ ...allGiven, [key]: false })),
  ...tiers.map((claimed) => ({ ...allGiven, claimed })),
];

function requestsOf(type: string, { elements, saids }: Asking, with_: readonly (typeof givens)[number][]): Found[] {
  return saids.flatMap((said) =>
    with_.map((given) => ({
      request: actionSample(type, elements, said, given),
      size: said.size + elements.length + ('claimed' in given ? 1 : 0),
    })),
  );
}

/** For each element of the type, the attributes of one request for each way in which anything could differ. */
function askedOf(type: string, before: Rulebook, after: Rulebook): Asking[] {
  const cells = [before, after].flatMap((rulebook) => {
    const contract = rulebook.actions.get(type);
    return contract === undefined ? [] : cellsOfAction(rulebook, contract);
  });
  const elements = [...new Set(cells.flatMap(({ element }) => element ?? []))];
  const touched = elements.filter((element) => [before, after].some((rulebook) => touches(rulebook, type, element)));
  return touched.map((element) => {
    const hands = [before, after].flatMap((rulebook) => handsOf(rulebook, type, element));
    return { elements: [element], saids: outcomesOfHands(hands).map(({ said }) => said) };
  });
}

/** False for an element that this type never serves or writes, whoever asks: there is nothing to tell apart then. */
function touches(rulebook: Rulebook, type: string, element: string): boolean {
  const answer = answered(rulebook, sampleReader(rulebook), actionSample(type, [element], new Map(), allGiven));
  return answer !== undefined && !answer.rules.some((rule) => rule.startsWith('element.not_'));
}

/** The policy as it is asked about this type and element, and what else tells requests apart. */
function handsOf(rulebook: Rulebook, type: string, element: string): RulesAtHand[] {
  const contract = rulebook.actions.get(type);
  if (contract === undefined) return [];
  const { policy, implied } = partyOf(rulebook);
  const cell: Cell = { verb: verbOf[contract.performs], phase: 'before', element };
  const decided: Partial<PolicyRequest> = {
    destination: contract.destination,
    ...(isConfidential(rulebook, cell) && { namesPatient: true }),
  };
  const ofType = policyThatAllows([[{ attribute: 'purpose', oneOf: contract.purposes }]], policy);
  const related = policyThatAllows([[{ attribute: 'related', is: true }]], policy);
  return [fixing(policy, decided), ofType, related, ...besides(rulebook, cell)].map((each) =>
    handOf({ policy: each, implied }, cell),
  );
}

interface Found {
  readonly request: Sample;
  readonly size: number;
}

/**
 * Asks both, and keeps the smallest request for each change. To the policy a change is one part of the closed world, and
 * alike requests for other elements join it; of actions it is one type and what was and is asked for it.
 */
function differences(before: Rulebook, after: Rulebook, found: readonly Found[]): Difference[] {
  const [readBefore, readAfter] = [sampleReader(before), sampleReader(after)];
  const kept = new Map<string, { readonly difference: Difference; readonly besides: string }>();
  for (const { request } of [...found].sort((a, b) => a.size - b.size)) {
    const [one, other] = [answered(before, readBefore, request), answered(after, readAfter, request)];
    if (one === undefined && other === undefined) continue;
    const [was, is] = [one ?? nothing, other ?? nothing];
    const { elements = [], ...rest } = request;
    const besides = JSON.stringify(rest);
    for (const kind of changesBetween(was, is)) {
      const key = JSON.stringify([kind, request.type ?? besides, termsText(was), termsText(is)]);
      const known = kept.get(key);
      const joins = known?.besides === besides && [elements].flat().length === 1;
      const named = joins ? { ...request, elements: union(known.difference.request.elements, elements) } : request;
      if (known === undefined || joins)
        kept.set(key, { besides, difference: { kind, request: named, before: was, after: is } });
    }
  }
  return [...kept.values()].map(({ difference }) => difference);
}

function union(...all: readonly Sample['elements'][]): string[] {
  return [...new Set(all.flatMap((each) => each ?? []))];
}

/** A rulebook that does not know a word of the request allows nothing of it. */
const nothing: SampleAnswer = { effect: 'deny', rules: ['default_deny'], nearMisses: [], obligations: [], why: [] };

function answered(rulebook: Rulebook, read: ReadSample, request: Sample): SampleAnswer | undefined {
  const asked = read(request);
  return asked && answerOf(rulebook, asked);
}

/** What is compared, as a text. Of a refused action also why, as codes without what they name. */
function termsText({ effect, obligations, terms, rules }: SampleAnswer): string {
  const why = effect === 'deny' && terms === undefined ? rules.map((rule) => rule.split(':')[0]) : [];
  return JSON.stringify([effect, obligations, terms, [...new Set(why)]]);
}
