/** One process of a kind for each folder. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type FolderLock =
  | { readonly status: 'locked'; readonly release: () => void }
  /** Pid of the living process that has it. */
  | { readonly status: 'held'; readonly pid: number };

/**
 * Each process writes a lock of its own first and looks for others then, so of two that start at once at least one sees
 * the other. A lock whose process is gone, or whose pid belongs to another program by now, is swept away.
 *
 * @param kind first word of the lock's file name.
 */
export function lockFolder(folder: string, kind: string): FolderLock {
  const own = join(folder, `${kind}.${process.pid}.lock`);
  writeFileSync(own, startOf(process.pid) ?? '', { mode: 0o600 });
  const release = (): void => rmSync(own, { force: true });
  for (const { file, pid } of locksIn(folder, kind)) {
    if (pid === process.pid) continue;
    if (holds(file, pid)) {
      release();
      return { status: 'held', pid };
    }
    rmSync(file, { force: true });
  }
  return { status: 'locked', release };
}

/** Pid of the living process that has this folder. */
export function holderOf(folder: string, kind: string): number | undefined {
  return locksIn(folder, kind).find(({ file, pid }) => holds(file, pid))?.pid;
}

function locksIn(folder: string, kind: string): { readonly file: string; readonly pid: number }[] {
  return readdirSync(folder).flatMap((name) => {
    const [first, pid, last, ...more] = name.split('.');
    const ours = first === kind && last === 'lock' && more.length === 0 && /^\d+$/.test(pid ?? '');
    return ours ? [{ file: join(folder, name), pid: Number(pid) }] : [];
  });
}

function holds(file: string, pid: number): boolean {
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
