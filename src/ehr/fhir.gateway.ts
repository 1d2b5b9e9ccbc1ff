/** The only code that asks the EHR for data, or sends it any. It sends what a checked call says, and nothing else can be said to it. */
import { Refusal } from '../action/refusal.js';
import type { EhrCall } from '../warrant/check.js';
import { scopesOf, type TargetCall } from '../warrant/check-target.js';
import { readBundle, resourceSchema, type Page, type Resource } from './bundle.js';
import { keepsNumbers } from './faithful.js';
import { fetchJson, type Answer } from './http.gateway.js';
import type { AccessTokens } from './smart.gateway.js';
import { readVersions } from './versions.js';

export interface FhirGateway {
  /** FHIR base URL, without a slash at the end: the location of every warrant that this gateway serves. */
  readonly base: string;
  /** One page of a search that the warrant's check let pass. */
  search(call: EhrCall, request: PageRequest): Promise<FetchedPage>;
  /**
   * One resource, whole, as it is now or was in one version; not yet believed to be that one. It is what a write rests on:
   * one that cannot be given back with the numbers that it has is refused as `ehr.malformed`.
   */
  read(call: CallOf<'read' | 'vread'>, request: TargetRequest): Promise<FetchedResource>;
  /** One page of the versions of a resource, newest first. */
  history(call: CallOf<'history'>, request: TargetRequest & Pick<PageRequest, 'page'>): Promise<FetchedPage>;
  /** Sends the one transaction that a write is. What its answer means is not judged here. */
  transact(call: CallOf<'update'>, transaction: unknown, request: SendRequest): Promise<Answer>;
}

type CallOf<Interaction extends TargetCall['interaction']> = Extract<TargetCall, { interaction: Interaction }>;

interface TargetRequest {
  /** `x-request-id`: action id and attempt, so that the EHR's own log leads back to ours. */
  readonly requestId: string;
  readonly signal: AbortSignal;
}

interface PageRequest extends TargetRequest {
  readonly scopes: readonly string[];
  /** Fields to ask for; the answer is projected all the same. */
  readonly fields: readonly string[];
  /** Where an earlier page of the same search pointed; undefined for the first. */
  readonly page: string | undefined;
}

interface SendRequest extends TargetRequest {
  /** Ends the wait for an access token. Once the request has left, nothing but its time ends it. */
  readonly signal: AbortSignal;
  /** Asked before each request leaves: may it? Throws where it may not. */
  readonly mayLeave: () => Promise<void>;
  /** Called as the last thing before a request leaves: milliseconds until its answer must be here. Throws when it is too late. */
  readonly timeLeft: () => number;
}

export interface FetchedPage extends Page {
  readonly bytes: number;
}

export interface FetchedResource {
  readonly resource: Resource;
  readonly bytes: number;
}

export function fhirGateway({ base, tokens }: { readonly base: string; readonly tokens: AccessTokens }): FhirGateway {
  /** A token may have been withdrawn before its time: one new one, then no. */
  async function withToken(
    scopes: readonly string[],
    signal: AbortSignal,
    ask: (authorization: string) => Promise<Answer>,
  ): Promise<Answer> {
    const once = async () => ask(`Bearer ${await tokens.token(scopes, signal)}`);
    return once().catch((error: unknown) => {
      if (!(error instanceof Refusal) || error.code !== 'ehr.unauthorised') throw error;
      tokens.forget(scopes);
      return once();
    });
  }

  const get = (url: string, call: TargetCall, { requestId, signal }: TargetRequest): Promise<Answer> =>
    withToken(scopesOf(call), signal, (authorization) =>
      fetchJson(url, { signal, maxBytes: call.bytes, headers: { authorization, 'x-request-id': requestId } }),
    );

  return {
    base,
    async search(call, { scopes, fields, page, requestId, signal }) {
      serves(base, call);
      const url = page ?? searchUrl(call, fields);
      const { body, bytes } = await withToken(scopes, signal, (authorization) => {
        const headers = { authorization, 'x-request-id': requestId, prefer: 'handling=strict' };
        return fetchJson(url, { signal, maxBytes: call.bytes, headers });
      });
      return { ...readBundle(body, { base, type: call.type }), bytes };
    },

    async read(call, request) {
      serves(base, call);
      const version = call.interaction === 'vread' ? `/_history/${call.version}` : '';
      const { body, text, bytes } = await get(`${base}/${call.type}/${call.id}${version}`, call, request);
      if (!keepsNumbers(text)) throw new Refusal('ehr.malformed', 'The EHR gave a number that cannot be given back.');
      const resource = resourceSchema.safeParse(body);
      if (!resource.success) throw new Refusal('ehr.malformed', 'The EHR did not answer with a resource.');
      return { resource: resource.data, bytes };
    },

    async history(call, { page, ...request }) {
      serves(base, call);
      const { body, bytes } = await get(page ?? `${base}/${call.type}/${call.id}/_history`, call, request);
      return { ...readVersions(body, base), bytes };
    },

    async transact(call, transaction, { requestId, signal, mayLeave, timeLeft }) {
      serves(base, call);
      return withToken(scopesOf(call), signal, async (authorization) => {
        await mayLeave();
        return fetchJson(base, {
          resource: transaction,
          signal: new AbortController().signal, // nobody's: whoever gives up waiting does not take it back
          maxBytes: call.bytes,
          headers: { authorization, 'x-request-id': requestId, prefer: 'return=minimal' },
          timeoutMs: timeLeft(),
        });
      });
    },
  };
}

function serves(base: string, { location }: Pick<EhrCall, 'location'>): void {
  if (location !== base) throw new Refusal('warrant.other_location', 'This gateway serves another EHR.');
}

/** `_elements` takes top-level names only (FHIR R4 §3.1.1.5.9). */
function searchUrl({ location, type, args, count }: EhrCall, fields: readonly string[]): string {
  const elements = [...new Set(fields.map((field) => field.split('.')[0] ?? field))];
  const query = new URLSearchParams({ ...args, _count: String(count), _elements: elements.join(',') });
  return `${location}/${type}?${query.toString()}`;
}
