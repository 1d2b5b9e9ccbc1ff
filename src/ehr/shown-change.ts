/** The part of the shown text that tells what a write would do: what approvers see, and what their decision binds. */
import type { Digest } from '../action/ids.js';
import { byPath, type FieldChange } from './diff.js';
import type { Proposal } from './proposal.js';

export interface ShownChange {
  /** `MedicationRequest/<id>`. */
  readonly target: string;
  /** Version that the write would follow. */
  readonly base: string;
  /** All of them, in the order of paths. */
  readonly changes: readonly FieldChange[];
  /** Commitment to the whole proposal, so that a yes binds what is not shown because it stays. */
  readonly proposal: Digest;
  /** What others changed between the version of the revision before and this base; absent on a first revision. */
  readonly meanwhile?: readonly FieldChange[];
}

/** A function of the sealed proposal, so that the gateway can make it again and compare. */
export function shownChange(
  { target, base, changes }: Proposal,
  { proposal, meanwhile }: { readonly proposal: Digest; readonly meanwhile?: readonly FieldChange[] },
): ShownChange {
  return {
    target: `${target.type}/${target.id}`,
    base,
    changes: [...changes].sort(byPath),
    proposal,
    ...(meanwhile && { meanwhile: [...meanwhile].sort(byPath) }),
  };
}
