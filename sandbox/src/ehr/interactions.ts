/** The FHIR interactions: read, vread, history, search, create, update. R4 §3.1. */
import { fhirAnswer, type Answer } from './answer.js';
import { subset } from './elements.js';
import type { Fault } from './faults.js';
import { FhirError, parseWritten, patientOf, type StoredResource } from './resource.js';
import { allowsResource, allowsSearch, allowsType, type Interaction, type Scope } from './scopes.js';
import { elementNames, planSearch, resourceType } from './search.js';
import type { FhirStore } from './store.js';

export interface FhirCall {
  readonly method: string;
  /** Decoded segments behind the base URL. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** Parsed JSON of a create or update. */
  readonly body: unknown;
  readonly ifMatch: string | undefined;
  readonly ifNoneExist: string | undefined;
  readonly scopes: readonly Scope[];
  /** A switch of faults.ts that changes what is answered. */
  readonly fault: Fault['kind'] | undefined;
}

export interface Records {
  readonly store: FhirStore;
  /** FHIR base URL, without a slash at its end. */
  readonly baseUrl: string;
}

/** @throws FhirError for every refusal. */
export function interact(records: Records, call: FhirCall): Answer {
  const [type = '', id, history, versionId, ...more] = call.path;
  resourceType(type);
  if (more.length > 0 || (history !== undefined && history !== '_history')) throw noSuchPath();
  if (call.method === 'GET') {
    if (id === undefined) return search(records, call, type);
    if (versionId !== undefined)
      return read(records, call, records.store.vread(allowed(call, 'r', type), id, versionId));
    if (history !== undefined) return instanceHistory(records, call, { type, id });
    return read(records, call, records.store.read(allowed(call, 'r', type), id));
  }
  if (history !== undefined) throw noSuchPath();
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

function instanceHistory(
  { store, baseUrl }: Records,
  call: FhirCall,
  { type, id }: { readonly type: string; readonly id: string },
): Answer {
  if ([...call.query].length > 0) throw new FhirError(400, 'not-supported', 'history takes no parameters');
  const versions = store.history(allowed(call, 'r', type), id);
  if (!versions.every((version) => allowsResource(call.scopes, 'r', version))) throw forbidden();
  return fhirAnswer(200, {
    resourceType: 'Bundle',
    type: 'history',
    total: versions.length,
    entry: versions.map((resource) => ({
      fullUrl: `${baseUrl}/${type}/${id}`,
      resource,
      request:
        resource.meta.versionId === '1' ? { method: 'POST', url: type } : { method: 'PUT', url: `${type}/${id}` },
      response: {
        status: resource.meta.versionId === '1' ? '201' : '200',
        etag: etag(resource),
        lastModified: resource.meta.lastUpdated,
      },
    })),
  });
}

function search({ store, baseUrl }: Records, call: FhirCall, type: string): Answer {
  const plan = planSearch(type, call.query);
  if (!allowsSearch(call.scopes, type, call.query)) throw forbidden();
  const page = store.search(type, plan);
  const shown =
    call.fault === 'wrong_patient' ? page.resources.map((each) => ofSomebodyElse(store, each)) : page.resources;
  const { elements } = plan;
  const resources = elements && call.fault !== 'ignore_elements' ? shown.map((each) => subset(each, elements)) : shown;
  // Every place below 1 is the first page, so that an endless server never gives the same link twice.
  const next = call.fault === 'endless_paging' ? Math.min(plan.after, 0) - 1 : page.next;
  return fhirAnswer(200, {
    resourceType: 'Bundle',
    type: 'searchset',
    ...(plan.total && { total: page.total }),
    link: [
      { relation: 'self', url: pageUrl(`${baseUrl}/${type}`, call.query) },
      ...(next === undefined ? [] : [{ relation: 'next', url: pageUrl(`${baseUrl}/${type}`, call.query, next) }]),
    ],
    ...(resources.length > 0 && {
      entry: resources.map((resource) => ({
        fullUrl: `${baseUrl}/${type}/${resource.id}`,
        resource,
        search: { mode: 'match' },
      })),
    }),
  });
}

function create({ store, baseUrl }: Records, call: FhirCall, type: string): Answer {
  noParameters(call.query);
  const written = parseWritten(allowed(call, 'c', type), call.body);
  if (!allowsResource(call.scopes, 'c', { ...written, id: 'new' })) throw forbidden();
  const condition =
    call.ifNoneExist === undefined ? undefined : new URLSearchParams(call.ifNoneExist.replace(/^\?/, ''));
  if (condition?.size === 0) throw new FhirError(400, 'invalid', 'If-None-Exist names nothing');
  const { created, resource } = store.create(written, condition);
  if (!created && !allowsResource(call.scopes, 'c', resource)) throw forbidden();
  const location = `${baseUrl}/${type}/${resource.id}/_history/${resource.meta.versionId}`;
  return resourceAnswer(created ? 201 : 200, resource, { location });
}

function update(
  { store }: Records,
  call: FhirCall,
  { type, id }: { readonly type: string; readonly id: string },
): Answer {
  noParameters(call.query);
  const written = parseWritten(allowed(call, 'u', type), call.body);
  const versionId = call.ifMatch === undefined ? undefined : versionOf(call.ifMatch);
  if (!allowsResource(call.scopes, 'u', { ...written, id })) throw forbidden();
  if (store.has(type, id) && !allowsResource(call.scopes, 'u', store.read(type, id))) throw forbidden();
  return resourceAnswer(200, store.update(id, written, versionId));
}

/** The type, once some scope allows this interaction with it. */
function allowed(call: FhirCall, interaction: Interaction, type: string): string {
  if (!allowsType(call.scopes, interaction, type)) throw forbidden();
  return type;
}

/** A record of the same kind from somebody else's chart; the very same where there is none. */
function ofSomebodyElse(store: FhirStore, resource: StoredResource): StoredResource {
  const patient = patientOf(resource);
  if (patient === undefined) return resource;
  const everybody = planSearch(resource.resourceType, new URLSearchParams());
  const { resources } = store.search(resource.resourceType, { ...everybody, count: Number.POSITIVE_INFINITY });
  return resources.find((each) => patientOf(each) !== patient) ?? resource;
}

function onlyElements(query: URLSearchParams): readonly string[] | undefined {
  if ([...query.keys()].some((name) => name !== '_elements')) {
    throw new FhirError(400, 'not-supported', 'a read takes no parameter but _elements');
  }
  const value = query.get('_elements');
  return value === null ? undefined : elementNames(value);
}

function noParameters(query: URLSearchParams): void {
  if (query.size > 0) throw new FhirError(400, 'not-supported', 'a write takes no parameters');
}

/** @throws FhirError 400 for what is no single ETag: taken as absent it would allow every update. */
function versionOf(ifMatch: string): string {
  const [, version] = /^(?:W\/)?"([^"]+)"$/.exec(ifMatch) ?? [];
  if (version === undefined) throw new FhirError(400, 'invalid', 'If-Match is no ETag');
  return version;
}

function pageUrl(url: string, query: URLSearchParams, after?: number): string {
  const page = new URLSearchParams(query);
  if (after !== undefined) page.set('_after', String(after));
  return page.size === 0 ? url : `${url}?${page}`;
}

function resourceAnswer(
  status: number,
  resource: StoredResource,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const lastModified = new Date(resource.meta.lastUpdated).toUTCString();
  return fhirAnswer(status, resource, { etag: etag(resource), 'last-modified': lastModified, ...headers });
}

function etag({ meta }: StoredResource): string {
  return `W/"${meta.versionId}"`;
}

function noSuchPath(): FhirError {
  return new FhirError(404, 'not-found', 'no such path');
}

function forbidden(): FhirError {
  return new FhirError(403, 'forbidden', 'the scopes of the token do not cover this');
}
