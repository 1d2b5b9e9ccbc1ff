/** Waits until the signer has covered a leaf: the record comes first (DESIGN.md §1). */
import { Refusal } from '../action/refusal.js';

export interface Waiting {
  /** Whether it is covered now. */
  readonly look: () => Promise<boolean>;
  /** Waits so many milliseconds, or rejects when `signal` aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly monotonic: () => number;
  readonly signal: AbortSignal;
}

/** A signer that is up signs within some 30 ms; whoever waits longer than that may as well ask less often. */
const [firstPauseMs, longestPauseMs] = [5, 100];

/**
 * @param until instant of the monotonic clock.
 * @throws Refusal `checkpoint.not_yet` when it is not covered by then: later it may be.
 */
export async function awaitCovered({ look, pause, monotonic, signal }: Waiting, until: number): Promise<void> {
  for (let ms = firstPauseMs; !(await look()); ms = Math.min(ms * 2, longestPauseMs)) {
    signal.throwIfAborted();
    if (monotonic() + ms >= until)
      throw new Refusal('checkpoint.not_yet', 'No signed checkpoint covers this attempt yet; nothing was done.');
    await pause(ms, signal);
  }
}
