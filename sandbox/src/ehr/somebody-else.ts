import { patientOf, type StoredResource } from './resource.js';
import { planSearch } from './search.js';
import type { FhirStore } from './store.js';

/** A record of the same kind from somebody else's chart; the very same where there is none. */
export function ofSomebodyElse(store: FhirStore, resource: StoredResource): StoredResource {
  const patient = patientOf(resource);
  if (patient === undefined) return resource;
  const everybody = planSearch(resource.resourceType, new URLSearchParams());
  const { resources } = store.search(resource.resourceType, { ...everybody, count: Number.POSITIVE_INFINITY });
  return resources.find((each) => patientOf(each) !== patient) ?? resource;
}
