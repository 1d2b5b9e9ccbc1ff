/**
 * Decides whether the votes on one revision are enough.
 *
 * factor: `count` distinct humans, each acting in `role` or one of `or`.
 * quorum: every factor filled, no human used twice.
 */
import type { PersonId, RoleName } from '../action/ids.js';

export interface Factor {
  readonly role: RoleName;
  /** Whole number, at least 1. */
  readonly count: number;
  /** Roles that fill it as well. */
  readonly or?: readonly RoleName[] | undefined;
  /** The signature of whoever orders the change: no seat, and no other vote fills it. */
  readonly order?: true | undefined;
}

/** What a vote means that signs the order; it fills an order's place and never a seat. */
export const orderMeaning = 'approve.order';

/** "Nobody" is said, never implied: an empty list of factors cannot be written. */
export type Needs =
  | { readonly status: 'nobody' }
  | { readonly status: 'quorum'; readonly factors: readonly [Factor, ...(readonly Factor[])] };

export interface Vote {
  readonly approver: PersonId;
  /** Roles that the decision names and that the approver still holds, implied ones included. */
  readonly roles: readonly RoleName[];
  readonly verdict: 'approve' | 'deny' | 'request_changes';
  /** Of the closed list in decision.ts. */
  readonly meaning: string;
}

export interface Seat {
  readonly role: RoleName;
  readonly approver: PersonId;
}

export type QuorumState =
  | { readonly status: 'met'; readonly seats: readonly Seat[] }
  | { readonly status: 'denied'; readonly by: PersonId }
  | { readonly status: 'changes_requested'; readonly by: PersonId }
  | { readonly status: 'open'; readonly seatsLeft: number };

/**
 * One deny ends it, whenever it came; then a request for changes does. Only `approve` fills seats: as many as
 * possible, a person with two roles taking whichever seat leaves the other to somebody else.
 *
 * @throws RangeError for a factor below one, so that a damaged rulebook can never ask for nobody.
 */
export function evaluateQuorum(needs: Needs, votes: readonly Vote[]): QuorumState {
  const places = factorsOf(needs).flatMap(placesOf);
  const deny = votes.find(({ verdict }) => verdict === 'deny');
  if (deny) return { status: 'denied', by: deny.approver };
  const change = votes.find(({ verdict }) => verdict === 'request_changes');
  if (change) return { status: 'changes_requested', by: change.approver };

  const approvals = oncePerPerson(votes.filter(({ verdict }) => verdict === 'approve'));
  const seats = fillSeats(places, approvals);
  if (seats.length < places.length) return { status: 'open', seatsLeft: places.length - seats.length };
  return { status: 'met', seats };
}

/** The factors to fill; none where nobody is asked. */
export function factorsOf(needs: Needs): readonly Factor[] {
  return needs.status === 'nobody' ? [] : needs.factors;
}

/** The roles that fill a factor. */
export function rolesOf({ role, or = [] }: Factor): readonly RoleName[] {
  return [role, ...or];
}

interface Place {
  readonly role: RoleName;
  readonly roles: readonly RoleName[];
  readonly order: boolean;
}

function placesOf(factor: Factor): Place[] {
  const { role, count, order = false } = factor;
  if (!Number.isInteger(count) || count < 1)
    throw new RangeError(`factor ${role}: count must be a whole number above 0`);
  return Array.from({ length: count }, () => ({ role, roles: rolesOf(factor), order }));
}

function fits({ roles, order }: Place, vote: Vote): boolean {
  return order === (vote.meaning === orderMeaning) && roles.some((role) => vote.roles.includes(role));
}

function oncePerPerson(votes: readonly Vote[]): Vote[] {
  return [...new Map(votes.map((vote) => [vote.approver, vote])).values()];
}

/** Maximum bipartite matching by augmenting paths (Kuhn 1955). Places number a handful. */
function fillSeats(places: readonly Place[], approvals: readonly Vote[]): Seat[] {
  const seated = new Map<Place, Vote>();
  const seat = (vote: Vote, tried: Set<Place>): boolean =>
    places.some((place) => {
      if (tried.has(place) || !fits(place, vote)) return false;
      tried.add(place);
      const sitting = seated.get(place);
      if (sitting && !seat(sitting, tried)) return false;
      seated.set(place, vote);
      return true;
    });
  for (const vote of approvals) seat(vote, new Set());
  return places.flatMap((place) => {
    const vote = seated.get(place);
    return vote
      ? [{ role: place.roles.find((role) => vote.roles.includes(role)) ?? place.role, approver: vote.approver }]
      : [];
  });
}
