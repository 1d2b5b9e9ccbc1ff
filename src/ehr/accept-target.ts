/** Judges an answer about the target of a write: is it that resource, in the version that was asked for, of that patient. */
import { Refusal } from '../action/refusal.js';
import type { TargetCall } from '../warrant/check-target.js';
import { belongsTo } from './belongs.js';
import type { Resource } from './bundle.js';
import { versionOf } from './meta.js';

/** @throws Refusal `ehr.other_type`, `ehr.unasked`, `ehr.other_patient`, `ehr.malformed` for one without a version. */
export function acceptTarget(resource: Resource, call: TargetCall): Resource {
  if (resource.resourceType !== call.type)
    throw new Refusal('ehr.other_type', 'The EHR answered with a resource of a type that was not asked for.');
  if (!belongsTo(resource, call.patient.reference, call.location))
    throw new Refusal('ehr.other_patient', 'The EHR answered with a resource that is not the warrant’s patient’s.');
  if (resource.id !== call.id) throw new Refusal('ehr.unasked', 'The EHR answered with another resource.');
  const version = versionOf(resource);
  if (call.interaction === 'vread' && version !== call.version)
    throw new Refusal('ehr.unasked', 'The EHR answered with another version than was asked for.');
  return resource;
}
