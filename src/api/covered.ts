/** Patience with the signer: a checkpoint comes a moment after the leaf that it covers. */
import { Refusal } from '../action/refusal.js';

/** Milliseconds. Longer than the signer needs while it is up; then the caller is told to come again. */
const patience = 5_000;
const pause = 100;

/**
 * Asks until a checkpoint covers what is asked for. Nothing is held in between: each time is a transaction of its own.
 *
 * @throws Refusal `evidence.not_yet` when none does in time, or when the caller has gone (`signal`).
 */
export async function onceCovered<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (const over = performance.now() + patience; ;) {
    try {
      return await ask();
    } catch (error) {
      if (!isNotYet(error) || signal.aborted || performance.now() > over) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

function isNotYet(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'evidence.not_yet';
}
