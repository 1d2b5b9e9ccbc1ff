/** What holds for every call: an id, headers, limits, a line in the log, and who is calling. */
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { routePath } from 'hono/route';
import type { Logger } from '../config/log.js';
import { answerProblem, type ApiEnv } from './answer.js';
import type { Caller } from './caller.js';
import { ApiProblem, apiProblem } from './problem.js';

const headers = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
};

/** The id is ours and never the caller's, so that what is logged under it cannot be chosen. */
export function identified(
  log: Logger,
  answer: (error: unknown, c: Context<ApiEnv>) => Response,
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const requestId = globalThis.crypto.randomUUID();
    const began = performance.now();
    c.set('requestId', requestId);
    try {
      await next();
    } catch (error) {
      c.res = answer(error, c); // the framework hands on what was thrown and is no Error of its own realm
    }
    for (const [name, value] of Object.entries(headers)) if (!c.res.headers.has(name)) c.res.headers.set(name, value); // a page says for itself what it may load
    c.res.headers.set('x-request-id', requestId);
    // The route's pattern and never its path: whoever mistypes an address may type anything.
    const facts = { requestId, method: c.req.method, route: routePath(c, -1), status: c.res.status };
    log.debug({ ...facts, ms: Math.round(performance.now() - began) }, 'call');
  };
}

const largestBody = 64 * 1024;
/** Of a rulebook that is proposed. */
const largestRulebook = 1024 * 1024;

/** A body is JSON of at most 64 kB, a rulebook of 1 MB, or there is none. */
export function boundedJson(): MiddlewareHandler<ApiEnv> {
  const onError = (c: Context) => answerProblem(c, apiProblem('request.too_large'));
  const usual = bodyLimit({ maxSize: largestBody, onError });
  const rulebook = bodyLimit({ maxSize: largestRulebook, onError });
  return async (c, next) => {
    const { headers: sent } = c.req.raw;
    const hasBody = sent.has('transfer-encoding') || Number(sent.get('content-length') ?? 0) > 0;
    if (!hasBody) return next();
    if (!/^application\/json(\s*;.*)?$/i.test(sent.get('content-type') ?? ''))
      throw new ApiProblem('request.media_type');
    // One without a length is counted as it is read, through a copy that only a request of the platform itself allows.
    if (sent.has('transfer-encoding')) c.req.raw = platformRequest(c.req.raw);
    const limited = c.req.path === '/v1/rulebooks' ? rulebook : usual;
    return limited(c, async () => {
      if (!isUnicode(await c.req.arrayBuffer()))
        throw new ApiProblem('request.invalid', { pointers: ['/: not_unicode'] });
      await next();
    });
  };
}

/** Half a character has no UTF-8, so two parties could not bind the same bytes (RFC 8785 §3.2.2.2). */
function isUnicode(body: ArrayBuffer): boolean {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return false;
  }
  let whole = true;
  const look = (name: string, value: unknown) => {
    if (/\p{Cs}/u.test(name) || (typeof value === 'string' && /\p{Cs}/u.test(value))) whole = false;
    return value;
  };
  try {
    JSON.parse(text, look);
  } catch {
    return true; // no JSON, which whoever reads it says
  }
  return whole;
}

function platformRequest({ url, method, headers, body }: Request): Request {
  return new Request(url, { method, headers, body, duplex: 'half' });
}

export function authenticated(
  authenticate: (authorization: string | undefined) => Promise<Caller>,
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    c.set('caller', await authenticate(c.req.header('authorization')));
    await next();
  };
}
