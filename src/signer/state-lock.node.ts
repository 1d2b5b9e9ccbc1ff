/** One signer for each state folder: two would move one mark. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from './start-error.js';

const lockName = /^signer\.(\d+)\.lock$/;

/**
 * Each process writes a lock of its own first and looks for others then, so of two that start at once at least one sees
 * the other. A lock whose process is gone, or whose pid belongs to another program by now, is swept away.
 *
 * @returns what releases it.
 * @throws StartError naming the process that holds the folder.
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const own = join(folder, `signer.${process.pid}.lock`);
  writeFileSync(own, startOf(process.pid) ?? '', { mode: 0o600 });
  const release = (): void => rmSync(own, { force: true });
  for (const name of readdirSync(folder)) {
    const pid = Number(lockName.exec(name)?.[1] ?? process.pid);
    if (pid === process.pid) continue;
    if (holds(join(folder, name), pid)) {
      release();
      throw new StartError(`Another signer (pid ${pid}) uses COUNTERSIGN_SIGNER_STATE; end it first.`);
    }
    rmSync(join(folder, name), { force: true });
  }
  return release;
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
function startOf(pid: number): string | undefined {
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
