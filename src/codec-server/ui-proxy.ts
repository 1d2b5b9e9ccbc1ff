/**
 * Stands before the Temporal UI: points it at our codec server and keeps writes for signed-in operators. What the UI
 * shows to everybody else are search attributes and ciphertext.
 */
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { parse as parseCookies } from 'hono/utils/cookie';
import { z } from 'zod';
import type { PersonId } from '../action/ids.js';
import { errorFacts, type Logger } from '../config/log.js';
import type { Addresses } from './addresses.js';
import type { Operators } from './operators.js';
import type { Sessions } from './sessions.js';

export interface UiProxyDeps {
  readonly addresses: Addresses;
  /** The Temporal UI itself. */
  readonly upstream: URL;
  readonly sessions: Sessions;
  readonly operators: Pick<Operators, 'current'>;
  readonly log: Logger;
}

/** Bytes; the settings are a few hundred. */
const maxSettings = 65_536;
const settingsPath = '/api/v1/settings';
const signInPath = '/countersign/sign-in';

/** The one POST that reads: the UI asks a workflow for its current details, which come back encrypted. */
const metadataQuery = /^\/api\/v1\/namespaces\/[^/]+\/workflows\/[^/]+\/query\/__temporal_workflow_metadata$/;

/** Of one connection and not of the message (RFC 9110 §7.6.1). */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** A server that is not listening yet. */
export function uiProxy(deps: UiProxyDeps): Server {
  return createServer((request, response) => {
    handle(deps, request, response).catch((error: unknown) => {
      // The browser went away, or the UI did: whichever, there is nobody to explain it to once headers are out.
      deps.log.debug({ error: errorFacts(error) }, 'proxied request ended early');
      if (response.headersSent) response.destroy();
      else answer(response, 502, 'The Temporal UI does not answer; is it running?');
    });
  });
}

async function handle(deps: UiProxyDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { addresses, log } = deps;
  if (request.headers.host !== addresses.ui.host)
    return answer(response, 421, `This is the Temporal UI at ${addresses.ui.origin}; open that address.`);
  const target = targetOf(request, addresses.ui);
  if (!target) return answer(response, 400, 'That is no address of the Temporal UI.');
  const { pathname } = target;
  if (pathname === signInPath) {
    response.writeHead(303, { location: new URL('/sign-in', addresses.codec).href, 'cache-control': 'no-store' }).end();
    return;
  }
  if (pathname === settingsPath) return sendSettings(deps, request, response);
  if (request.method !== 'GET' && request.method !== 'HEAD' && !isRead(request, pathname)) {
    if (request.headers.origin !== addresses.ui.origin)
      return answer(response, 403, 'Writes come from this page only.');
    const operator = await operatorOf(deps, request);
    if (!operator) return answer(response, 401, `Sign in as an operator at ${addresses.ui.origin}${signInPath} first.`);
    log.info({ operator, method: request.method }, 'operator writes through the Temporal UI');
  }
  const upstream = await forward(deps, request, target);
  response.writeHead(upstream.statusCode ?? 502, endToEnd(upstream.headers));
  await pipeline(upstream, response);
}

function isRead({ method }: IncomingMessage, pathname: string): boolean {
  return method === 'POST' && metadataQuery.test(pathname);
}

async function operatorOf(
  { addresses, sessions, operators }: UiProxyDeps,
  { headers }: IncomingMessage,
): Promise<PersonId | undefined> {
  const { name } = addresses.cookie;
  const operator = sessions.use(parseCookies(headers.cookie ?? '', name)[name]);
  return operator && (await operators.current(operator))?.person;
}

const settingsSchema = z.looseObject({ Codec: z.looseObject({}) });

/** The UI's own settings, with our codec server in them, and buttons only for those whom we let write. */
async function sendSettings(deps: UiProxyDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { addresses } = deps;
  const upstream = await forward(deps, request, new URL(settingsPath, addresses.ui));
  const settings = settingsSchema.parse(JSON.parse(await textOf(upstream, maxSettings)));
  const Codec = {
    ...settings.Codec,
    Endpoint: addresses.codec.origin,
    IncludeCredentials: true,
    PassAccessToken: false,
    DefaultErrorMessage: 'Sign in as an operator to see details.',
    DefaultErrorLink: `${addresses.ui.origin}${signInPath}`,
  };
  const mayWrite = (await operatorOf(deps, request)) !== undefined;
  const DisableWriteActions = settings['DisableWriteActions'] === true || !mayWrite;
  const { 'content-length': _, ...headers } = endToEnd(upstream.headers);
  response.writeHead(upstream.statusCode ?? 502, { ...headers, 'cache-control': 'no-store' });
  response.end(JSON.stringify({ ...settings, DisableWriteActions, Codec }));
}

/** What is asked for, normalised once: the path that is judged is the path that is sent on. */
function targetOf({ url }: IncomingMessage, ui: URL): URL | undefined {
  const target = url?.startsWith('/') && URL.canParse(url, ui.origin) ? new URL(url, ui) : undefined;
  return target?.origin === ui.origin ? target : undefined;
}

/** Sends the request on, without the operator's cookie: the UI has no use for it. */
function forward(
  { addresses, upstream }: UiProxyDeps,
  request: IncomingMessage,
  { pathname, search }: URL,
): Promise<IncomingMessage> {
  const { cookie, ...headers } = endToEnd(request.headers);
  const others = othersOf(typeof cookie === 'string' ? cookie : '', addresses.cookie.name);
  const send = upstream.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = send(
      {
        protocol: upstream.protocol,
        hostname: upstream.hostname,
        port: upstream.port,
        method: request.method,
        path: pathname + search,
        headers: { ...headers, host: upstream.host, 'accept-encoding': 'identity', ...(others && { cookie: others }) },
      },
      resolve,
    );
    outgoing.once('error', reject);
    request.once('error', (error) => outgoing.destroy(error));
    request.once('close', () => request.complete || outgoing.destroy());
    request.pipe(outgoing);
  });
}

function othersOf(cookies: string, ours: string): string {
  return cookies
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '' && pair.split('=')[0] !== ours)
    .join('; ');
}

function endToEnd(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
}

async function textOf(message: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > limit) throw new RangeError('larger than it can be');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString();
}

function answer(response: ServerResponse, status: number, sentence: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify({ status, message: sentence }));
}
