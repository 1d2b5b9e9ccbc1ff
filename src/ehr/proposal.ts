/** What exactly would be written: one version of one resource, the version that it rests on, and what differs. */
import { z } from 'zod';
import { canonicalBytes, canonicalJson } from '../action/canonical.js';
import { Refusal } from '../action/refusal.js';
import { applyChange } from './apply-change.js';
import { belongsTo } from './belongs.js';
import type { Resource } from './bundle.js';
import { fieldDiff, fieldOf, withoutMeta, type FieldChange } from './diff.js';
import { targetsOf } from './write-elements.js';

const fhirId = z.string().regex(/^[A-Za-z0-9.-]{1,64}$/);

export const proposalSchema = z.strictObject({
  v: z.literal(1),
  /** Action type. */
  action: z.string(),
  target: z.strictObject({ type: z.string().regex(/^[A-Z][A-Za-z]+$/), id: fhirId }),
  /** `meta.versionId` of the version that approvers saw: the only one that the write may follow. */
  base: fhirId,
  /** The new version, whole, without the server's part of `meta`. */
  resource: z.looseObject({ resourceType: z.string(), id: fhirId }),
  changes: z
    .array(z.strictObject({ path: z.string().min(1), before: z.json(), after: z.json() }))
    .min(1)
    .max(500),
});
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
}

/**
 * Makes the proposal, or refuses it.
 *
 * @throws Refusal `write.change_shape`, `write.not_applicable`, `write.no_change`, `write.forbidden_field` for a difference
 *   outside of the action type's fields, `write.other_target` for a type that it does not write, `ehr.other_patient`,
 *   `ehr.malformed` for a base without a version.
 */
export function propose({ action, base, change, patient, elements, location }: ProposalOrder): Proposal {
  if (targetsOf(action, base.resourceType).length === 0)
    throw new Refusal('write.other_target', 'This action type does not write resources of this type.');
  if (!belongsTo(base, patient, location))
    throw new Refusal('ehr.other_patient', 'The resource to change is not of the request’s patient.');
  const resource = { ...applyChange(action, base, change), ...keptMeta(base) };
  const proposal = proposalSchema.safeParse({
    v: 1,
    action,
    target: { type: base.resourceType, id: base.id },
    base: versionOf(base),
    resource,
    changes: checkChanges(fieldDiff(base, resource), { action, type: base.resourceType, elements }),
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
  if (changes.length === 0) throw new Refusal('write.no_change', 'The record says this already.');
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

/** Reads sealed bytes. @throws Refusal `warrant.other_request` for bytes that are no proposal. */
export function readProposal(bytes: Uint8Array): Proposal {
  const parsed = proposalSchema.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  if (!parsed.success) throw new Refusal('warrant.other_request', 'What was sealed is no proposal.');
  return parsed.data;
}

/** The content as bytes that can be compared: everything but `meta`, which servers fill. */
export function clinicalText(resource: Readonly<Record<string, unknown>>): string {
  return canonicalJson(withoutMeta(resource));
}

const metaSchema = z.looseObject({
  versionId: fhirId,
  profile: z.array(z.string()).optional(),
  security: z.array(z.looseObject({ system: z.string().optional(), code: z.string().optional() })).optional(),
  tag: z.array(z.looseObject({ system: z.string().optional(), code: z.string().optional() })).optional(),
});

function versionOf({ meta }: Resource): string {
  const parsed = metaSchema.safeParse(meta);
  if (!parsed.success) throw new Refusal('ehr.malformed', 'The EHR gave the resource without a version.');
  return parsed.data.versionId;
}

/** Profiles, labels and tags stay; version and date are the server's to give. */
function keptMeta({ meta }: Resource): { readonly meta: Record<string, unknown> } {
  const { profile, security, tag } = metaSchema.parse(meta);
  return { meta: { ...(profile && { profile }), ...(security && { security }), ...(tag && { tag }) } };
}
