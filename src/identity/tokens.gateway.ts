/** Verifies tokens of the issuers that the rulebook trusts, with keys that this process fetched itself. */
import { decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose';
import { z } from 'zod';
import { Refusal } from '../action/refusal.js';
import type { TrustRoots } from '../rulebook/trust-roots.js';
import { issuerKeys, type FindKeys } from './jwks.gateway.js';

type Issuer = TrustRoots['issuers'][number];

/** Signature algorithms of issuers: named, so that `none` and HMAC with a public key are no choice. */
const algorithms = ['ES256', 'ES384', 'RS256', 'EdDSA'];

/** Seconds by which an issuer's clock may differ from ours in `exp` and `nbf` (RFC 7519 §4.1.4). */
const leeway = 5;

/**
 * Each answers with what the token says, copied out of it, or throws a Refusal: `token.invalid`, `token.issuer`,
 * `token.audience`, `token.expired`, `token.scope`, `principal.other_agent`, and `identity.unreachable`, which alone is
 * worth repeating.
 */
export interface TokenVerifier {
  /** An agent's own access token (RFC 9068). */
  agent(token: string): Promise<AgentToken>;
  /** A person's access token (RFC 9068). */
  person(token: string): Promise<PersonToken>;
  /** The token of the human that an agent acts for (RFC 8693 §4.1: `act.sub` is the agent). */
  principal(token: string, agent: string): Promise<PersonToken>;
  /** The ID token of one vote (OIDC Core §2), judged as of the moment when it was received. */
  vote(token: string, receivedAt: Date): Promise<VoteToken>;
}

export interface AgentToken {
  /** The agent's id is its OAuth client id. */
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

/** The scope by which a person lets an agent act for them. */
const actFor = 'actions:act-for';

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
  aud: z.union([z.string(), z.array(z.string())]),
  azp: z.string().optional(),
  nonce: z.string(),
  auth_time: z.int(),
  acr: z.string().optional(),
  amr: z.array(z.string()).default([]),
});

/** What kind of token is expected, and as of when. Kinds differ by `typ`, so that none passes for another. */
interface Expected {
  readonly typ: 'at+jwt' | 'principal+jwt' | 'id';
  readonly audience: (issuer: Issuer) => readonly string[];
  readonly asOf?: Date;
}

const accessToken: Expected = { typ: 'at+jwt', audience: ({ audiences }) => audiences };
const principalToken: Expected = { typ: 'principal+jwt', audience: ({ audiences }) => audiences };

/** Makes verifiers for trust roots; they share the keys that were fetched. One for each process. */
export function tokenVerifiers(): (roots: Pick<TrustRoots, 'issuers'>) => TokenVerifier {
  const keys = issuerKeys();
  return ({ issuers }) => tokenVerifier(issuers, keys);
}

/** A verifier that trusts these issuers and nobody else. */
export function tokenVerifier(issuers: readonly Issuer[], keysOf: FindKeys = issuerKeys()): TokenVerifier {
  async function verified(token: string, expected: Expected): Promise<{ payload: JWTPayload; issuer: Issuer }> {
    const issuer = issuers.find(({ issuer: known }) => known === claimedIssuer(token));
    if (!issuer) throw new Refusal('token.issuer', 'This token is not from an issuer that the rulebook trusts.');
    const audience = [...expected.audience(issuer)];
    if (audience.length === 0) throw elsewhere();
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keysOf(issuer.jwksUri), {
        algorithms,
        issuer: issuer.issuer,
        audience,
        requiredClaims: ['exp', 'iat', 'sub'],
        clockTolerance: leeway,
        ...(expected.typ !== 'id' && { typ: expected.typ }),
        ...(expected.asOf !== undefined && { currentDate: expected.asOf }),
      });
      // An ID token says `JWT` or nothing; every other kind names itself.
      if (expected.typ === 'id' && protectedHeader.typ !== undefined && protectedHeader.typ.toUpperCase() !== 'JWT')
        throw new Refusal('token.invalid', 'This is another kind of token.');
      return { payload, issuer };
    } catch (error) {
      throw refusalOf(error);
    }
  }

  return {
    async agent(token) {
      const { payload } = await verified(token, accessToken);
      const { client_id: client, scope, sub } = claims(agentClaims, payload);
      if (sub !== client) throw new Refusal('token.invalid', 'An agent signs in as itself, not for a person.');
      return { client, scopes: scope };
    },
    async person(token) {
      const { payload } = await verified(token, accessToken);
      const { iss, sub, scope, client_id: client } = claims(personClaims, payload);
      if (sub === client) throw new Refusal('token.invalid', 'This token belongs to a program, not to a person.');
      return { issuer: iss, subject: sub, scopes: scope };
    },
    async principal(token, agent) {
      const { payload } = await verified(token, principalToken);
      const { iss, sub, act, scope } = claims(principalClaims, payload);
      if (act.sub !== agent) throw new Refusal('principal.other_agent', 'The principal let another agent act.');
      if (!scope.includes(actFor)) throw new Refusal('token.scope', `This token lacks the scope ${actFor}.`);
      return { issuer: iss, subject: sub, scopes: scope };
    },
    async vote(token, receivedAt) {
      const idToken: Expected = { typ: 'id', audience: ({ clients }) => clients, asOf: receivedAt };
      const { payload, issuer } = await verified(token, idToken);
      const { iss, sub, aud, azp, nonce, auth_time: authTime, acr, amr } = claims(voteClaims, payload);
      // OIDC Core §3.1.3.7: for several audiences, or where the issuer names it, the party must be a voting client too.
      const party = azp ?? (typeof aud === 'string' || aud.length === 1 ? undefined : '');
      if (party !== undefined && !issuer.clients.includes(party)) throw elsewhere();
      return { issuer: iss, subject: sub, nonce, authTime, acr, amr };
    },
  };
}

/** @throws Refusal `token.scope` unless the token grants it. */
export function requireScope({ scopes: held }: { readonly scopes: readonly string[] }, scope: string): void {
  if (!held.includes(scope)) throw new Refusal('token.scope', `This token lacks the scope ${scope}.`);
}

/** Whom a token claims to be from; whether it is, the signature says. Undefined for what is no JWT. */
function claimedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

function claims<T>(schema: z.ZodType<T>, payload: JWTPayload): T {
  const parsed = schema.safeParse(payload);
  if (!parsed.success) throw new Refusal('token.invalid', 'This token lacks a claim that we need.');
  return parsed.data;
}

function elsewhere(): Refusal {
  return new Refusal('token.audience', 'This token is for somebody else.');
}

/** What is not from jose is a refusal already, or a defect. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof errors.JOSEError)) return error;
  if (error instanceof errors.JWTExpired) return new Refusal('token.expired', 'This token has expired; sign in again.');
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud') return elsewhere();
  return new Refusal('token.invalid', 'This token is not valid here.');
}
