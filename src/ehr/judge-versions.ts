/** Holds the versions of a resource against what the record says that an action wrote to it. */
import type { ActionId } from '../action/ids.js';
import { actionsOf, isAsApproved, isTagged } from './as-approved.js';
import type { Resource } from './bundle.js';
import { versionOf } from './meta.js';
import type { Proposal } from './proposal.js';
import type { VersionFinding } from './version-finding.js';

export interface RecordedWrite {
  readonly action: ActionId;
  /** What was approved last. */
  readonly proposal: Proposal;
  /** `meta.versionId` that the first of its writes rested on: nothing of ours is older. */
  readonly base: string;
  /** `version`: as it was read back; absent where a human said that the write took effect. */
  readonly outcome: { readonly status: 'written'; readonly version?: string } | { readonly status: 'no_effect' };
}

export interface JudgedVersions {
  readonly finding: VersionFinding;
  /** `meta.versionId` that the finding is about. */
  readonly version: string | null;
}

/**
 * Servers and editors may carry a tag on to later versions, so the oldest that has it is the action's own, and those that
 * follow it without a gap may be anybody's. A version without the tag between two that have it is a gap: what comes after
 * it was made in our name once more.
 *
 * @param versions every one, newest first.
 * @param sent actions that may have sent something; a tag that names any other is nobody's we know.
 * @throws Refusal `ehr.malformed` for a resource without a version.
 */
export function judgeVersions(
  recorded: RecordedWrite,
  versions: readonly Resource[],
  sent: ReadonlySet<string>,
): JudgedVersions {
  const base = versions.findIndex((version) => versionOf(version) === recorded.base);
  const since = [...(base < 0 ? versions : versions.slice(0, base))].reverse();
  const own = judgeOwn(recorded, since);
  if (own.finding !== 'as_recorded') return own;
  const strange = since.find((version, at) => isStrange(version, sent) || comesBack(recorded, since, at));
  if (strange) return found('unexplained', strange);
  // A history that does not reach back so far cannot show that something is not in it.
  return recorded.outcome.status === 'no_effect' && base < 0 ? { finding: 'not_said', version: null } : own;
}

/** @param since oldest first. */
function judgeOwn({ action, proposal, outcome }: RecordedWrite, since: readonly Resource[]): JudgedVersions {
  const oldest = since.find((version) => isTagged(version, action));
  if (outcome.status === 'no_effect')
    return oldest ? found('unexplained', oldest) : { finding: 'as_recorded', version: null };
  const { version: known } = outcome;
  const written =
    known === undefined ? oldest : since.find((version) => versionOf(version) === known && isTagged(version, action));
  if (!written) return { finding: 'missing', version: known ?? null };
  if (!isAsApproved(written, proposal)) return found('other_content', written);
  return oldest && oldest !== written ? found('unexplained', oldest) : found('as_recorded', written);
}

function isStrange(version: Resource, sent: ReadonlySet<string>): boolean {
  return actionsOf(version).some((action) => !sent.has(action));
}

function comesBack({ action }: RecordedWrite, since: readonly Resource[], at: number): boolean {
  const tagged = (version: Resource | undefined): boolean => version !== undefined && isTagged(version, action);
  return tagged(since[at]) && !tagged(since[at - 1]) && since.slice(0, at).some(tagged);
}

function found(finding: VersionFinding, version: Resource): JudgedVersions {
  return { finding, version: versionOf(version) };
}
