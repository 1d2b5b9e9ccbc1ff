/**
 * Slows down whoever sends proof after proof on one action. Before its signature is verified each is an Update, and a
 * workflow takes about two thousand of them in its life: one person's forgeries must not leave nobody able to decide.
 */
import type { ActionId, PersonId } from '../action/ids.js';

/** Proofs of one person on one action that may come one after the other without one that counts. */
export const proofsAtOnce = 20;
/** Milliseconds until the next one may come; twice as long after each. */
const firstPause = 15_000;
/** So that a thief of somebody's access token costs them an hour at most; about a hundred proofs in three days. */
const longestPause = 3_600_000;
/** Persons with actions that are remembered; whoever comes next pushes out who has been still for longest. */
const mostRemembered = 10_000;

export interface TriedProof {
  readonly person: PersonId;
  readonly action: ActionId;
  /** Digest: the same proof again is no further one. */
  readonly proof: string;
}

export interface VoteBrake {
  /** Notes that this proof comes. Milliseconds until it may; undefined when it may now. */
  heldFor(tried: TriedProof): number | undefined;
  /** One was counted now, and whatever came before was a slip. */
  release(counted: Pick<TriedProof, 'person' | 'action'>): void;
}

interface Tries {
  readonly proofs: Set<string>;
  latest: number;
}

/** Of one process: others each allow as much again. @param clock Milliseconds, monotonic. */
export function voteBrake(clock: () => number): VoteBrake {
  const tries = new Map<string, Tries>();
  const keyOf = ({ person, action }: Pick<TriedProof, 'person' | 'action'>) => `${person}/${action}`;

  return {
    heldFor(tried) {
      const key = keyOf(tried);
      const now = clock();
      const own = tries.get(key) ?? { proofs: new Set<string>(), latest: now };
      if (own.proofs.has(tried.proof)) return undefined;
      const left = own.latest + pauseAfter(own.proofs.size) - now;
      if (left > 0) return left;
      own.proofs.add(tried.proof);
      own.latest = now;
      tries.delete(key); // and in again as the latest
      tries.set(key, own);
      const [oldest] = tries.keys();
      if (tries.size > mostRemembered && oldest !== undefined) tries.delete(oldest);
      return undefined;
    },
    release: (counted) => void tries.delete(keyOf(counted)),
  };
}

function pauseAfter(proofs: number): number {
  return proofs < proofsAtOnce ? 0 : Math.min(firstPause * 2 ** (proofs - proofsAtOnce), longestPause);
}
