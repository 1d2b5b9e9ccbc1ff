/** Reads what is to be changed and makes the proposal: what exactly would be written, on which version. */
import { Refusal, type RefusalCode } from '../action/refusal.js';
import type { Resource } from './bundle.js';
import { restoredVersion } from './change.js';
import { fieldDiff, type FieldChange } from './diff.js';
import { propose, type Proposal } from './proposal.js';
import type { TargetOrder, TargetReader } from './read-target.js';

export interface PrepareOrder extends TargetOrder {
  /** Action type. */
  readonly type: string;
  readonly change: unknown;
  /** The version that the revision before rested on, for another round. */
  readonly before?: string;
}

export interface PreparedChange {
  readonly proposal: Proposal;
  /** What others changed since the revision before. */
  readonly meanwhile?: readonly FieldChange[];
}

/**
 * @throws Refusal `write.other_target` for a target that the EHR does not have, `write.not_applicable` for an earlier
 *   version that it does not have; what `propose` and reading throw.
 */
export async function prepareChange(reader: TargetReader, order: PrepareOrder): Promise<PreparedChange> {
  const { type, change, before, subject, elements, leave } = order;
  const base = await reader.now().catch(missing('write.other_target'));
  const restored = restoredVersion(change);
  const earlier =
    restored === undefined ? undefined : await reader.version(restored).catch(missing('write.not_applicable'));
  const proposal = propose({
    action: type,
    base,
    change,
    patient: subject.patient.reference,
    elements,
    location: leave.location,
    ...(earlier && { earlier }),
  });
  if (before === undefined) return { proposal };
  return { proposal, meanwhile: fieldDiff(before === proposal.base ? base : await reader.version(before), base) };
}

/** Not there, or no longer (FHIR R4 §3.1.0.1): that is the agent's mistake and no failure of ours. */
function missing(code: RefusalCode) {
  return (error: unknown): Resource => {
    const status = error instanceof Refusal ? error.details['status'] : undefined;
    throw status === 404 || status === 410 ? new Refusal(code, 'The EHR does not have this resource.') : error;
  };
}
