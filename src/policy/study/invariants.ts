/**
 * What must hold of a rulebook whatever its rules are: that no request which fits a pattern is allowed, or none without
 * certain seats or obligations. Each is proven over the whole closed world, or refuted by one request.
 */
import { z } from 'zod';
import { tiers, type Tier } from '../../action/types.js';
import { factorsOf, rolesOf, type Needs } from '../../approval/quorum.js';
import { worldOf } from '../../rulebook/build.js';
import type { Path, Report } from '../../rulebook/problem.js';
import type { ActionContract, Rulebook } from '../../rulebook/rulebook.js';
import { answerOf, type SampleAnswer } from './answer.js';
import type { CompiledPolicy, Condition, Obligation } from '../core.js';
import { lexiconOf } from '../lexicon.js';
import { cellsOf, outcomesOf, partyOf, type Answered, type Cell, type Said } from './outcomes.js';
import { asPolicies, fitting, patternSchema, readPattern, type Pattern } from './pattern.js';
import { actionSample, allGiven, besides, cellsOfAction, isConfidential } from './action-space.js';
import { listed, sampleOf, sampleReader, type ReadSample, type Sample } from './sample.js';
import { seatsOf } from './seats.js';

const word = z.string().min(1).max(128);
const obligation = z.enum(['audit', 'alert', 'redact'] satisfies Obligation[]);

export const invariantSchema = z.strictObject({
  name: z.string().min(1).max(200),
  /** Why it must hold: a sentence, a citation. */
  reason: z.string().min(1).optional(),
  /** No request that fits is allowed … */
  never: patternSchema,
  /** … but for those that all of these roles must sign, or that come with all of these obligations. */
  without: z
    .union([
      /** A list among them is one seat that any of its roles may fill. */
      z.strictObject({ seats: z.array(z.union([word, z.array(word).min(1)])).min(1) }),
      z.strictObject({ obligations: z.array(obligation).min(1) }),
    ])
    .optional(),
});
export type Invariant = Readonly<z.infer<typeof invariantSchema>>;

export interface Counterexample {
  readonly request: Sample;
  /** Of an action. */
  readonly tier?: Tier;
  readonly seats?: readonly string[];
}

export interface InvariantResult {
  readonly name: string;
  readonly path: Path;
  /** `idle`: it holds, because nothing in the rulebook is what the pattern speaks of. */
  readonly status: 'holds' | 'idle' | 'broken';
  /** The smallest request that breaks it. */
  readonly counterexample?: Counterexample;
}

/** `report` hears of words that the rulebook does not know; such an invariant has no result. */
export function checkInvariants(
  rulebook: Rulebook,
  invariants: readonly Invariant[],
  report: Report,
): InvariantResult[] {
  return invariants.flatMap(({ name, never, without }, at) => {
    const path: Path = ['invariants', at];
    let sound = true;
    const told: Report = (finding) => {
      sound = false;
      report(finding);
    };
    const lexicon = lexiconOf(worldOf(rulebook.content), told);
    const world = { lexicon, vocabulary: rulebook.content.vocabulary, elements: rulebook.elements };
    const pattern = readPattern(never, world, [...path, 'never']);
    const exception: Exception = without ?? {};
    if ('seats' in exception)
      exception.seats.forEach((seat, number) =>
        listed(seat, [...path, 'without', 'seats', number]).forEach(([role, place]) =>
          lexicon.term('principalRoles', role, place),
        ),
      );
    if (!sound) return [];
    const { idle, broken } = refute(rulebook, pattern, exception);
    if (broken) return { name, path, status: 'broken' as const, counterexample: broken };
    return { name, path, status: idle ? ('idle' as const) : ('holds' as const) };
  });
}

type Exception = NonNullable<Invariant['without']> | Record<never, never>;

interface Refutation {
  readonly idle: boolean;
  readonly broken?: Counterexample | undefined;
}

function refute(rulebook: Rulebook, pattern: Pattern, exception: Exception): Refutation {
  const ofActions = pattern.types !== undefined || 'seats' in exception;
  return ofActions ? refuteOfActions(rulebook, pattern, exception) : refuteOfPolicy(rulebook, pattern, exception);
}

function refuteOfPolicy(rulebook: Rulebook, pattern: Pattern, exception: Exception): Refutation {
  const cells = cellsOf([rulebook.policy]).filter(pattern.speaksOf);
  const [smallest] = cells
    .flatMap((cell) => allowedOf(rulebook, cell, { pattern, exception }).map((found) => ({ cell, found })))
    .sort((a, b) => a.found.size - b.found.size);
  return {
    idle: cells.length === 0,
    broken: smallest && { request: sampleOf(smallest.cell, smallest.found.said) },
  };
}

/** One request for each way in which what fits is allowed, told apart by what the policies beside it answer too. */
function allowedOf(
  rulebook: Pick<Rulebook, 'policy' | 'roles'>,
  cell: Cell,
  { pattern, exception }: Asking,
  beside: readonly CompiledPolicy[] = [],
): Answered[] {
  const { implied, policy } = partyOf(rulebook);
  const done = 'obligations' in exception ? exception.obligations : undefined;
  const parties = [policy, ...asPolicies(pattern, policy), ...beside].map((each) => ({ policy: each, implied }));
  return outcomesOf(parties, cell).filter(
    ({ outcomes: [real, ...rest] }) =>
      real?.effect === 'allow' &&
      fitting(rest.slice(0, 1 + pattern.lacks.length)) &&
      !(done !== undefined && done.every((each) => real.obligations.includes(each))),
  );
}

interface Asking {
  readonly pattern: Pick<Pattern, 'holds' | 'lacks'>;
  readonly exception: Exception;
}

/** Actions are asked about one element at a time, at each tier that they may have: who asks may claim a higher one. */
function refuteOfActions(rulebook: Rulebook, pattern: Pattern, exception: Exception): Refutation {
  const contracts = [...rulebook.actions.values()].filter(({ name }) => pattern.types?.has(name) ?? true);
  const asked = contracts.flatMap((contract) =>
    cellsOfAction(rulebook, contract)
      .filter(pattern.speaksOf)
      .map((cell) => ({ contract, cell })),
  );
  const read = sampleReader(rulebook);
  for (const { contract, cell } of asked)
    for (const said of waysOf(rulebook, contract, cell, { pattern, exception }))
      for (const claimed of [undefined, ...tiers]) {
        const request = actionSample(contract.name, [cell.element ?? ''], said, { ...allGiven, claimed });
        const terms = termsOf(rulebook, read, request);
        if (terms === undefined) continue;
        const { tier, needs } = terms;
        if ('seats' in exception && exception.seats.every((seat) => isSeated(rulebook, needs, [seat].flat()))) continue;
        return { idle: false, broken: { request, tier, seats: seatsOf(needs) } };
      }
  return { idle: asked.length === 0 };
}

/**
 * What to ask of an action of this type for this element: one request for each way in which the policy allows what
 * fits, the minimum-necessary table verifies it or not, and a tier asks for a treatment relationship or not.
 */
function waysOf(rulebook: Rulebook, contract: ActionContract, cell: Cell, { pattern, exception }: Asking): Said[] {
  const ofType: Condition[] = [
    ...pattern.holds,
    { attribute: 'destination', oneOf: new Set([contract.destination]) },
    { attribute: 'purpose', oneOf: contract.purposes },
    ...(isConfidential(rulebook, cell) ? [{ attribute: 'namesPatient', is: true } as const] : []),
  ];
  const beside = besides(rulebook, cell);
  return [ofType, [...ofType, { attribute: 'related', is: true } as const]]
    .flatMap((holds) => allowedOf(rulebook, cell, { exception, pattern: { ...pattern, holds } }, beside))
    .sort((a, b) => a.size - b.size)
    .map(({ said }) => said);
}

/** Undefined for what is refused: by the policy, or because an element is not served, and the like. */
function termsOf(rulebook: Rulebook, read: ReadSample, sample: Sample): SampleAnswer['terms'] {
  const asked = read(sample);
  return asked && answerOf(rulebook, asked).terms;
}

/** A seat that only these roles fill, or others that imply one of them. An order is no seat. */
function isSeated({ roles }: Rulebook, needs: Needs, asked: readonly string[]): boolean {
  const all = new Map<string, readonly string[]>(roles);
  const counts = (role: string) => asked.some((each) => (all.get(role) ?? [role]).includes(each));
  return factorsOf(needs).some((factor) => !factor.order && rolesOf(factor).every(counts));
}
