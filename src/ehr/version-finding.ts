/** What one more look at the EHR found, held against what the record says of a write. */
export const versionFindings = [
  'as_recorded',
  /** The version that was written is not there. */
  'missing',
  /** It is there and says something else than was approved. */
  'other_content',
  /** A version calls itself ours, and no record says that it was written. */
  'unexplained',
  /** The EHR gave no answer from which anything follows, however often it was asked. */
  'not_said',
] as const;
export type VersionFinding = (typeof versionFindings)[number];

/** The security event that goes with a finding; undefined for one that alarms nobody. */
export function alarmOf(finding: VersionFinding): string | undefined {
  switch (finding) {
    case 'missing':
      return 'ehr.version_missing';
    case 'other_content':
      return 'ehr.version_other';
    case 'unexplained':
      return 'ehr.unexplained_version';
    case 'as_recorded':
    case 'not_said':
      return undefined;
  }
}
