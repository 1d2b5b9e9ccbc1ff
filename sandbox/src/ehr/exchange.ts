/** One request and its answer: logged on arrival, met by at most one fault switch, then given to its room. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAddress } from './address.js';
import { fhirAnswer, jsonAnswer, outcomeAnswer, type Answer } from './answer.js';
import { control, controlHeader, controlPrefix, parsedJson } from './control.js';
import { demoPatientsOf } from './demo-patients.js';
import { editIn, type Edit } from './edit.js';
import type { Fault, Faults } from './faults.js';
import { interact } from './interactions.js';
import { capabilityStatement, smartConfiguration } from './metadata.js';
import type { LoggedRequest, RequestLog } from './request-log.js';
import { FhirError } from './resource.js';
import { readBody, send, sendWith } from './sending.js';
import type { FhirStore } from './store.js';
import type { Access, TokenEndpoint } from './token-endpoint.js';

export interface Parts {
  readonly origin: string;
  readonly tokenUrl: string;
  readonly store: FhirStore;
  readonly tokens: TokenEndpoint;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly controlToken: string | undefined;
  readonly clock: () => Date;
}

interface Exchange {
  readonly kind: LoggedRequest['kind'];
  readonly method: string;
  readonly url: URL;
  readonly request: IncomingMessage;
  readonly access: Access | undefined;
  readonly fault: Fault | undefined;
  readonly note: (more: Partial<LoggedRequest>) => void;
}

/** Never rejects: what is no refusal of ours is printed, and answered with 500 where an answer can still be given. */
export async function serve(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', parts.origin);
    const kind = kindOf(url.pathname);
    if (kind) await exchange(parts, request, { kind, url, response });
    else if (url.pathname.startsWith(controlPrefix)) send(response, await controlled(parts, request, url));
    else send(response, outcomeAnswer(404, 'not-found', 'no such path'));
  } catch (error) {
    report(request, error);
    response.destroy();
  }
}

/** A client that went away is no defect. */
function report(request: IncomingMessage, error: unknown): void {
  if (!request.socket.destroyed) console.error(error);
}

function kindOf(path: string): LoggedRequest['kind'] | undefined {
  if (path === '/auth/token') return 'token';
  if (path === '/fhir/metadata' || path === '/fhir/.well-known/smart-configuration') return 'discovery';
  return path === '/fhir' || path.startsWith('/fhir/') ? 'fhir' : undefined;
}

interface Arrived {
  readonly kind: LoggedRequest['kind'];
  readonly url: URL;
  readonly response: ServerResponse;
}

async function exchange(parts: Parts, request: IncomingMessage, { kind, url, response }: Arrived): Promise<void> {
  const method = request.method ?? '';
  const access = parts.tokens.accessOf(request.headers.authorization);
  const requestId = header(request, 'x-request-id');
  const ifMatch = header(request, 'if-match');
  const ifNoneExist = header(request, 'if-none-exist');
  const fault = parts.faults.take(method, url.pathname);
  const note = parts.log.open({
    kind,
    at: parts.clock().toISOString(),
    method,
    path: url.pathname,
    query: url.search.slice(1),
    scopes: [],
    ...(requestId !== undefined && { requestId }),
    ...(ifMatch !== undefined && { ifMatch }),
    ...(ifNoneExist !== undefined && { ifNoneExist }),
    ...(access && facts(access)),
    ...(fault && { fault: fault.kind }),
  });
  const made = await answer(parts, { kind, method, url, request, access, fault, note });
  note({ status: made.status });
  const echoed = requestId === undefined ? made : { ...made, headers: { ...made.headers, 'x-request-id': requestId } };
  await sendWith(fault, response, echoed);
}

async function answer(parts: Parts, now: Exchange): Promise<Answer> {
  const { fault } = now;
  const made = await answerOrRefusal(now, async () => {
    const body = await readBody(now.request);
    await wait(parts, fault, 'before');
    return answerInstead(fault) ?? (await effect(parts, now, body));
  });
  return answerOrRefusal(now, async () => {
    await wait(parts, fault, 'after');
    return fault?.kind === 'fail_after' ? failure(fault) : made;
  });
}

async function answerOrRefusal({ request }: Exchange, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FhirError) return outcomeAnswer(error.status, error.code, error.message);
    report(request, error);
    return outcomeAnswer(500, 'exception', 'internal error');
  }
}

async function wait({ faults }: Parts, fault: Fault | undefined, now: 'before' | 'after'): Promise<void> {
  if ((fault?.kind !== 'delay' && fault?.kind !== 'hold') || (fault.when ?? 'before') !== now) return;
  if (fault.kind === 'delay') await sleep(fault.ms);
  else if (!(await faults.hold())) throw new FhirError(503, 'transient', 'the server is ending');
}

/** Faults that stand in front of the effect, as a proxy before the EHR would. */
function answerInstead(fault: Fault | undefined): Answer | undefined {
  if (fault?.kind === 'redirect') return { status: 307, headers: { location: fault.to } };
  return fault?.kind === 'status' ? failure(fault) : undefined;
}

function failure({
  status,
  retryAfter,
}: {
  readonly status: number;
  readonly retryAfter?: number | undefined;
}): Answer {
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return outcomeAnswer(status, 'transient', 'a fault switch says so', headers);
}

async function effect(parts: Parts, now: Exchange, body: string): Promise<Answer> {
  switch (now.kind) {
    case 'discovery':
      return discovery(parts, now);
    case 'token':
      return token(parts, now, body);
    case 'fhir':
      return fhir(parts, now, body);
  }
}

function discovery({ origin, tokenUrl }: Parts, { method, url }: Exchange): Answer {
  if (method !== 'GET') throw new FhirError(405, 'not-supported', 'this is for reading');
  if (url.pathname === '/fhir/metadata') return fhirAnswer(200, capabilityStatement(`${origin}/fhir`));
  return jsonAnswer(200, smartConfiguration(tokenUrl));
}

async function token({ tokens }: Parts, { method, request, note }: Exchange, body: string): Promise<Answer> {
  if (method !== 'POST' || !isForm(request)) return jsonAnswer(400, { error: 'invalid_request' });
  const issued = await tokens.issue(body);
  if (issued.granted) note(facts(issued.granted));
  return issued.answer;
}

function fhir({ origin, store }: Parts, { method, url, request, access, fault, note }: Exchange, body: string): Answer {
  if (!access) {
    return outcomeAnswer(401, 'login', 'the access token is missing, expired or not ours', {
      'www-authenticate': 'Bearer',
    });
  }
  const query = new URLSearchParams(url.search);
  const form = method === 'POST' && url.pathname.endsWith('/_search');
  if (form) {
    if (!isForm(request)) throw new FhirError(415, 'not-supported', 'a search is sent as a form');
    for (const [name, value] of new URLSearchParams(body)) query.append(name, value);
    note({ query: query.toString() });
  }
  return interact(
    { store, baseUrl: `${origin}/fhir` },
    {
      method,
      path: segments(url.pathname),
      query,
      body: !form && ['POST', 'PUT'].includes(method) ? fhirBody(request, body) : undefined,
      ifMatch: header(request, 'if-match'),
      ifNoneExist: header(request, 'if-none-exist'),
      scopes: access.scopes,
      fault: fault?.kind,
      note,
    },
  );
}

async function controlled(parts: Parts, request: IncomingMessage, url: URL): Promise<Answer> {
  const { faults, log, controlToken, store } = parts;
  const call = {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    token: header(request, controlHeader),
    body: await readBody(request),
  };
  const edit = (reference: string, elements: Edit) => editIn(store, reference, elements);
  const versions = (reference: string) => store.versions(parseAddress(reference));
  const demoPatients = () => demoPatientsOf(store);
  return control({ faults, log, token: controlToken, demoPatients, edit, versions }, call);
}

function facts({ client, scopes }: Access): Pick<LoggedRequest, 'scopes'> & { readonly client: string } {
  return { client, scopes: scopes.map(({ text }) => text) };
}

/** @throws FhirError 400 for a broken escape. */
function segments(path: string): readonly string[] {
  try {
    return path.slice('/fhir/'.length).split('/').map(decodeURIComponent);
  } catch (error) {
    if (error instanceof URIError) throw new FhirError(400, 'invalid', 'the path is not well formed');
    throw error;
  }
}

/** @throws FhirError 415 for another media type, 400 for what is no JSON. */
function fhirBody(request: IncomingMessage, body: string): unknown {
  if (!/^application\/(fhir\+)?json(;|$)/.test(header(request, 'content-type') ?? '')) {
    throw new FhirError(415, 'not-supported', 'a resource is sent as application/fhir+json');
  }
  const parsed = parsedJson(body);
  if (parsed === undefined) throw new FhirError(400, 'structure', 'the body is no JSON');
  return parsed;
}

function isForm(request: IncomingMessage): boolean {
  return /^application\/x-www-form-urlencoded(;|$)/.test(header(request, 'content-type') ?? '');
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
