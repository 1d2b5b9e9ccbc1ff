/** Answers of the API about rulebooks, and how they are told. */
import { z } from 'zod';
import { digestSchema } from '../../action/ids.js';
import { changeVerdictSchema, statementSchema } from '../../rulebook/change/change.js';
import type { Difference } from '../../rulebook/change/compare.js';
import { table } from '../terminal.js';
import { localTime } from './local-time.js';
import { printable } from './printable.js';

const instant = z.iso.datetime();
const somebody = z.looseObject({ id: z.uuid(), name: z.string() });

const proposalView = z.looseObject({
  id: z.uuid(),
  digest: digestSchema,
  base: digestSchema,
  status: z.enum(['open', 'denied', 'superseded', 'activated']),
  proposer: somebody,
  note: z.string().nullable(),
  proposedAt: instant,
  signatures: z.array(
    z.looseObject({ person: somebody, verdict: changeVerdictSchema, roles: z.array(z.string()), at: instant }),
  ),
});
export type ProposalView = z.infer<typeof proposalView>;

export const historyView = z.looseObject({
  active: digestSchema.nullable(),
  shadow: z
    .looseObject({ proposal: z.uuid(), digest: digestSchema, since: instant, judged: z.int(), differed: z.int() })
    .nullable(),
  activations: z.array(
    z.looseObject({ ordinal: z.int(), digest: digestSchema, since: instant, proposal: z.uuid().nullable() }),
  ),
  proposals: z.array(proposalView),
});
export type HistoryView = z.infer<typeof historyView>;

export const rulebookView = z.looseObject({ digest: digestSchema, content: z.record(z.string(), z.unknown()) });

export const proposedView = z.looseObject({ proposal: z.uuid(), digest: digestSchema, base: digestSchema });

export const challengeView = z.looseObject({
  statement: statementSchema,
  hash: z.string(),
  rpId: z.string(),
  expiresAt: instant,
});

const pending = z.object({ status: z.literal('pending') });
export const signedView = z.union([z.object({ status: z.literal('signed') }), pending]);
export const activatedView = z.union([
  z.object({ status: z.literal('activated'), ordinal: z.int(), digest: digestSchema }),
  pending,
]);

/** Letters of a digest that lists show. */
export const shownDigits = 12;

/** What would change, a line each: path, what stands there, what would. */
export function differenceLines(differences: readonly Difference[]): string[] {
  if (differences.length === 0) return ['Nothing differs.'];
  return differences.map(({ path, from, to }) => `  ${printable(path)}: ${shown(from)} → ${shown(to)}`);
}

function shown(value: unknown): string {
  return value === undefined ? '(nothing)' : printable(JSON.stringify(value));
}

function signatureText({ signatures }: ProposalView): string {
  if (signatures.length === 0) return 'nobody has signed';
  return signatures
    .map(({ person, verdict, roles }) => `${verdict} by ${printable(person.name)} (${roles.map(printable).join(', ')})`)
    .join('; ');
}

/** What a person reads before they sign. */
export function proposalLines(proposal: ProposalView, differences: readonly Difference[]): string[] {
  const { digest, base, proposer, note, proposedAt } = proposal;
  return [
    `Rulebook  ${digest}`,
    `replaces  ${base}`,
    `proposed  by ${printable(proposer.name)}, ${localTime(proposedAt)}`,
    ...(note === null ? [] : [`note      ${printable(note)}`]),
    `so far    ${signatureText(proposal)}`,
    'changes',
    ...differenceLines(differences),
  ];
}

export const shadowView = z.object({ shadow: z.uuid().nullable() });

export function historyLines({ active, activations, proposals, shadow }: HistoryView): string[] {
  const governed = activations.map(({ ordinal, digest, since, proposal }) => [
    String(ordinal),
    digest.slice(0, shownDigits),
    localTime(since),
    digest === active && ordinal === activations[0]?.ordinal ? 'governs' : '',
    proposal !== null ? `proposal ${proposal.slice(0, 8)}` : ordinal === 1 ? 'bootstrap' : 'development',
  ]);
  const proposed = proposals.map((each) => [
    each.id.slice(0, 8),
    each.digest.slice(0, shownDigits),
    localTime(each.proposedAt),
    each.status,
    printable(each.proposer.name),
    signatureText(each),
    each.note === null ? '' : printable(each.note),
  ]);
  return [
    ...table([['NO', 'DIGEST', 'SINCE', '', 'HOW'], ...governed]),
    '',
    ...(shadow ? [shadowText(shadow), ''] : []),
    ...(proposed.length === 0
      ? ['Nobody has proposed anything.']
      : table([['PROPOSAL', 'DIGEST', 'PROPOSED', 'STATE', 'BY', 'SIGNATURES', 'NOTE'], ...proposed])),
  ];
}

function shadowText({ digest, since, judged, differed }: NonNullable<HistoryView['shadow']>): string {
  const shown = digest.slice(0, shownDigits);
  return `${shown} judges beside it since ${localTime(since)}: ${judged} actions, ${differed} of them otherwise`;
}
