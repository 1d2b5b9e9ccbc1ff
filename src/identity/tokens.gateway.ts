/** Verifies tokens of the issuers that the rulebook trusts, with keys that this process fetched itself. */
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { Refusal } from '../action/refusal.js';
import type { TrustRoots } from '../rulebook/trust-roots.js';

type Issuer = TrustRoots['issuers'][number];

/** Signature algorithms of issuers: named, so that `none` and HMAC with a public key are no choice. */
const algorithms = ['ES256', 'ES384', 'RS256', 'EdDSA'];

export interface TokenVerifier {
  /** An agent's own access token (RFC 9068). */
  agent(token: string): Promise<AgentToken>;
  /** A person's access token (RFC 9068). */
  person(token: string): Promise<PersonToken>;
  /** The token of the human that an agent acts for (RFC 8693 §4.1: `act.sub` is the agent). */
  principal(token: string, agent: string): Promise<PersonToken>;
  /** The ID token of one vote (OIDC Core §2). */
  vote(token: string): Promise<VoteToken>;
}

export interface AgentToken {
  readonly client: string;
  readonly scopes: readonly string[];
}

export interface PersonToken {
  readonly issuer: string;
  readonly subject: string;
  readonly scopes: readonly string[];
}

export interface VoteToken {
  readonly issuer: string;
  readonly subject: string;
  readonly nonce: string;
  /** Seconds since 1970, by the issuer's clock. */
  readonly authTime: number;
  readonly acr: string | undefined;
  readonly amr: readonly string[];
}

const scopes = z
  .string()
  .default('')
  .transform((text) => text.split(' ').filter((scope) => scope !== ''));
const agentClaims = z.object({ client_id: z.string(), scope: scopes, sub: z.string() });
const personClaims = z.object({ iss: z.string(), sub: z.string(), client_id: z.string(), scope: scopes });
const principalClaims = personClaims.extend({ act: z.object({ sub: z.string() }) });
const voteClaims = z.object({
  iss: z.string(),
  sub: z.string(),
  nonce: z.string(),
  auth_time: z.int(),
  acr: z.string().optional(),
  amr: z.array(z.string()).default([]),
});

/** One verifier for one set of trust roots; key sets are cached by jose and fetched again for an unknown `kid`. */
export function tokenVerifier(issuers: readonly Issuer[]): TokenVerifier {
  const keys = new Map<string, JWTVerifyGetKey>(
    issuers.map(({ issuer, jwksUri }) => [issuer, createRemoteJWKSet(new URL(jwksUri), { timeoutDuration: 3_000 })]),
  );

  /** Which issuer a token claims to be from; whether it is, the signature says. */
  function trusted(token: string): Issuer {
    const [, body = ''] = token.split('.');
    try {
      const claimed: unknown = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(body.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0))));
      const iss = z.object({ iss: z.string() }).parse(claimed).iss;
      const found = issuers.find(({ issuer }) => issuer === iss);
      if (found) return found;
    } catch {
      // falls through: what cannot be read is not trusted
    }
    throw new Refusal('token.issuer', 'This token is not from an issuer that the rulebook trusts.');
  }

  async function verified(token: string, typ: string | undefined, audienceOf: (issuer: Issuer) => readonly string[]): Promise<JWTPayload> {
    const issuer = trusted(token);
    const key = keys.get(issuer.issuer);
    const audience = [...audienceOf(issuer)];
    if (!key || audience.length === 0) throw new Refusal('token.audience', 'This token is for somebody else.');
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms,
        issuer: issuer.issuer,
        audience,
        requiredClaims: ['exp', 'iat', 'sub'],
        clockTolerance: 5,
        ...(typ !== undefined && { typ }),
      });
      return payload;
    } catch (error) {
      throw refusalOf(error);
    }
  }

  const access = (issuer: Issuer) => issuer.audiences;
  return {
    async agent(token) {
      const { client_id: client, scope, sub } = claims(agentClaims, await verified(token, 'at+jwt', access));
      if (sub !== client) throw new Refusal('token.invalid', 'An agent signs in as itself, not for a person.');
      return { client, scopes: scope };
    },
    async person(token) {
      const { iss, sub, scope, client_id: client } = claims(personClaims, await verified(token, 'at+jwt', access));
      if (sub === client) throw new Refusal('token.invalid', 'This token belongs to a program, not to a person.');
      return { issuer: iss, subject: sub, scopes: scope };
    },
    async principal(token, agent) {
      const { iss, sub, act, scope } = claims(principalClaims, await verified(token, 'principal+jwt', access));
      if (act.sub !== agent) throw new Refusal('principal.other_agent', 'The principal gave this token to another agent.');
      return { issuer: iss, subject: sub, scopes: scope };
    },
    async vote(token) {
      const { iss, sub, nonce, auth_time: authTime, acr, amr } = claims(voteClaims, await verified(token, undefined, ({ clients }) => clients));
      return { issuer: iss, subject: sub, nonce, authTime, acr, amr };
    },
  };
}

function claims<T>(schema: z.ZodType<T>, payload: JWTPayload): T {
  const parsed = schema.safeParse(payload);
  if (!parsed.success) throw new Refusal('token.invalid', 'This token lacks a claim that we need.');
  return parsed.data;
}

function refusalOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return new Refusal('token.expired', 'This token has expired; sign in again.');
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.claim === 'aud'
      ? new Refusal('token.audience', 'This token is for somebody else.')
      : new Refusal('token.invalid', 'This token is not valid here.');
  if (error instanceof errors.JWKSTimeout || (error instanceof TypeError && error.message === 'fetch failed'))
    return new Refusal('identity.unreachable', 'The identity provider does not answer; try again.');
  if (error instanceof errors.JOSEError) return new Refusal('token.invalid', 'This token is not valid.');
  return error;
}
