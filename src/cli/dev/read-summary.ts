import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { devSummarySchema, summaryFile, type DevSummary } from './summary.js';

/** What the stack of this folder said of itself; undefined when none did, or in a shape that this build does not know. */
export function readSummary(state: string): DevSummary | undefined {
  try {
    const written: unknown = JSON.parse(readFileSync(join(state, summaryFile), 'utf8'));
    return devSummarySchema.safeParse(written).data;
  } catch {
    return undefined;
  }
}

/** Renamed into place: readers find a whole file or none. Its owner only: passwords are in it. */
export function writeSummary(summary: DevSummary): void {
  const file = join(summary.state, summaryFile);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(summary, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

export function removeSummary(state: string): void {
  rmSync(join(state, summaryFile), { force: true });
}
