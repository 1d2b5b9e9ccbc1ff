/** Finds out what became of a write, by what the EHR shows. */
import type { ActionId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { hasContentOf, isAsApproved, isTagged } from './as-approved.js';
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
 *   content is there without our tag; `ehr.malformed` for a history that lacks the base; and what reading throws. Then
 *   nobody knows.
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
  if (ours ? !isAsApproved(ours, proposal) : since.some((version) => hasContentOf(version, proposal)))
    throw writtenOtherwise();
  return ours ? { status: 'written', version: versionOf(ours) } : { status: 'moved_on' };
}

export function writtenOtherwise(): Refusal {
  return new Refusal('ehr.written_otherwise', 'The EHR holds something else than what was approved.');
}
