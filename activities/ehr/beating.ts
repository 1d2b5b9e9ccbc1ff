import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';

/** Well within the workflow's heartbeat timeout of two seconds, so that one late beat is no death. */
const beatMs = 500;

/**
 * Runs `work` while the server hears from us; `signal` aborts when the workflow cancels or the worker goes down. What
 * is thrown after a cancellation is the cancellation, whatever it broke.
 */
export async function beating<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current();
  const signal = context.cancellationSignal;
  context.heartbeat();
  const beat = setInterval(() => context.heartbeat(), beatMs);
  try {
    return await work(signal);
  } catch (error) {
    if (signal.aborted) return await context.cancelled; // rejects with Temporal's own CancelledFailure
    throw error;
  } finally {
    clearInterval(beat);
  }
}

/** Waits, or rejects when the work is cancelled. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal });
}
