/** Past requests under another rulebook: which of them would be answered differently. */
import { z } from 'zod';
import { dataOf, leafSchema, type Leaf, type LeafData } from '../../audit/leaf.js';
import type { Report } from '../../rulebook/problem.js';
import type { Rulebook } from '../../rulebook/rulebook.js';
import { allGiven } from './action-space.js';
import { answerOf, type SampleAnswer } from './answer.js';
import { changesBetween, type ChangeKind } from './change-kind.js';
import { sampleReader, sampleSchema, type Asked, type Sample } from './sample.js';

export interface PastRequest {
  /** What it is called in the answer: an action's id, or its place in the file. */
  readonly name: string;
  readonly request: Sample;
  /** As it was recorded; undefined: as the present rulebook would answer. */
  readonly recorded?: Pick<LeafData<'action.requested'>, 'tier' | 'needs'>;
}

export interface SimulatedChange {
  readonly name: string;
  readonly kinds: readonly ChangeKind[];
  readonly request: Sample;
  readonly before: SampleAnswer;
  readonly after: SampleAnswer;
}

/** `report` hears of words that neither rulebook knows. What the candidate alone does not know it does not allow. */
export function simulate(
  present: Rulebook,
  candidate: Rulebook,
  past: readonly PastRequest[],
  report: Report,
): SimulatedChange[] {
  const [ofPresent, ofCandidate] = [sampleReader(present), sampleReader(candidate)];
  return past.flatMap(({ name, request, recorded }, at) => {
    const before = answered(present, ofPresent(request, recorded === undefined ? report : undefined, [at]));
    const after = answered(candidate, ofCandidate(request)) ?? unknownToIt;
    const was = recorded === undefined ? before : asRecorded(recorded, after);
    if (was === undefined) return [];
    const kinds = changesBetween(was, after);
    return kinds.length === 0 ? [] : [{ name, kinds, request, before: was, after }];
  });
}

const unknownToIt: SampleAnswer = {
  effect: 'deny',
  rules: ['word.unknown'],
  nearMisses: [],
  obligations: [],
  why: [],
};

function answered(rulebook: Rulebook, asked: Asked | undefined): SampleAnswer | undefined {
  return asked && answerOf(rulebook, asked);
}

/** A leaf tells tier and seats; of the rest nothing is known to have changed. */
function asRecorded({ tier, needs }: NonNullable<PastRequest['recorded']>, after: SampleAnswer): SampleAnswer {
  const rest = after.terms ?? { proof: 'none', warrantSeconds: 0, maxRecords: 0 };
  return {
    effect: 'allow',
    rules: [],
    nearMisses: [],
    why: [],
    obligations: after.obligations,
    terms: { ...rest, tier, needs },
  };
}

/** A line of a file of past requests: facts, no PHI. */
export const pastLineSchema = z.strictObject({ name: z.string().min(1).max(200).optional(), ...sampleSchema.shape });

export type FromLeaf =
  | { readonly status: 'request'; readonly past: PastRequest }
  /** A leaf of another kind, which asks nothing. */
  | { readonly status: 'other' }
  | { readonly status: 'unreadable' };

/**
 * The request that an `action.requested` leaf tells of. It names agent and principal by id only; what roles they acted
 * in is read from the rules that allowed it, as far as those name one. What comes with an action counts as given, since
 * its tier asked for it then and whoever asks again can add it; a patient's treatment as shown where it was asked.
 */
export function fromLeaf(value: unknown): FromLeaf {
  const leaf = leafSchema.safeParse(value).data;
  if (leaf === undefined) return { status: 'unreadable' };
  const data = dataOf(leaf, 'action.requested');
  if (data === undefined) return { status: leaf.kind === 'action.requested' ? 'unreadable' : 'other' };
  return { status: 'request', past: { name: nameOf(leaf), request: requestOf(data), recorded: data } };
}

function nameOf({ action, index }: Leaf): string {
  return action ?? `leaf ${index}`;
}

function requestOf({ type, elements, purpose, patient, rules }: LeafData<'action.requested'>): Sample {
  const named = (pattern: RegExp) => [...new Set(rules.flatMap((rule) => pattern.exec(rule)?.[1] ?? []))];
  const [agent] = named(/^agent\.([a-z0-9_]+)\./);
  return {
    type,
    elements,
    purpose,
    names_patient: patient !== null,
    role: named(/^role\.([a-z0-9_]+)\.can\./),
    ...(agent !== undefined && { agent_role: agent }),
    ...(patient !== null && { treatment_relationship: true }),
    ...allGiven,
  };
}
