import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { parseStored, type StoredResource } from './resource.js';

/** Where writes outlive the process. A write is answered only after `append` has returned. */
export interface Journal {
  readonly replay: () => readonly StoredResource[];
  /** All of them or, when it throws or the process dies in it, none. */
  readonly append: (versions: readonly StoredResource[]) => void;
}

/** Keeps nothing. */
export const noJournal: Journal = { replay: () => [], append: () => undefined };

/**
 * One append a line in `ehr.jsonl` of this folder: a version, or an array of those that were written together. What the
 * operating system has accepted survives a kill -9 of this process, not a power cut: it is a sandbox. A last line torn
 * by the kill was never answered, and is cut off with everything in it.
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
      return lines.flatMap((line) => {
        const appended: unknown = JSON.parse(line);
        return Array.isArray(appended) ? appended.map(parseStored) : [parseStored(appended)];
      });
    },
    append: (versions) => {
      if (versions.length === 0) return;
      const size = existsSync(file) ? statSync(file).size : 0;
      try {
        appendFileSync(file, `${JSON.stringify(versions.length === 1 ? versions[0] : versions)}\n`, { mode: 0o600 });
      } catch (error) {
        if (existsSync(file)) truncateSync(file, size); // a full disk takes half a line, and the next would end it
        throw error;
      }
    },
  };
}
