import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { parseStored, type StoredResource } from './resource.js';

/** Where writes outlive the process. A write is answered only after `append` has returned. */
export interface Journal {
  readonly replay: () => readonly StoredResource[];
  readonly append: (versions: readonly StoredResource[]) => void;
}

/** Keeps nothing. */
export const noJournal: Journal = { replay: () => [], append: () => undefined };

/**
 * One version a line in `ehr.jsonl` of this folder. What the operating system has accepted survives a kill -9 of this
 * process, not a power cut: it is a sandbox. A last line torn by the kill was never answered, and is cut off.
 *
 * @throws Error for a damaged line elsewhere.
 */
export function fileJournal(stateDir: string): Journal {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const file = join(stateDir, 'ehr.jsonl');
  return {
    replay: () => {
      if (!existsSync(file)) return [];
      const bytes = readFileSync(file);
      const whole = bytes.lastIndexOf(0x0a) + 1;
      if (whole < bytes.length) truncateSync(file, whole);
      const lines = bytes.subarray(0, whole).toString('utf8').split('\n').slice(0, -1);
      return lines.map((line) => parseStored(JSON.parse(line)));
    },
    append: (versions) =>
      appendFileSync(file, versions.map((version) => `${JSON.stringify(version)}\n`).join(''), { mode: 0o600 }),
  };
}
