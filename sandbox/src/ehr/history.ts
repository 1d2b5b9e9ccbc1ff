/** `GET [type]/[id]/_history`: every version of one resource. R4 §3.1.0.12. */
import type { Address } from './address.js';
import { fhirAnswer, type Answer } from './answer.js';
import { allowed, etag, forbidden, type FhirCall, type Records } from './call.js';
import { pageLinks } from './paging.js';
import { FhirError, type StoredResource } from './resource.js';
import { allowsResource } from './scopes.js';
import { planSearch } from './search.js';
import { ofSomebodyElse } from './somebody-else.js';

/** Newest first, in pages of `_count`. A page goes on below a version, so that one written meanwhile moves nothing. */
export function instanceHistory({ store, baseUrl }: Records, call: FhirCall, { type, id }: Address): Answer {
  if ([...call.query.keys()].some((name) => !['_count', '_after'].includes(name)))
    throw new FhirError(400, 'not-supported', 'history takes no parameter but _count');
  const { count, after } = planSearch(type, call.query);
  const versions = store.versions({ type: allowed(call, 'r', type), id }).toReversed();
  if (!versions.every((version) => allowsResource(call.scopes, 'r', version))) throw forbidden();
  const rest = versions.filter((version) => after < 1 || numberOf(version) < after);
  const page = rest.slice(0, count);
  const last = page.at(-1);
  const next = last && rest.length > page.length ? numberOf(last) : undefined;
  const shown = call.fault === 'wrong_patient' ? page.map((version) => ofSomebodyElse(store, version)) : page;
  return fhirAnswer(200, {
    resourceType: 'Bundle',
    type: 'history',
    total: versions.length,
    link: pageLinks(call, { url: `${baseUrl}/${type}/${id}/_history`, after, next }),
    entry: shown.map((version) => historyEntry(baseUrl, version)),
  });
}

/** `request` is what made the version, as this server alone takes writes: a POST the first one, a PUT every other. */
function historyEntry(baseUrl: string, resource: StoredResource) {
  const address = `${resource.resourceType}/${resource.id}`;
  const first = numberOf(resource) === 1;
  return {
    fullUrl: `${baseUrl}/${address}`,
    resource,
    request: first ? { method: 'POST', url: resource.resourceType } : { method: 'PUT', url: address },
    response: { status: first ? '201' : '200', etag: etag(resource), lastModified: resource.meta.lastUpdated },
  };
}

function numberOf({ meta }: StoredResource): number {
  return Number(meta.versionId);
}
