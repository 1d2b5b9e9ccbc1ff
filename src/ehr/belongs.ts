/** Says whose a resource is. A server that mixes patients up must not make us release another one's data. */
import type { Resource } from './bundle.js';

/** Where each type names its patient; a type that is not here belongs to nobody and to no patient's answer. */
const subjectFields: ReadonlyMap<string, readonly string[]> = new Map([
  ['AllergyIntolerance', ['patient']],
  ['CareTeam', ['subject']],
  ['Condition', ['subject']],
  ['DocumentReference', ['subject']],
  ['Encounter', ['subject']],
  ['Immunization', ['patient']],
  ['MedicationRequest', ['subject']],
  ['MedicationStatement', ['subject']],
  ['Observation', ['subject']],
  ['Procedure', ['subject']],
]);

/** What must come with a resource so that {@link belongsTo} and {@link isOfEpisode} can judge it. */
export function proofFields(type: string, { episodeBound }: { readonly episodeBound: boolean }): readonly string[] {
  return [...(subjectFields.get(type) ?? []), ...(episodeBound && type !== 'Encounter' ? ['encounter'] : [])];
}

/** Types that describe the facility and nobody's care. */
const facilityTypes: ReadonlySet<string> = new Set(['HealthcareService', 'Location', 'Organization']);

/**
 * True when the resource may be released under a warrant for `patient` (`Patient/<id>`), or under one that names no
 * patient when `patient` is null. References may be relative, versioned, or absolute under the EHR's own base URL.
 */
export function belongsTo(resource: Resource, patient: string | null, base: string): boolean {
  if (patient === null) return facilityTypes.has(resource.resourceType) && !namesSubject(resource);
  if (resource.resourceType === 'Patient') return `Patient/${resource.id}` === patient;
  const fields = subjectFields.get(resource.resourceType);
  if (!fields) return false;
  // A resource that names a subject twice must name the same one twice.
  const others = ['subject', 'patient'].filter((field) => !fields.includes(field) && field in resource);
  return [...fields, ...others].every((field) => localReference(referenceOf(resource[field]), base) === patient);
}

/** True when the resource names this very Encounter, or is it. */
export function isOfEpisode(resource: Resource, episode: string, base: string): boolean {
  if (resource.resourceType === 'Encounter') return `Encounter/${resource.id}` === episode;
  return localReference(referenceOf(resource['encounter']), base) === episode;
}

function namesSubject(resource: Resource): boolean {
  return 'subject' in resource || 'patient' in resource;
}

function referenceOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('reference' in value)) return undefined;
  return typeof value.reference === 'string' ? value.reference : undefined;
}

/** `Type/id` of a reference on this very EHR; undefined for every other. */
export function localReference(reference: string | undefined, base: string): string | undefined {
  const relative = reference?.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference;
  return /^([A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64})(\/_history\/[A-Za-z0-9.-]{1,64})?$/.exec(relative ?? '')?.[1];
}
