import type { Destination } from '../policy/core.js';
import { knownValues } from '../phi/known.js';
import { scanOrWithhold } from '../phi/verdict.js';
import type { ReadResult } from './read-elements.js';

/** What was read, and what the scan said about letting it go. */
export interface JudgedRead {
  readonly read: ReadResult;
  readonly release: boolean;
  /** What made it stay; 0 when it goes, and when the scan itself failed. */
  readonly findings: number;
}

/** Scans what the projection left, knowing what the resources said about people before it. */
export function judgeRead(
  read: ReadResult,
  { patient, destination }: { readonly patient: string | undefined; readonly destination: Destination },
): JudgedRead {
  const known = () => knownValues(read.raw, patient);
  const verdict = scanOrWithhold(read.elements, { known, destination });
  const release = verdict.status === 'release';
  return { read, release, findings: release ? 0 : verdict.findings.length };
}
