/** One development stack for each state folder: two Temporal servers would start on one database file without complaint. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSummary } from './read-summary.js';

/** The folder is in use; the message names by whom and what to do. */
export class StateInUse extends Error {
  override readonly name = 'StateInUse';
}

const lockName = /^lock\.(\d+)$/;

/**
 * Each process writes a file of its own first and looks for others then, so of two that start at once at least one sees
 * the other. A lock whose process is gone, or whose pid belongs to somebody else by now, is swept away.
 *
 * @returns what releases it.
 * @throws StateInUse
 */
export function lockState(state: string): () => void {
  const own = join(state, `lock.${process.pid}`);
  writeFileSync(own, startOf(process.pid) ?? '', { mode: 0o600 });
  const release = (): void => rmSync(own, { force: true });
  for (const name of readdirSync(state)) {
    const pid = Number(lockName.exec(name)?.[1] ?? 0);
    if (pid === 0 || pid === process.pid) continue;
    if (isHolder(join(state, name), pid)) {
      release();
      const api = readSummary(state)?.urls.api;
      const at = api === undefined ? '' : `, ${api}`;
      throw new StateInUse(
        `A stack runs in ${state} already (pid ${pid}${at}). Use it, end it with: kill ${pid}, or start another with --state DIR.`,
      );
    }
    rmSync(join(state, name), { force: true });
  }
  return release;
}

/** Pid of the living stack of this folder. */
export function holderOf(state: string): number | undefined {
  return readdirSync(state)
    .map((name) => ({ file: join(state, name), pid: Number(lockName.exec(name)?.[1] ?? 0) }))
    .find(({ file, pid }) => pid !== 0 && isHolder(file, pid))?.pid;
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

function isHolder(file: string, pid: number): boolean {
  const start = startOf(pid);
  if (start === undefined) return false;
  try {
    const written = readFileSync(file, 'utf8');
    return written === '' || written === start; // empty: it is being written
  } catch {
    return false;
  }
}

/** When a living process began, in its system's words; a pid alone may have been given to another program. */
export function startOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before it may hold blanks
      return fields[0] === 'Z' ? undefined : fields[19];
    }
    const out = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] });
    return out.toString().trim() || undefined;
  } catch {
    return undefined;
  }
}
