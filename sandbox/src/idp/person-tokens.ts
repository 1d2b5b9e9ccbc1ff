/** The code flow with PKCE in one call, for whoever acts as a sandbox person: the CLI's `--sandbox-person`, and tests. */
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { headlessSignIn, type HeadlessBrowser } from './headless.js';
import type { Credentials } from './state.js';

export interface PersonTokensOptions {
  readonly issuer: string;
  /** Who the access token is for. */
  readonly apiResource: string;
  /** `countersign-cli` unless told. */
  readonly clientId?: string;
  readonly credentials: Credentials;
  /** Space-separated, `openid` among them for an ID token. The answer's `scope` says what the person's roles left. */
  readonly scope: string;
  /** Comes back in the ID token: the hash of a decision, for a vote. */
  readonly nonce?: string;
  /** Seconds since the last sign-in; 0 forces a fresh one. */
  readonly maxAge?: number;
  /** Any address of the client; nothing has to listen there. */
  readonly redirectUri?: string;
  readonly browser?: HeadlessBrowser;
}

export interface PersonTokens {
  readonly accessToken: string;
  readonly idToken?: string;
  /** Space-separated. */
  readonly scope: string;
  /** Seconds. */
  readonly expiresIn: number;
}

const discovery = z.object({ authorization_endpoint: z.url(), token_endpoint: z.url() });
const tokenAnswer = z.object({
  access_token: z.string(),
  id_token: z.string().optional(),
  scope: z.string().default(''),
  expires_in: z.number(),
});

/**
 * Asks for both factors. Tokens are handed back as they came: checking them is their receiver's work.
 *
 * @throws Error when a request or the sign-in is refused, with the provider's error code or words.
 */
export async function personTokens(options: PersonTokensOptions): Promise<PersonTokens> {
  const { issuer, clientId = 'countersign-cli', redirectUri = 'http://127.0.0.1:9/callback' } = options;
  const endpoints = discovery.parse(await answerOf(await fetch(`${issuer}/.well-known/openid-configuration`)));
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');

  const authorizationUrl = new URL(endpoints.authorization_endpoint);
  authorizationUrl.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    resource: options.apiResource,
    scope: options.scope,
    acr_values: 'urn:countersign:acr:mfa',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state,
    ...(options.nonce !== undefined && { nonce: options.nonce }),
    ...(options.maxAge !== undefined && { max_age: String(options.maxAge) }),
  }).toString();
  const { browser } = options;
  const callback = await headlessSignIn({
    authorizationUrl,
    redirectUri,
    ...options.credentials,
    ...(browser && { browser }),
  });
  const answered = callback.searchParams;
  if (answered.get('state') !== state || answered.get('iss') !== issuer)
    throw new Error('the answer is to another request');
  const code = answered.get('code');
  if (code === null) throw new Error(`authorization refused: ${answered.get('error')}`);

  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code,
    code_verifier: verifier,
  });
  const tokens = tokenAnswer.parse(await answerOf(await fetch(endpoints.token_endpoint, { method: 'POST', body })));
  return {
    accessToken: tokens.access_token,
    ...(tokens.id_token !== undefined && { idToken: tokens.id_token }),
    scope: tokens.scope,
    expiresIn: tokens.expires_in,
  };
}

async function answerOf(response: Response): Promise<unknown> {
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  const { error } = z.object({ error: z.string() }).parse(answer);
  throw new Error(`the identity provider answered ${response.status}: ${error}`);
}
