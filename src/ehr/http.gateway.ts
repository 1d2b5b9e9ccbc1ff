/** One bounded HTTP exchange with the EHR: no redirects, a byte limit while reading, JSON or nothing. */
import { Refusal } from '../action/refusal.js';

export interface Exchange {
  /** Ends the exchange when the work around it ends. */
  readonly signal: AbortSignal;
  /** Bytes of the decoded answer, so that a compressed bomb counts as what it becomes. */
  readonly maxBytes: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a POST: a form, or a resource as application/fhir+json. Without either the request is a GET. */
  readonly form?: Readonly<Record<string, string>>;
  readonly resource?: unknown;
  /** Milliseconds until the whole answer must be here. */
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly body: unknown;
  /** The JSON that the body was read from: numbers may have lost digits on the way. */
  readonly text: string;
  readonly bytes: number;
}

const patience = 20_000;

/**
 * Nothing is awaited before the request is handed to `fetch`: what the caller judged right before still holds.
 *
 * @throws Refusal `ehr.busy` (429, 503; `details.retryAfter` in seconds), `ehr.unavailable` (other 5xx, timeout, connection
 *   lost), `ehr.unauthorised` (401), `ehr.rejected` (every other status but 200), `ehr.redirect`, `ehr.too_large`,
 *   `ehr.malformed`; `details.status` is the status where one came. The caller's own abort is thrown as it is. None of them
 *   repeats what the EHR said.
 */
export async function fetchJson(url: string, exchange: Exchange): Promise<Answer> {
  const { signal, timeoutMs = patience } = exchange;
  const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const response = await fetch(url, {
      redirect: 'manual', // never followed; `error` would hide which kind of failure it was
      signal: within,
      ...sent(exchange),
    });
    const problem = statusProblem(response);
    if (problem) {
      await response.body?.cancel();
      throw problem;
    }
    return await readJson(response, exchange.maxBytes);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Refusal) throw error;
    if (connectionProblems.has(nameOf(error)))
      throw new Refusal('ehr.unavailable', 'The EHR did not answer in time, or the connection broke.');
    throw error;
  }
}

function sent({ form, resource, headers }: Exchange): RequestInit {
  const accepting = { accept: 'application/fhir+json, application/json', ...headers };
  if (form) return { method: 'POST', headers: accepting, body: new URLSearchParams(form) };
  if (resource === undefined) return { method: 'GET', headers: accepting };
  const typed = { ...accepting, 'content-type': 'application/fhir+json' };
  return { method: 'POST', headers: typed, body: JSON.stringify(resource) };
}

/** What `fetch` throws, or its body's stream: a broken connection is a TypeError, and so is a URL that cannot be. */
const connectionProblems: ReadonlySet<string> = new Set(['AbortError', 'TimeoutError', 'TypeError']);

/** By name, not by class: errors of the platform belong to another realm under some test runners. */
function nameOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'name' in error ? String(error.name) : '';
}

function statusProblem({ status, headers }: Response): Refusal | undefined {
  if (status === 200) return undefined;
  if (status >= 300 && status < 400) return new Refusal('ehr.redirect', 'The EHR sent us elsewhere; we do not go.');
  if (status === 429 || status === 503)
    return new Refusal('ehr.busy', 'The EHR asked us to come back later.', {
      status,
      retryAfter: retryAfterSeconds(headers.get('retry-after')),
    });
  if (status >= 500) return new Refusal('ehr.unavailable', 'The EHR failed to answer.', { status });
  if (status === 401) return new Refusal('ehr.unauthorised', 'The EHR did not accept our token.', { status });
  return new Refusal('ehr.rejected', 'The EHR rejected the request.', { status });
}

/** Delay in seconds (RFC 9110 §10.2.3); a date, which would need a clock, and anything else count as one second. */
function retryAfterSeconds(header: string | null): number {
  return header !== null && /^\d{1,6}$/.test(header.trim()) ? Number(header) : 1;
}

async function readJson(response: Response, maxBytes: number): Promise<Answer> {
  const type = response.headers.get('content-type') ?? '';
  if (!/^application\/(fhir\+)?json(;|$)/i.test(type.trim())) {
    await response.body?.cancel();
    throw new Refusal('ehr.malformed', 'The EHR did not answer in JSON.');
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Refusal('ehr.too_large', 'The EHR’s answer is larger than the warrant allows.');
    chunks.push(chunk);
  }
  return { ...parse(Buffer.concat(chunks)), bytes };
}

function parse(bytes: Uint8Array): Omit<Answer, 'bytes'> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const body: unknown = JSON.parse(text);
    return { body, text };
  } catch {
    throw new Refusal('ehr.malformed', 'The EHR did not answer in JSON.');
  }
}
