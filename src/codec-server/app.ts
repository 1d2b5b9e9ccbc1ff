/** The codec server's routes: sign-in for operators, and decoding for the Temporal UI of a signed-in one. */
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { Refusal } from '../action/refusal.js';
import { errorFacts, type Logger } from '../config/log.js';
import type { Addresses } from './addresses.js';
import type { Decode } from './decode.js';
import type { Operators } from './operators.js';
import { pageHeaders, refusedPage, signedInPage, signedOutPage } from './pages.js';
import { jsonOf, maxBody, payloadsOf } from './payloads.js';
import { pendingLife, type PendingSignIns } from './pending.js';
import type { Sessions } from './sessions.js';
import type { SignIn } from './sign-in.gateway.js';

export interface CodecAppDeps {
  readonly addresses: Addresses;
  readonly signIn: SignIn;
  readonly pending: PendingSignIns;
  readonly sessions: Sessions;
  readonly operators: Operators;
  readonly decode: Decode;
  readonly log: Logger;
}

export function codecApp(deps: CodecAppDeps): Hono {
  const { addresses, log } = deps;
  const app = new Hono();

  app.use(async (c, next) => {
    // A host name that is not ours is another site that resolves to us (DNS rebinding), or a cookie that would not fit.
    if (c.req.header('host') !== addresses.codec.host)
      return problem(c, 421, 'wrong_host', `This is ${addresses.codec.origin}; open that address.`);
    await next();
    c.header('cache-control', 'no-store');
    c.header('x-content-type-options', 'nosniff');
  });
  addSignIn(app, deps);
  addDecode(app, deps);
  app.notFound((c) => problem(c, 404, 'not_found', 'This server decodes for reading and does nothing else.'));
  app.onError((error, c) => {
    log.error({ error: errorFacts(error) }, 'request failed');
    return problem(c, 500, 'internal', 'Something broke on our side; look at the log of the codec server.');
  });
  return app;
}

function addSignIn(app: Hono, { addresses, signIn, pending, sessions, operators, log }: CodecAppDeps): void {
  const { codec, ui, cookie } = addresses;
  const pendingCookie = cookie.secure ? '__Host-countersign_sign_in' : 'countersign_sign_in';
  const shared = { path: '/', httpOnly: true, secure: cookie.secure } as const;

  app.get('/', async (c) => {
    const operator = sessions.use(getCookie(c, cookie.name));
    const person = operator && (await operators.current(operator));
    return c.html(person ? signedInPage(person.displayName, ui.origin) : signedOutPage(ui.origin), 200, pageHeaders);
  });

  app.get('/sign-in', async (c) => {
    try {
      const { url, pending: begun } = await signIn.begin();
      // Lax: the provider is another site, and a strict cookie would not come back from there.
      const life = { maxAge: pendingLife / 1_000, sameSite: 'Lax' } as const;
      setCookie(c, pendingCookie, pending.put(begun), { ...shared, ...life });
      return c.redirect(url.href, 303);
    } catch (error) {
      return refused(c, error);
    }
  });

  app.get('/callback', async (c) => {
    const begun = pending.take(getCookie(c, pendingCookie));
    deleteCookie(c, pendingCookie, shared);
    if (!begun) return c.html(refusedPage('This sign-in ran out, or began in another browser.'), 400, pageHeaders);
    try {
      const arrived = new URL(c.req.url);
      const person = await operators.admit(await signIn.finish(new URL(`/callback${arrived.search}`, codec), begun));
      setCookie(c, cookie.name, sessions.open(person.person), { ...shared, sameSite: 'Strict' });
      log.info({ operator: person.person }, 'operator signed in');
      // A page and no redirect: a browser that comes from the provider's site would not send a strict cookie along.
      return c.html(signedInPage(person.displayName, ui.origin), 200, pageHeaders);
    } catch (error) {
      return refused(c, error);
    }
  });

  app.post('/sign-out', (c) => {
    if (c.req.header('origin') !== codec.origin) return problem(c, 403, 'wrong_origin', `Sign out at ${codec.origin}.`);
    const token = getCookie(c, cookie.name);
    if (token !== undefined) sessions.close(token);
    deleteCookie(c, cookie.name, shared);
    return c.redirect('/', 303);
  });

  function refused(c: Context, error: unknown): Response | Promise<Response> {
    if (!(error instanceof Refusal)) throw error;
    log.warn({ code: error.code }, 'sign-in refused');
    const status = error.code === 'identity.unreachable' ? 503 : 403;
    return c.html(refusedPage(error.message), status, pageHeaders);
  }
}

function addDecode(app: Hono, { addresses, sessions, decode }: CodecAppDeps): void {
  const { codec, ui, cookie } = addresses;

  app.use('/decode', async (c, next) => {
    // No origin, no decoding: a page of another site or port must not even leave a leaf in an operator's name.
    if (c.req.header('origin') !== ui.origin)
      return problem(c, 403, 'wrong_origin', `Only the Temporal UI at ${ui.origin} may ask.`);
    c.header('access-control-allow-origin', ui.origin);
    c.header('access-control-allow-credentials', 'true');
    c.header('vary', 'origin');
    await next();
  });

  app.options('/decode', (c) => {
    c.header('access-control-allow-methods', 'POST');
    c.header('access-control-allow-headers', 'content-type, x-namespace');
    c.header('access-control-max-age', '600');
    return c.body(null, 204);
  });

  app.post(
    '/decode',
    bodyLimit({ maxSize: maxBody, onError: (c) => problem(c, 413, 'too_large', 'That is too much for one request.') }),
    async (c) => {
      const operator = sessions.use(getCookie(c, cookie.name));
      if (!operator) return signInFirst(c);
      const payloads = payloadsOf(await c.req.json().catch(() => undefined));
      if (!payloads) return problem(c, 400, 'malformed', 'Expected payloads as JSON, some hundred at most.');
      const decoded = await decode(operator, payloads);
      if (decoded.status === 'not_operator') return signInFirst(c);
      if (decoded.status === 'no_key')
        return problem(c, 503, 'no_key', 'This tenant has no key yet: start the API first.');
      return c.json(jsonOf(decoded.payloads));
    },
  );

  const signInFirst = (c: Context): Response =>
    problem(c, 401, 'sign_in', `Sign in as an operator at ${codec.origin}/sign-in to see this.`);
}

/** RFC 9457, with nothing of the request in it. */
function problem(c: Context, status: 400 | 401 | 403 | 404 | 413 | 421 | 500 | 503, code: string, title: string) {
  return c.json({ type: 'about:blank', status, code, title }, status, { 'content-type': 'application/problem+json' });
}
