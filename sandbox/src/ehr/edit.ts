/** Changes by somebody else, for tests of what a client does when a record moves under its hands. */
import { parseAddress } from './address.js';
import type { StoredResource } from './resource.js';
import type { FhirStore } from './store.js';

/** Elements to replace, whole. */
export type Edit = Readonly<Record<string, unknown>>;

/** The next version of `Type/id`, past scopes and request log. @throws FhirError 400, 404 */
export function editIn(store: FhirStore, reference: string, elements: Edit): StoredResource {
  const { type, id } = parseAddress(reference);
  return store.edit(type, id, elements);
}
