/**
 * Sign-in at the person's identity provider: code flow with PKCE of a public client (RFC 9700 §2.1.1). Tokens stay in
 * memory and are gone with the page; only what the way back needs waits in the tab's own store.
 */
import { answerOf } from './api.js';
import { base64url, randomText, sha256, unbase64, utf8 } from './bytes.js';
import { Failure } from './failure.js';
import { isObject, objectOf, parseJson, textAt, type JsonObject } from './json.js';

/** What the page must know of its place; the API tells. */
export interface Config {
  readonly issuer: string;
  readonly clientId: string;
  /** Base address of the API: the audience of its access tokens (RFC 8707). */
  readonly api: string;
}

export interface SignedIn {
  /** Whom the identity provider names. */
  readonly subject: string;
  readonly accessToken: string;
  /** Its nonce is the one that was asked for. */
  readonly idToken: string;
  /** What the page wanted to go on with; null when it was the sign-in alone. */
  readonly errand: JsonObject | null;
}

/** Asks for both factors. Providers that name it otherwise ignore it; whether a sign-in was strong is judged elsewhere. */
const bothFactors = 'urn:countersign:acr:mfa';
/** The page on which rules are signed needs one more than the others. */
const more = location.pathname.endsWith('/rulebook') ? ' rulebook:change' : '';
const scope = `openid approvals:read approvals:vote actions:read${more}`;

/** One sign-in at a time: the later one takes the place of the earlier. */
const place = 'countersign.sign-in';

/** Leaves for the provider's page, which may know the person already and ask nothing. */
export async function signIn(config: Config): Promise<void> {
  await leave(config, { nonce: randomText(16), errand: null, parameters: {} });
}

/** Leaves for a fresh, strong sign-in whose ID token holds this nonce; `errand` is what goes on after it. */
export async function signInFreshly(config: Config, nonce: string, errand: JsonObject): Promise<void> {
  await leave(config, {
    nonce,
    errand,
    parameters: { prompt: 'login', max_age: '0', acr_values: bothFactors },
  });
}

/** Ends the session at the provider too, where it offers that; the page's own tokens go with the page. */
export async function signOut(config: Config): Promise<void> {
  const { end_session_endpoint: end } = await discovered(config);
  if (typeof end !== 'string') return location.reload();
  const address = new URL(end);
  address.searchParams.set('client_id', config.clientId);
  location.assign(address);
}

interface Leaving {
  readonly nonce: string;
  readonly errand: JsonObject | null;
  readonly parameters: Readonly<Record<string, string>>;
}

async function leave(config: Config, { nonce, errand, parameters }: Leaving): Promise<void> {
  const state = randomText(16);
  const verifier = randomText(32);
  const address = new URL(textAt(await discovered(config), 'authorization_endpoint'));
  const asked = {
    response_type: 'code',
    client_id: config.clientId,
    redirect_uri: redirectUri(),
    scope,
    resource: config.api,
    state,
    nonce,
    code_challenge: base64url(await sha256(utf8(verifier))),
    code_challenge_method: 'S256',
    ...parameters,
  };
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
  sessionStorage.setItem(place, JSON.stringify({ state, verifier, nonce, query: location.search, errand }));
  location.assign(address);
}

/** Undefined when the page was opened without an answer of the provider in its address. @throws Failure `sign_in.*`. */
export async function comeBack(config: Config): Promise<SignedIn | undefined> {
  const answer = new URLSearchParams(location.search);
  if (!answer.has('state')) return undefined;
  const begun = takeBegun();
  const fits = begun?.state === answer.get('state') && [config.issuer, null].includes(answer.get('iss'));
  // Before anything is awaited: a code is good for one use, and must not stay in the address or its history.
  history.replaceState(null, '', location.pathname + (begun?.query ?? ''));
  if (!begun || !fits)
    throw new Failure('sign_in.other', 'This is the end of another sign-in, or of one that was begun in another tab.');
  const code = answer.get('code');
  if (code === null) throw notSignedIn(answer.get('error'));

  const tokens = await tokensFor(config, code, begun.verifier);
  const idToken = textAt(tokens, 'id_token');
  const claims = claimsOf(idToken);
  // It came from the provider itself over TLS (OIDC Core §3.1.3.7, 6.); who counts on it verifies its signature.
  if (claims['iss'] !== config.issuer || claims['nonce'] !== begun.nonce) throw notSignedIn(null);
  return {
    subject: textAt(claims, 'sub'),
    accessToken: textAt(tokens, 'access_token'),
    idToken,
    errand: begun.errand,
  };
}

interface Begun {
  readonly state: string;
  readonly verifier: string;
  readonly nonce: string;
  /** Of the address that was left, with its question mark. */
  readonly query: string;
  readonly errand: JsonObject | null;
}

/** A sign-in is finished once: what began it is forgotten. */
function takeBegun(): Begun | undefined {
  const stored = sessionStorage.getItem(place);
  sessionStorage.removeItem(place);
  if (stored === null) return undefined;
  const begun = objectOf(parseJson(stored));
  const { errand } = begun;
  return {
    state: textAt(begun, 'state'),
    verifier: textAt(begun, 'verifier'),
    nonce: textAt(begun, 'nonce'),
    query: textAt(begun, 'query'),
    errand: isObject(errand) ? errand : null,
  };
}

async function tokensFor(config: Config, code: string, verifier: string): Promise<JsonObject> {
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: config.clientId,
    redirect_uri: redirectUri(),
    resource: config.api,
    code,
    code_verifier: verifier,
  });
  const endpoint = textAt(await discovered(config), 'token_endpoint');
  const response = await fetch(endpoint, { method: 'POST', body: form, credentials: 'omit' }).catch(unreachable);
  const body = objectOf(parseJson(await response.text()));
  if (!response.ok) throw notSignedIn(typeof body['error'] === 'string' ? body['error'] : null);
  return body;
}

/** OpenID Connect Discovery §4. */
async function discovered({ issuer }: Config): Promise<JsonObject> {
  const metadata = objectOf(await answerOf(`${issuer}/.well-known/openid-configuration`).catch(unreachable));
  if (metadata['issuer'] !== issuer) throw notSignedIn(null);
  return metadata;
}

/** The page itself, without a query: the provider knows its addresses to the letter. */
function redirectUri(): string {
  return location.origin + location.pathname;
}

function claimsOf(jwt: string): JsonObject {
  const [, payload = ''] = jwt.split('.');
  return objectOf(parseJson(new TextDecoder().decode(unbase64(payload))));
}

function notSignedIn(why: string | null): Failure {
  const known = why !== null && /^\w{1,60}$/.test(why) ? ` (${why})` : '';
  return new Failure('sign_in.refused', `You were not signed in${known}, so nothing was done. Begin again.`);
}

function unreachable(): never {
  throw new Failure('sign_in.unreachable', 'The identity provider does not answer this page. Try again in a moment.');
}

/** Reads what the API tells of its place. */
export async function readConfig(): Promise<Config> {
  const told = objectOf(await answerOf('config.json'));
  return { issuer: textAt(told, 'issuer'), clientId: textAt(told, 'clientId'), api: textAt(told, 'api') };
}
