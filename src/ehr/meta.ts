/** `Resource.meta` as the EHR gives it: which version this is, and what of it a later version keeps. */
import { z } from 'zod';
import { Refusal } from '../action/refusal.js';
import type { Resource } from './bundle.js';

/** FHIR R4 `id`, which version numbers are too. */
export const fhirId = z.string().regex(/^[A-Za-z0-9.-]{1,64}$/);

const coding = z.looseObject({ system: z.string().exactOptional(), code: z.string().exactOptional() });
const metaSchema = z.looseObject({
  versionId: fhirId,
  profile: z.array(z.string()).exactOptional(),
  security: z.array(coding).exactOptional(),
  tag: z.array(coding).exactOptional(),
});

/** @throws Refusal `ehr.malformed` for a resource without a version. */
export function versionOf(resource: Resource): string {
  return metaOf(resource).versionId;
}

/**
 * Profiles, labels and tags stay; version and date are the server's to give.
 *
 * @throws Refusal `ehr.malformed`
 */
export function keptMeta(resource: Resource) {
  const { profile, security, tag } = metaOf(resource);
  return { ...(profile && { profile }), ...(security && { security }), ...(tag && { tag }) };
}

function metaOf({ meta }: Resource) {
  const parsed = metaSchema.safeParse(meta);
  if (!parsed.success) throw new Refusal('ehr.malformed', 'The EHR gave the resource without a version.');
  return parsed.data;
}
