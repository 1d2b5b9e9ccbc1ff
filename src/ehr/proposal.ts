/** What exactly would be written: one version of one resource, the version that it rests on, and what differs. */
import { z } from 'zod';
import { canonicalBytes, canonicalJson } from '../action/canonical.js';
import { Refusal } from '../action/refusal.js';
import { equalBytes } from '../audit/bytes.js';
import { applyChange } from './apply-change.js';
import { belongsTo } from './belongs.js';
import type { Resource } from './bundle.js';
import { restoration } from './change.js';
import { fieldDiff, fieldOf, withoutMeta, type FieldChange } from './diff.js';
import { isFaithful } from './faithful.js';
import { fhirId, keptMeta, versionOf } from './meta.js';
import { recordIdentity, recordIdentitySchema } from './record-identity.js';
import { targetsOf, writeTypes } from './write-elements.js';

export const proposalSchema = z
  .strictObject({
    v: z.literal(1),
    /** Action type. */
    action: z.enum(writeTypes),
    target: z.strictObject({ type: z.string().regex(/^[A-Z][A-Za-z]+$/), id: fhirId }),
    /** `meta.versionId` of the version that approvers saw: the only one that the write may follow. */
    base: fhirId,
    /** What people know the record by, as it is in the base. */
    record: recordIdentitySchema,
    /** The new version, whole, without the server's part of `meta`. */
    resource: z.looseObject({ resourceType: z.string(), id: fhirId }),
    changes: z
      .array(z.strictObject({ path: z.string().min(1), before: z.json(), after: z.json() }))
      .min(1)
      .max(500),
    /** The version that a roll-back goes back to. */
    restores: restoration.shape.restore.exactOptional(),
  })
  .refine(({ target, resource }) => resource.resourceType === target.type && resource.id === target.id);
/** Sealed under the commitment that the votes and the warrant bind. */
export type Proposal = Readonly<z.infer<typeof proposalSchema>>;

export interface ProposalOrder {
  readonly action: string;
  /** The target as the EHR gave it, whole. */
  readonly base: Resource;
  readonly change: unknown;
  /** `Patient/<id>` of the request. */
  readonly patient: string;
  /** Elements that the request names; only their fields may change. */
  readonly elements: readonly string[];
  /** FHIR base URL: references under it are local. */
  readonly location: string;
  /** The version that the change goes back to, as the EHR gave it by vread, whole; for a roll-back and nothing else. */
  readonly earlier?: Resource;
}

/**
 * Makes the proposal, or refuses it.
 *
 * @throws Refusal `write.change_shape`, `write.not_applicable`, `write.no_change`, `write.forbidden_field` for a difference
 *   outside of the fields of action type and elements, `write.other_target` for a type that it does not write,
 *   `ehr.other_patient`, `ehr.malformed` for a version without its number or one that cannot be shown and sealed as it is.
 */
export function propose({ action, base, change, patient, elements, location, earlier }: ProposalOrder): Proposal {
  const targets = targetsOf(action, base.resourceType);
  if (targets.length === 0)
    throw new Refusal('write.other_target', 'This action type does not write resources of this type.');
  for (const version of earlier ? [base, earlier] : [base]) {
    if (!isFaithful(version)) throw new Refusal('ehr.malformed', 'The EHR gave a resource that no record can be.');
    if (!belongsTo(version, patient, location))
      throw new Refusal('ehr.other_patient', 'The resource to change is not of the request’s patient.');
  }
  const fields = targets.filter(({ element }) => elements.includes(element)).flatMap(({ fields }) => fields);
  if (fields.length === 0) throw new Refusal('write.forbidden_field', 'No named element allows a change of this.');
  const changed = applyChange(action, base, change, earlier && { resource: earlier, fields });
  const resource = { ...changed, meta: keptMeta(base) };
  const proposal = proposalSchema.safeParse({
    v: 1,
    action,
    target: { type: base.resourceType, id: base.id },
    base: versionOf(base),
    record: recordIdentity(base),
    resource,
    changes: checkChanges(fieldDiff(base, resource), { action, type: base.resourceType, elements }),
    ...(earlier && { restores: restoration.parse(change).restore }),
  });
  if (!proposal.success) throw new Refusal('write.not_applicable', 'The resource cannot be proposed as it is.');
  return proposal.data;
}

interface Allowed {
  readonly action: string;
  readonly type: string;
  readonly elements: readonly string[];
}

/** Judges what differs, not what was asked: whatever made a difference, it lies in an allowed field or nothing goes. */
function checkChanges(changes: readonly FieldChange[], allowed: Allowed): readonly FieldChange[] {
  // The narrative goes because something else changes; alone it is no change.
  if (changes.every((change) => fieldOf(change) === 'text'))
    throw new Refusal('write.no_change', 'The record says this already.');
  if (!changes.every((change) => mayChange(change, allowed)))
    throw new Refusal('write.forbidden_field', 'The change touches a field that this action may not change.');
  return changes;
}

/** True when the change lies in a field that the action type and one of the named elements allow. */
export function mayChange(change: Pick<FieldChange, 'path'>, { action, type, elements }: Allowed): boolean {
  return targetsOf(action, type).some(
    ({ element, fields }) => elements.includes(element) && fields.includes(fieldOf(change)),
  );
}

/** Canonical JSON of the whole proposal: what is sealed, and what the commitment is over. */
export function proposalBytes(proposal: Proposal): Uint8Array {
  return canonicalBytes(proposal);
}

/**
 * Reads what {@link proposalBytes} made: one proposal, one text. That is about ambiguity and no secret, so the comparison
 * may stop early.
 *
 * @throws Refusal `warrant.other_request` for all other bytes.
 */
export function readProposal(bytes: Uint8Array): Proposal {
  const json = jsonOf(bytes);
  const parsed = isFaithful(json) ? proposalSchema.safeParse(json) : undefined;
  if (!parsed?.success || !equalBytes(proposalBytes(parsed.data), bytes))
    throw new Refusal('warrant.other_request', 'What was sealed is no proposal.');
  return parsed.data;
}

/** undefined for what is no JSON. */
function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The content as bytes that can be compared: everything but `meta`, which servers fill. */
export function clinicalText(resource: Readonly<Record<string, unknown>>): string {
  return canonicalJson(withoutMeta(resource));
}
