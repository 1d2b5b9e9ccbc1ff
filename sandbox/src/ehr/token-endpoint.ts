/** SMART Backend Services (SMART App Launch 2.2): client_credentials, the client proven by a signed JWT (RFC 7523). */
import { randomBytes } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, errors, jwtVerify, type JSONWebKeySet } from 'jose';
import { jsonAnswer, type Answer } from './answer.js';
import { covers, parseScope, type Scope } from './scopes.js';

export interface EhrClient {
  readonly id: string;
  /** Public keys, ES384 or RS384. */
  readonly jwks: JSONWebKeySet;
  /** Space-separated: the widest that it may ever ask for. */
  readonly scope: string;
}

/** What an access token stands for. */
export interface Access {
  readonly client: string;
  readonly scopes: readonly Scope[];
}

export interface TokenEndpoint {
  /** `granted` is there for an answer 200. The body is form-urlencoded text. */
  readonly issue: (body: string) => Promise<{ readonly answer: Answer; readonly granted?: Access }>;
  /** From an `Authorization` header; undefined for none, an unknown and an expired token alike. */
  readonly accessOf: (authorization: string | undefined) => Access | undefined;
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** Seconds that an assertion may still live, and that an access token lives. */
const life = { assertion: 300, access: 300 };

/** Tokens are random and kept in memory: after a restart clients fetch new ones, as with any server. */
export function tokenEndpoint(clients: readonly EhrClient[], tokenUrl: string, clock: () => Date): TokenEndpoint {
  const accesses = new Map<string, Access & { readonly expires: number }>();
  const usedAssertions = new Map<string, number>();

  async function issue(body: string): Promise<{ readonly answer: Answer; readonly granted?: Access }> {
    const form = new URLSearchParams(body);
    if (form.get('grant_type') !== 'client_credentials') return refuse(400, 'unsupported_grant_type');
    if (form.get('client_assertion_type') !== assertionType) return refuse(401, 'invalid_client');
    const client = await provenClient(form.get('client_assertion') ?? '');
    if (!client) return refuse(401, 'invalid_client');
    const scopes = scopesGranted(client, form.get('scope') ?? '');
    if (!scopes) return refuse(400, 'invalid_scope');

    const granted = { client: client.id, scopes };
    const token = randomBytes(32).toString('base64url');
    forgetExpired(accesses, ({ expires }) => expires);
    accesses.set(token, { ...granted, expires: seconds() + life.access });
    const scope = scopes.map(({ text }) => text).join(' ');
    return {
      granted,
      answer: jsonAnswer(200, { access_token: token, token_type: 'bearer', expires_in: life.access, scope }),
    };
  }

  function accessOf(authorization: string | undefined): Access | undefined {
    const [, token = ''] = /^Bearer ([A-Za-z0-9_-]+)$/i.exec(authorization ?? '') ?? [];
    const access = accesses.get(token);
    return access && access.expires > seconds() ? { client: access.client, scopes: access.scopes } : undefined;
  }

  async function provenClient(assertion: string): Promise<EhrClient | undefined> {
    const id = claimedIssuer(assertion);
    const client = clients.find((each) => each.id === id);
    if (!client) return undefined;
    try {
      const { payload } = await jwtVerify(assertion, createLocalJWKSet(client.jwks), {
        algorithms: ['RS384', 'ES384'],
        issuer: client.id,
        subject: client.id,
        audience: tokenUrl,
        requiredClaims: ['exp', 'jti'],
        currentDate: clock(),
      });
      const { exp = Number.POSITIVE_INFINITY, jti } = payload;
      if (exp - seconds() > life.assertion) return undefined;
      forgetExpired(usedAssertions, (expires) => expires);
      const use = JSON.stringify([client.id, jti]);
      if (usedAssertions.has(use)) return undefined;
      usedAssertions.set(use, exp);
      return client;
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  function forgetExpired<V>(entries: Map<string, V>, expiresOf: (value: V) => number): void {
    for (const [key, value] of entries) if (expiresOf(value) <= seconds()) entries.delete(key);
  }

  const seconds = () => clock().getTime() / 1_000;
  return { issue, accessOf };
}

/** All that was asked, or nothing: a client that is given less than it asked for finds out too late. */
function scopesGranted(client: EhrClient, asked: string): readonly Scope[] | undefined {
  const allowed = parseScopes(client.scope);
  const scopes = parseScopes(asked);
  if (scopes.length === 0 || scopes.includes(undefined)) return undefined;
  const known = scopes.filter((scope) => scope !== undefined);
  return known.every((scope) => allowed.some((each) => each !== undefined && covers(each, scope))) ? known : undefined;
}

function parseScopes(text: string): readonly (Scope | undefined)[] {
  return text.split(' ').filter(Boolean).map(parseScope);
}

/** Unverified: it only chooses whose keys to verify with. */
function claimedIssuer(assertion: string): string | undefined {
  try {
    return decodeJwt(assertion).iss;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

function refuse(status: number, error: string): { readonly answer: Answer } {
  return { answer: jsonAnswer(status, { error }) };
}
