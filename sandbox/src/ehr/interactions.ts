/** Which FHIR interaction a request is, and those that read: read, vread, history, search, $everything. R4 §3.1. */
import { fhirAnswer, type Answer } from './answer.js';
import { allowed, forbidden, resourceAnswer, type FhirCall, type Records } from './call.js';
import { subset } from './elements.js';
import { recordOf } from './everything.js';
import { instanceHistory } from './history.js';
import { pageLinks } from './paging.js';
import { FhirError, type Resource, type StoredResource } from './resource.js';
import { allowsResource, allowsSearch } from './scopes.js';
import { elementNames, planSearch, resourceType } from './search.js';
import { ofSomebodyElse } from './somebody-else.js';
import type { SearchPage } from './store.js';
import { create, transaction, update } from './writing.js';

/** @throws FhirError for every refusal. */
export function interact(records: Records, call: FhirCall): Answer {
  const [type = '', id, history, versionId, ...more] = call.path;
  if (call.path.join('') === '' && call.method === 'POST') return transaction(records, call);
  resourceType(type);
  const operation = type === 'Patient' && id !== undefined && history === '$everything' && call.path.length === 3;
  if (operation && call.method === 'GET') return everything(records, call, id);
  if (more.length > 0 || (history !== undefined && history !== '_history' && !operation)) throw noSuchPath();
  if (call.method === 'GET') {
    if (id === undefined) return search(records, call, type);
    if (versionId !== undefined)
      return read(records, call, records.store.vread(allowed(call, 'r', type), id, versionId));
    if (history !== undefined) return instanceHistory(records, call, { type, id });
    return read(records, call, records.store.read(allowed(call, 'r', type), id));
  }
  if (history !== undefined) throw new FhirError(405, 'not-supported', 'this is for reading');
  if (call.method === 'POST' && id === '_search') return search(records, call, type);
  if (call.method === 'POST' && id === undefined) return create(records, call, type);
  if (call.method === 'PUT' && id !== undefined) return update(records, call, { type, id });
  throw new FhirError(405, 'not-supported', 'this method is not supported here');
}

function read({ store }: Records, call: FhirCall, found: StoredResource): Answer {
  const names = onlyElements(call.query);
  const resource = call.fault === 'wrong_patient' ? ofSomebodyElse(store, found) : found;
  if (!allowsResource(call.scopes, 'r', found)) throw forbidden();
  return resourceAnswer(200, names && call.fault !== 'ignore_elements' ? subset(resource, names) : resource);
}

function search({ store, baseUrl }: Records, call: FhirCall, type: string): Answer {
  const plan = planSearch(type, call.query);
  if (!allowsSearch(call.scopes, type, call.query)) throw forbidden();
  const page = store.search(type, plan);
  const shown =
    call.fault === 'wrong_patient' ? page.resources.map((each) => ofSomebodyElse(store, each)) : page.resources;
  const { elements } = plan;
  const resources = elements && call.fault !== 'ignore_elements' ? shown.map((each) => subset(each, elements)) : shown;
  return searchset(call, { baseUrl, address: type, after: plan.after }, { ...page, resources, shown: plan.total });
}

/**
 * `_count` and `_type` shape it. Refused as a whole when the token does not cover all of it: a record with holes that
 * nobody sees is worse than none. `_type` asks for less.
 */
function everything({ store, baseUrl }: Records, call: FhirCall, id: string): Answer {
  const query = new URLSearchParams(call.query);
  const types = query.get('_type')?.split(',');
  query.delete('_type');
  for (const type of types ?? []) resourceType(type);
  if ([...query.keys()].some((name) => !['_count', '_after'].includes(name)))
    throw new FhirError(400, 'not-supported', '$everything takes _count and _type');
  const { count, after } = planSearch('Patient', query);
  if (!allowsResource(call.scopes, 'r', store.read(allowed(call, 'r', 'Patient'), id))) throw forbidden();
  const inRecord = recordOf(store, `Patient/${id}`);
  const matches = (each: Resource) => inRecord(each) && (types?.includes(each.resourceType) ?? true);
  const whole = store.searchAll({ matches, count: Number.POSITIVE_INFINITY, after: 0 });
  if (!whole.resources.every((each) => allowsResource(call.scopes, 'r', each))) throw forbidden();
  const page = store.searchAll({ matches, count, after });
  const resources =
    call.fault === 'wrong_patient' ? page.resources.map((each) => ofSomebodyElse(store, each)) : page.resources;
  const place = { baseUrl, address: `Patient/${id}/$everything`, after };
  return searchset(call, place, { ...page, resources, shown: true });
}

interface PlaceOfPage {
  readonly baseUrl: string;
  /** Behind the base URL. */
  readonly address: string;
  readonly after: number;
}

interface ShownPage extends SearchPage {
  /** Whether the total is said. */
  readonly shown: boolean;
}

function searchset(
  call: FhirCall,
  { baseUrl, address, after }: PlaceOfPage,
  { resources, total, shown, next }: ShownPage,
): Answer {
  return fhirAnswer(200, {
    resourceType: 'Bundle',
    type: 'searchset',
    ...(shown && { total }),
    link: pageLinks(call, { url: `${baseUrl}/${address}`, after, next }),
    ...(resources.length > 0 && {
      entry: resources.map((resource) => ({
        fullUrl: `${baseUrl}/${resource.resourceType}/${resource.id}`,
        resource,
        search: { mode: 'match' },
      })),
    }),
  });
}

function onlyElements(query: URLSearchParams): readonly string[] | undefined {
  if ([...query.keys()].some((name) => name !== '_elements')) {
    throw new FhirError(400, 'not-supported', 'a read takes no parameter but _elements');
  }
  const value = query.get('_elements');
  return value === null ? undefined : elementNames(value);
}

function noSuchPath(): FhirError {
  return new FhirError(404, 'not-found', 'no such path');
}
