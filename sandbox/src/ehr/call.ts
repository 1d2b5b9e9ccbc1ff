/** A FHIR request as the interactions see it, and what they share. */
import { fhirAnswer, type Answer } from './answer.js';
import type { Fault } from './faults.js';
import type { LoggedRequest } from './request-log.js';
import { FhirError, type StoredResource } from './resource.js';
import { allowsType, type Interaction, type Scope } from './scopes.js';
import type { FhirStore } from './store.js';

export interface FhirCall {
  readonly method: string;
  /** Decoded segments behind the base URL. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** Parsed JSON of a create, update or transaction. */
  readonly body: unknown;
  readonly ifMatch: string | undefined;
  readonly ifNoneExist: string | undefined;
  readonly scopes: readonly Scope[];
  /** A switch of faults.ts that changes what is answered. */
  readonly fault: Fault['kind'] | undefined;
  /** Adds to the request log at once, before the answer is on its way. */
  readonly note: (more: Pick<LoggedRequest, 'written' | 'entries'>) => void;
}

export interface Records {
  readonly store: FhirStore;
  /** FHIR base URL, without a slash at its end. */
  readonly baseUrl: string;
}

/** The type, once some scope allows this interaction with it. @throws FhirError 403 */
export function allowed(call: FhirCall, interaction: Interaction, type: string): string {
  if (!allowsType(call.scopes, interaction, type)) throw forbidden();
  return type;
}

export function forbidden(): FhirError {
  return new FhirError(403, 'forbidden', 'the scopes of the token do not cover this');
}

export function resourceAnswer(
  status: number,
  resource: StoredResource,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const lastModified = new Date(resource.meta.lastUpdated).toUTCString();
  return fhirAnswer(status, resource, { etag: etag(resource), 'last-modified': lastModified, ...headers });
}

export function etag({ meta }: StoredResource): string {
  return `W/"${meta.versionId}"`;
}

/** `Type/id/_history/n` */
export function versionedAddress({ resourceType, id, meta }: StoredResource): string {
  return `${resourceType}/${id}/_history/${meta.versionId}`;
}
