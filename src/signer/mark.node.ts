/** The signer's own high-water mark: what it signed last, kept outside the database that it watches. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { StartError } from './start-error.js';

const markSchema = z.strictObject({
  v: z.literal(1),
  origin: z.string(),
  size: z.int().min(0),
  /** Root of the tree of that size, hex. */
  root: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Mark = Readonly<z.infer<typeof markSchema>>;

/** Where a mark is kept. */
export interface MarkFile {
  /** Undefined before the first signature. @throws StartError for a file that is damaged: a lost mark is no new beginning. */
  read(): Mark | undefined;
  /** Returns when the mark would survive a power cut. */
  write(mark: Mark): void;
}

export function markFile(folder: string): MarkFile {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'mark.json');
  return {
    read() {
      if (!existsSync(file)) return undefined;
      const parsed = markSchema.safeParse(parseJson(readFileSync(file, 'utf8')));
      if (!parsed.success)
        throw new StartError('The mark in COUNTERSIGN_SIGNER_STATE is damaged; restore it from a copy.');
      return parsed.data;
    },
    write(mark) {
      const next = `${file}.next`;
      writeFileSync(next, `${JSON.stringify(mark)}\n`, { mode: 0o600, flush: true });
      renameSync(next, file);
      syncFolder(folder);
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A rename lasts only when the folder that holds the names was written too. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
