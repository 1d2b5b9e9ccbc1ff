/** The part of the shown text that tells what a write would do: what approvers see, and what their decision binds. */
import type { Digest } from '../action/ids.js';
import { byPath, type FieldChange } from './diff.js';
import type { PatientIdentity } from './patient-identity.js';
import type { Proposal } from './proposal.js';
import type { RecordIdentity } from './record-identity.js';

export interface ShownChange {
  /** Whose record it is. */
  readonly patient: PatientIdentity;
  readonly record: RecordIdentity;
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

/** What is shown besides and is no part of the proposal, because nothing of it would be written. */
export interface ReadBesides {
  readonly patient: PatientIdentity;
  readonly meanwhile?: readonly FieldChange[];
}

/** A function of the sealed proposal and of what was read besides, so that the gateway can make it again and compare. */
export function shownChange(
  { target, base, record, changes }: Proposal,
  { proposal, patient, meanwhile }: ReadBesides & { readonly proposal: Digest },
): ShownChange {
  return {
    patient,
    record,
    target: `${target.type}/${target.id}`,
    base,
    changes: [...changes].sort(byPath),
    proposal,
    ...(meanwhile && { meanwhile: [...meanwhile].sort(byPath) }),
  };
}
