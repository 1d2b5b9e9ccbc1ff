/** The only code that asks the EHR for data. It sends what a checked call says, and nothing else can be said to it. */
import { Refusal } from '../action/refusal.js';
import type { EhrCall } from '../warrant/check.js';
import { readBundle, type Page } from './bundle.js';
import { fetchJson } from './http.gateway.js';
import type { AccessTokens } from './smart.gateway.js';

export interface FhirGateway {
  /** FHIR base URL, without a slash at the end: the location of every warrant that this gateway serves. */
  readonly base: string;
  /** One page of a search that the warrant's check let pass. */
  search(call: EhrCall, request: PageRequest): Promise<FetchedPage>;
}

interface PageRequest {
  readonly scopes: readonly string[];
  /** Fields to ask for; the answer is projected all the same. */
  readonly fields: readonly string[];
  /** Where an earlier page of the same search pointed; undefined for the first. */
  readonly page: string | undefined;
  /** `x-request-id`: action id and attempt, so that the EHR's own log leads back to ours. */
  readonly requestId: string;
  readonly signal: AbortSignal;
}

export interface FetchedPage extends Page {
  readonly bytes: number;
}

export function fhirGateway({ base, tokens }: { readonly base: string; readonly tokens: AccessTokens }): FhirGateway {
  return {
    base,
    async search(call, { scopes, fields, page, requestId, signal }) {
      if (call.location !== base) throw new Refusal('warrant.other_location', 'This gateway serves another EHR.');
      const url = page ?? searchUrl(call, fields);
      const ask = async () => {
        const authorization = `Bearer ${await tokens.token(scopes, signal)}`;
        const headers = { authorization, 'x-request-id': requestId, prefer: 'handling=strict' };
        return fetchJson(url, { signal, maxBytes: call.bytes, headers });
      };
      const { body, bytes } = await ask().catch((error: unknown) => {
        if (!(error instanceof Refusal) || error.code !== 'ehr.unauthorised') throw error;
        tokens.forget(scopes); // it may have been withdrawn before its time: one new one, then no
        return ask();
      });
      return { ...readBundle(body, { base, type: call.type }), bytes };
    },
  };
}

/** `_elements` takes top-level names only (FHIR R4 §3.1.1.5.9). */
function searchUrl({ location, type, args, count }: EhrCall, fields: readonly string[]): string {
  const elements = [...new Set(fields.map((field) => field.split('.')[0] ?? field))];
  const query = new URLSearchParams({ ...args, _count: String(count), _elements: elements.join(',') });
  return `${location}/${type}?${query.toString()}`;
}
