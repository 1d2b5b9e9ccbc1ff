/** Changes by somebody else, for tests of what a client does when a record moves under its hands. */
import { FhirError, type StoredResource } from './resource.js';
import type { FhirStore } from './store.js';

/** Elements to replace, whole. */
export type Edit = Readonly<Record<string, unknown>>;

/** The next version of `Type/id`, past scopes and request log. @throws FhirError 400, 404 */
export function editIn(store: FhirStore, reference: string, elements: Edit): StoredResource {
  const [type = '', id = '', ...more] = reference.split('/');
  if (more.length > 0) throw new FhirError(400, 'invalid', 'the reference is no Type/id');
  return store.edit(type, id, elements);
}
