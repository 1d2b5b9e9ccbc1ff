/** The code flow with PKCE (RFC 7636) of a public client, with everything checked that comes back. */
import * as oidc from 'openid-client';
import { CommandFailure } from '../commands/failure.js';
import { isLoopback } from './place.js';
import type { Way } from './way.js';

/** By this name a provider registers the command line: public client, code and PKCE, redirect `http://127.0.0.1/callback`. */
const clientId = 'countersign-cli';

/** Asks for both factors. Providers that name it otherwise ignore it; whether a sign-in was strong is judged elsewhere. */
const bothFactorsAcr = 'urn:countersign:acr:mfa';

export interface SignIn {
  /** An access token for the API with these scopes; what was granted of them, the API says. */
  accessToken(scopes: readonly string[]): Promise<AccessToken>;
  /** An ID token of a fresh, strong sign-in whose nonce is this one. Good for one vote, and nothing else. */
  voteToken(nonce: string): Promise<string>;
}

interface AccessToken {
  readonly token: string;
  /** How long it is good for. */
  readonly seconds: number;
}

/** @throws CommandFailure `sign_in.unreachable` when the provider does not answer. */
export async function signInAt(place: { readonly api: string; readonly issuer: string }, way: Way): Promise<SignIn> {
  const local = isLoopback(place.issuer) ? [oidc.allowInsecureRequests] : [];
  const execute = [...local, oidc.enableNonRepudiationChecks];
  const client = await explained(oidc.discovery(new URL(place.issuer), clientId, undefined, oidc.None(), { execute }));

  async function codeFlow(ask: Ask) {
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
    const expectedState = oidc.randomState();
    const authorizationUrl = oidc.buildAuthorizationUrl(client, {
      redirect_uri: way.redirectUri,
      state: expectedState,
      nonce: ask.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      ...ask.parameters,
    });
    const bothFactors = ask.fresh;
    const answer = await explained(way.visit({ authorizationUrl, state: expectedState, bothFactors }));
    const checks = { pkceCodeVerifier, expectedState, expectedNonce: ask.nonce, ...(ask.fresh && { maxAge: 0 }) };
    return explained(oidc.authorizationCodeGrant(client, answer, checks, ask.tokenParameters));
  }

  return {
    async accessToken(scopes) {
      const resource = { resource: place.api };
      const tokens = await codeFlow({
        nonce: oidc.randomNonce(),
        fresh: false,
        parameters: { ...resource, scope: ['openid', ...scopes].join(' ') },
        tokenParameters: resource,
      });
      return { token: tokens.access_token, seconds: tokens.expires_in ?? 60 };
    },
    async voteToken(nonce) {
      const fresh = { scope: 'openid', max_age: '0', prompt: 'login', acr_values: bothFactorsAcr };
      const tokens = await codeFlow({ nonce, fresh: true, parameters: fresh, tokenParameters: {} });
      if (tokens.id_token === undefined) throw refused();
      return tokens.id_token;
    },
  };
}

interface Ask {
  readonly nonce: string;
  readonly fresh: boolean;
  readonly parameters: Readonly<Record<string, string>>;
  readonly tokenParameters: Readonly<Record<string, string>>;
}

/** Foreign errors may quote tokens; what is said of them is their OAuth code, or nothing. */
async function explained<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    if (error instanceof oidc.AuthorizationResponseError || error instanceof oidc.ResponseBodyError)
      throw refused(error.error);
    if (error instanceof oidc.ClientError) {
      if (error.code === 'OAUTH_TIMEOUT' || isNetworkError(error.cause)) throw unreachable();
      throw refused(error.code);
    }
    if (isNetworkError(error)) throw unreachable();
    throw error;
  }
}

/** What fetch throws when nobody answers. */
function isNetworkError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'message' in error && error.message === 'fetch failed';
}

function refused(why?: string): CommandFailure {
  const known = why !== undefined && /^[\w.-]{1,60}$/.test(why) ? ` (${why})` : '';
  return new CommandFailure(1, 'sign_in.refused', `Not signed in${known}; nothing was done. Run the command again.`);
}

function unreachable(): CommandFailure {
  return new CommandFailure(1, 'sign_in.unreachable', 'The identity provider does not answer: countersign doctor.');
}
