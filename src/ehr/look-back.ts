/** Finds out what became of a write, by what the EHR shows. */
import type { ActionId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { actionsOf, hasContentOf, isAsApproved, isTagged } from './as-approved.js';
import type { Resource } from './bundle.js';
import { versionOf } from './meta.js';
import type { Proposal } from './proposal.js';
import type { TargetReader } from './read-target.js';

export type Found =
  /** This version is ours, and says what was approved. */
  | { readonly status: 'written'; readonly version: string }
  /** Still the approved base. This does NOT mean that a write that is on its way will not come. */
  | { readonly status: 'base' }
  /** Others moved the record on without our write, which is bound to the base: it can never apply any more. */
  | { readonly status: 'moved_on' };

/**
 * @throws Refusal `ehr.written_otherwise` when our version says something else than was approved, and when the approved
 *   content is there and nothing says whose it is; `ehr.malformed` for a history that lacks the base; and what reading
 *   throws. Then nobody knows.
 */
export async function lookBack(
  reader: Pick<TargetReader, 'now' | 'versions'>,
  { action, proposal }: { readonly action: ActionId; readonly proposal: Proposal },
): Promise<Found> {
  const now = await reader.now();
  if (versionOf(now) === proposal.base) return { status: 'base' };
  if (isTagged(now, action) && isAsApproved(now, proposal)) return { status: 'written', version: versionOf(now) };
  const versions = await reader.versions();
  const base = versions.findIndex((version) => versionOf(version) === proposal.base);
  const since = base < 0 ? versions : versions.slice(0, base);
  const ours = since.findLast((version) => isTagged(version, action));
  if (!ours && base < 0)
    throw new Refusal('ehr.malformed', 'The EHR’s history lacks the version that the write rests on.');
  const mayBeOurs = (version: Resource): boolean =>
    hasContentOf(version, proposal) && !isOfAnother(version, action, versions[base]);
  if (ours ? !isAsApproved(ours, proposal) : since.some(mayBeOurs)) throw writtenOtherwise();
  return ours ? { status: 'written', version: versionOf(ours) } : { status: 'moved_on' };
}

/**
 * Two actions may be approved to write the same. A tag of another action that the base did not have says that the version
 * is that one's; one that the base had may have been carried on by the server, and says nothing.
 */
function isOfAnother(version: Resource, action: ActionId, base: Resource | undefined): boolean {
  const before = base ? actionsOf(base) : [];
  return actionsOf(version).some((each) => each !== action && !before.includes(each));
}

export function writtenOtherwise(): Refusal {
  return new Refusal('ehr.written_otherwise', 'The EHR holds something else than what was approved.');
}
