/** Decides whether a scanned output may leave, and makes sure that a broken scan is no clean one. */
import type { Destination } from '../policy/core.js';
import type { Finding, PhiClass } from './finding.js';
import type { KnownValues } from './known.js';
import { scan } from './scan.js';

/** Identifiers of a person. The others stand in directories too: a clinic has a phone, a site, an address. */
const personal: ReadonlySet<PhiClass> = new Set([
  'account',
  'health_plan',
  'licence',
  'mrn',
  'name',
  'reference',
  'ssn',
]);

export interface Recipient {
  readonly destination: Destination;
  /** Whether the action opened a patient's record. */
  readonly opened: boolean;
}

/**
 * `treatment` may have everything about the patient whose record was opened, and nothing of another patient; where no
 * record was opened, nothing personal is expected. Every other destination gets nothing that identifies anybody.
 */
export function verdict(findings: readonly Finding[], { destination, opened }: Recipient): 'release' | 'withhold' {
  const passes = ({ owner, class: kind }: Finding): boolean => {
    if (destination !== 'treatment' || owner === 'other') return false;
    return opened || !personal.has(kind);
  };
  return findings.every(passes) ? 'release' : 'withhold';
}

export type ScanVerdict =
  | { readonly status: 'release'; readonly findings: readonly Finding[] }
  | {
      readonly status: 'withhold';
      readonly because: 'findings' | 'scanner_failed';
      readonly findings: readonly Finding[];
    };

/**
 * Scans and judges. Whatever the scan throws, the output stays here: this is the one place where an error of any kind
 * becomes an answer.
 */
export function scanOrWithhold(
  output: unknown,
  { known, destination }: { readonly known: () => KnownValues; readonly destination: Destination },
): ScanVerdict {
  try {
    const values = known();
    const result = scan(output, values);
    const findings = result.status === 'clean' ? [] : result.findings;
    if (verdict(findings, { destination, opened: values.opened !== undefined }) === 'release')
      return { status: 'release', findings };
    return { status: 'withhold', because: 'findings', findings };
  } catch {
    return { status: 'withhold', because: 'scanner_failed', findings: [] };
  }
}
