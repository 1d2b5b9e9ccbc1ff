/** `Patient/[id]/$everything`: the whole record and what it points at. R4, OperationDefinition Patient-everything. */
import { referencesIn } from './references.js';
import { patientOf, withoutVersion, type Resource, type StoredResource } from './resource.js';
import type { FhirStore } from './store.js';

const addressOf = ({ resourceType, id }: Resource) => `${resourceType}/${id}`;

/** The patient, what is about them, the provenance of that, and one step further what all of it refers to. */
export function recordOf(store: FhirStore, patient: string): (resource: Resource) => boolean {
  const all = store.searchAll({ matches: () => true, count: Number.POSITIVE_INFINITY, after: 0 }).resources;
  const own = new Set(all.filter((resource) => patientOf(resource) === patient).map(addressOf));
  for (const resource of all) if (isProvenanceOf(own, resource)) own.add(addressOf(resource));
  const referred = all
    .filter((resource) => own.has(addressOf(resource)))
    .flatMap((resource) => referencesIn(resource).map(withoutVersion))
    // Another patient in a reference (a family member, a mistake) does not bring their record along.
    .filter((reference) => !reference.startsWith('Patient/'));
  const shown = new Set([...own, ...referred]);
  return (resource) => shown.has(addressOf(resource)) && (patientOf(resource) ?? patient) === patient;
}

function isProvenanceOf(own: ReadonlySet<string>, resource: StoredResource): boolean {
  if (resource.resourceType !== 'Provenance' || patientOf(resource) !== undefined) return false;
  const targets = Array.isArray(resource['target']) ? referencesIn(resource['target']) : [];
  return targets.some((reference) => own.has(withoutVersion(reference)));
}
