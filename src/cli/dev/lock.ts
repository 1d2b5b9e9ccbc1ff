/** One development stack for each state folder: two Temporal servers would start on one database file without complaint. */
import { holderOf, lockFolder } from '../../config/folder-lock.js';
import { readSummary } from './read-summary.js';

const kind = 'stack';

/** The folder is in use; the message names by whom and what to do. */
export class StateInUse extends Error {
  override readonly name = 'StateInUse';
}

/**
 * @returns what releases it.
 * @throws StateInUse
 */
export function lockState(state: string): () => void {
  const lock = lockFolder(state, kind);
  if (lock.status === 'locked') return lock.release;
  const { pid } = lock;
  const api = readSummary(state)?.urls.api;
  const at = api === undefined ? '' : `, ${api}`;
  throw new StateInUse(
    `A stack runs in ${state} already (pid ${pid}${at}). Use it, end it with: kill ${pid}, or start another with --state DIR.`,
  );
}

/** Pid of the living stack of this folder. */
export function stackOf(state: string): number | undefined {
  return holderOf(state, kind);
}

/**
 * Waits for what a killed stack left behind: each of its processes sees by itself that the supervisor is gone, but some
 * let go of their ports a moment later.
 *
 * @param commandOf command line of a living process: a pid of old may be somebody else's by now, who is left alone.
 */
export async function lettingGo(
  pids: readonly number[],
  commandOf: (pid: number) => string | undefined,
): Promise<void> {
  const patience = performance.now() + 12_000;
  const ours = (pid: number): boolean => /main\.js|lifeline\.sh/.test(commandOf(pid) ?? '');
  while (pids.some(ours) && performance.now() < patience) await new Promise((resolve) => setTimeout(resolve, 50));
}
