/**
 * RFC 8693 token exchange: an agent hands in what a person gave it, and gets a principal token that names both.
 *
 * The principal token is no access token. It proves for whom the agent acts and opens nothing by itself.
 */
import { randomUUID } from 'node:crypto';
import { createLocalJWKSet, errors as joseErrors, importJWK, jwtVerify, SignJWT } from 'jose';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { z } from 'zod';
import type { OidcLibrary } from './library.js';
import { actFor, sandboxPeople } from './people.js';
import type { ProviderSecrets } from './state.js';

export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
const jwtType = 'urn:ietf:params:oauth:token-type:jwt';
/** Seconds that a principal token lives at most. */
const maxLife = 900;

const oneOrMore = z.union([z.string().transform((text) => [text]), z.array(z.string())]);
const exchangeRequest = z.object({
  subject_token: z.string().min(1),
  subject_token_type: z.literal(accessTokenType),
  requested_token_type: z.literal(jwtType).optional(),
  resource: oneOrMore.optional(),
  audience: oneOrMore.optional(),
  scope: z.string().optional(),
  actor_token: z.undefined().optional(),
});
const parameters = Object.keys(exchangeRequest.shape);

/** `sid` and `auth_time` are only in tokens that a person got by signing in, never in an agent's own. */
const subjectClaims = z.object({
  sub: z.string(),
  client_id: z.string(),
  sid: z.string(),
  scope: z.literal(actFor),
  exp: z.number(),
  auth_time: z.number(),
  acr: z.string(),
  amr: z.array(z.string()),
});
type SubjectClaims = z.infer<typeof subjectClaims>;

export interface ExchangeOptions {
  readonly library: OidcLibrary;
  readonly apiResource: string;
  readonly secrets: ProviderSecrets;
}

/**
 * Adds the grant to the provider.
 *
 * Refused, by RFC 8693 §2.2.2, are with `invalid_request` a subject token that is expired, foreign, for somebody else,
 * an agent's own or a principal token, one whose person signed out meanwhile, and one that carries more than
 * `actions:act-for`, so that no agent ever holds a person's right to vote; with `invalid_target` another audience; with
 * `invalid_scope` another scope.
 */
export function addTokenExchange(
  provider: Provider,
  { library: { errors }, apiResource, secrets }: ExchangeOptions,
): void {
  const { d: _private, ...publicKey } = secrets.signingKey;
  const keys = createLocalJWKSet({ keys: [publicKey] });

  async function exchange(context: KoaContextWithOIDC): Promise<void> {
    const asked = exchangeRequest.safeParse(context.oidc.params);
    const agent = context.oidc.client?.clientId;
    if (!asked.success || agent === undefined)
      throw new errors.InvalidRequest('not a token exchange that is done here');
    const { subject_token, resource = [], audience = [], scope = actFor } = asked.data;
    if ([...resource, ...audience].some((target) => target !== apiResource)) throw new errors.InvalidTarget();
    if (scope !== actFor) throw new errors.InvalidScope('only leave to act for a person is exchanged', actFor);

    const subject = await provenSubject(subject_token);
    if (!subject) throw new errors.InvalidRequest('the subject token is not acceptable');
    const issuedAt = Math.floor(Date.now() / 1_000);
    const expires = Math.min(issuedAt + maxLife, subject.exp);
    context.body = {
      access_token: await principalToken(subject, agent, { issuedAt, expires }),
      issued_token_type: jwtType,
      token_type: 'N_A', // RFC 8693 §2.2.1: not usable as an access token
      expires_in: expires - issuedAt,
      scope: actFor,
    };
  }

  async function provenSubject(token: string): Promise<SubjectClaims | undefined> {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: provider.issuer,
        audience: apiResource,
        typ: 'at+jwt',
        algorithms: ['ES256'],
        requiredClaims: ['exp'],
      });
      const claims = subjectClaims.safeParse(payload);
      if (!claims.success || !sandboxPeople.some(({ sub }) => sub === claims.data.sub)) return undefined;
      const session = await provider.Session.findByUid(claims.data.sid);
      return session?.accountId === claims.data.sub ? claims.data : undefined;
    } catch (error) {
      if (error instanceof joseErrors.JOSEError) return undefined;
      throw error;
    }
  }

  async function principalToken(
    { sub, auth_time, acr, amr }: SubjectClaims,
    agent: string,
    { issuedAt, expires }: { readonly issuedAt: number; readonly expires: number },
  ): Promise<string> {
    return new SignJWT({ act: { sub: agent }, client_id: agent, scope: actFor, auth_time, acr, amr })
      .setProtectedHeader({ alg: 'ES256', kid: secrets.signingKey.kid, typ: 'principal+jwt' })
      .setIssuer(provider.issuer)
      .setAudience(apiResource)
      .setSubject(sub)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expires)
      .setJti(randomUUID())
      .sign(await importJWK(secrets.signingKey, 'ES256'));
  }

  provider.registerGrantType(tokenExchangeGrant, exchange, parameters, ['resource', 'audience']);
}
