/** A bare SMART Backend Services client, written against the specifications and not against our own gateway. */
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JSONWebKeySet } from 'jose';
import { z } from 'zod';

export interface Key {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwks: JSONWebKeySet;
}

export async function newKey(alg: string, kid = alg): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  return { alg, kid, privateKey, jwks: { keys: [{ ...(await exportJWK(publicKey)), alg, kid, use: 'sig' }] } };
}

export interface Assertion {
  readonly issuer?: string;
  readonly subject?: string;
  readonly audience: string;
  /** Seconds from now. */
  readonly expires?: number;
  readonly jti?: string;
}

export function assertion(
  key: Key,
  { issuer = 'worker', subject = issuer, audience, expires = 120, jti = randomUUID() }: Assertion,
) {
  return new SignJWT({ jti })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT' })
    .setIssuer(issuer)
    .setSubject(subject)
    .setAudience(audience)
    .setExpirationTime(Math.floor(Date.now() / 1_000) + expires)
    .sign(key.privateKey);
}

export async function requestToken(tokenUrl: string, signed: string, scope: string) {
  const response = await fetch(tokenUrl, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: signed,
      scope,
    }),
  });
  const body = z.record(z.string(), z.unknown()).parse(await response.json());
  return { status: response.status, body };
}

export interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls `url` + `path` with this access token, following no redirect. */
export function fhirClient(url: string, token: string) {
  return async (path: string, { method = 'GET', body, headers = {} }: Call = {}) => {
    const response = await fetch(path.startsWith('http') ? path : `${url}/${path}`, {
      method,
      redirect: 'manual',
      headers: {
        authorization: `Bearer ${token}`,
        connection: 'close',
        'content-type': 'application/fhir+json',
        ...headers,
      },
      ...(body !== undefined && { body: body instanceof URLSearchParams ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
  };
}
