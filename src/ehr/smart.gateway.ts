/** Access tokens for the EHR: SMART Backend Services (SMART App Launch 2.2, client_credentials with private_key_jwt). */
import { SignJWT, type CryptoKey } from 'jose';
import { z } from 'zod';
import { Refusal } from '../action/refusal.js';
import { fetchJson } from './http.gateway.js';

interface SmartClient {
  readonly clientId: string;
  /** ES384 private key and the `kid` under which the EHR knows its public half. */
  readonly key: CryptoKey;
  readonly kid: string;
}

export interface SmartOptions extends SmartClient {
  /** FHIR base URL, without a slash at the end. */
  readonly base: string;
  /** Milliseconds, monotonic; only differences count. */
  readonly monotonic: () => number;
  /** Seconds since 1970, for the assertion's `iat` and `exp`. */
  readonly clock: () => number;
  readonly randomId: () => string;
}

export interface AccessTokens {
  /** A token for exactly these scopes. @throws Refusal `ehr.unauthorised`, and retryable ones. */
  token(scopes: readonly string[], signal: AbortSignal): Promise<string>;
  /** The EHR refused it before its time: the next call asks for a new one. */
  forget(scopes: readonly string[]): void;
}

const configurationSchema = z.looseObject({ token_endpoint: z.url({ protocol: /^https?$/ }) });
const grantSchema = z.looseObject({
  access_token: z.string().min(1),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.number().positive().max(86_400),
});

/** A token is not used in its last half minute, so that no request carries one that ends on the way. */
const marginMs = 30_000;
const assertionLife = 60;
const smallAnswer = 64 * 1024;

/** Tokens are kept by scope set: a warrant's narrow token never serves another warrant's wider call. */
export function smartTokens(options: SmartOptions): AccessTokens {
  const { base, monotonic } = options;
  const held = new Map<string, { readonly token: string; readonly until: number }>();
  let endpoint: string | undefined;

  async function tokenEndpoint(signal: AbortSignal): Promise<string> {
    if (endpoint === undefined) {
      const { body } = await fetchJson(`${base}/.well-known/smart-configuration`, { signal, maxBytes: smallAnswer });
      const found = configurationSchema.safeParse(body);
      if (!found.success) throw new Refusal('ehr.malformed', 'The EHR’s SMART configuration names no token endpoint.');
      if (base.startsWith('https:') && !found.data.token_endpoint.startsWith('https:'))
        throw new Refusal('ehr.off_base', 'The EHR’s token endpoint leaves TLS.');
      endpoint = found.data.token_endpoint;
    }
    return endpoint;
  }

  async function ask(scopes: readonly string[], signal: AbortSignal): Promise<{ token: string; until: number }> {
    const url = await tokenEndpoint(signal);
    const asked = monotonic();
    const { body } = await fetchJson(url, {
      signal,
      maxBytes: smallAnswer,
      form: {
        grant_type: 'client_credentials',
        scope: scopes.join(' '),
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await assertion(options, url),
      },
    });
    const granted = grantSchema.safeParse(body);
    if (!granted.success) throw new Refusal('ehr.malformed', 'The EHR’s token answer cannot be read.');
    return { token: granted.data.access_token, until: asked + granted.data.expires_in * 1000 - marginMs };
  }

  return {
    async token(scopes, signal) {
      const key = scopeKey(scopes);
      const known = held.get(key);
      if (known && monotonic() < known.until) return known.token;
      const fresh = await ask([...scopes].sort(), signal).catch((error: unknown) => {
        if (error instanceof Refusal && error.code === 'ehr.rejected')
          throw new Refusal('ehr.unauthorised', 'The EHR gave us no token for these scopes.');
        throw error;
      });
      held.set(key, fresh);
      return fresh.token;
    },
    forget(scopes) {
      held.delete(scopeKey(scopes));
    },
  };
}

function scopeKey(scopes: readonly string[]): string {
  return [...scopes].sort().join(' ');
}

async function assertion({ clientId, key, kid, clock, randomId }: SmartOptions, audience: string): Promise<string> {
  const now = Math.floor(clock());
  return new SignJWT({})
    .setProtectedHeader({ alg: 'ES384', typ: 'JWT', kid })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(audience)
    .setJti(randomId())
    .setIssuedAt(now)
    .setExpirationTime(now + assertionLife)
    .sign(key);
}
