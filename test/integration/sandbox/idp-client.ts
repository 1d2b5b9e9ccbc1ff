/** The relying parties of the identity provider: openid-client, a foreign implementation, set up once. */
import { generateKeyPair, type CryptoKey } from 'jose';
import * as oidc from 'openid-client';
import { headlessBrowser, headlessSignIn, type HeadlessBrowser } from '../../../sandbox/src/idp/headless.js';
import type { Credentials } from '../../../sandbox/src/idp/state.js';
import { cloneInOwnRealm } from '../../support/own-realm.js';
import { newKey } from './ehr-client.js';

cloneInOwnRealm();

export const apiResource = 'http://127.0.0.1:8787/v1';
export const redirectUri = 'http://127.0.0.1:49152/callback'; // a port that is not the registered one: RFC 8252 §7.3
const plainHttp = { execute: [oidc.allowInsecureRequests] };

export const agentKey = await newKey('ES384', 'triage-1');
export const strangersKey = (await generateKeyPair('ES384')).privateKey;

export function person(issuer: string, clientId = 'countersign-cli'): Promise<oidc.Configuration> {
  return oidc.discovery(new URL(issuer), clientId, undefined, oidc.None(), plainHttp);
}

export function agent(issuer: string, key: CryptoKey = agentKey.privateKey): Promise<oidc.Configuration> {
  const proof = oidc.PrivateKeyJwt({ key, kid: agentKey.kid });
  return oidc.discovery(new URL(issuer), 'triage_agent', undefined, proof, plainHttp);
}

export interface CodeFlow {
  readonly credentials: Partial<Credentials> & Pick<Credentials, 'person' | 'password'>;
  readonly scope?: string;
  /** Further parameters of the authorization request. */
  readonly ask?: Readonly<Record<string, string>>;
  readonly browser?: HeadlessBrowser;
}

/** Everything that OpenID Connect asks a client to do and check, with PKCE, `state` and `nonce`. */
export async function codeFlow(
  client: oidc.Configuration,
  { credentials, scope = 'openid', ask = {}, browser }: CodeFlow,
) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const expectedState = oidc.randomState();
  const { nonce: expectedNonce = oidc.randomNonce() } = ask;
  const authorizationUrl = oidc.buildAuthorizationUrl(client, {
    redirect_uri: redirectUri,
    resource: apiResource,
    scope,
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...ask,
  });
  const callback = await headlessSignIn({
    ...credentials,
    authorizationUrl,
    redirectUri,
    browser: browser ?? headlessBrowser(),
  });
  return oidc.authorizationCodeGrant(client, callback, { pkceCodeVerifier, expectedState, expectedNonce });
}

/** The OAuth error code that a request was refused with. */
export async function refusal(request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (error) {
    if (error instanceof oidc.ResponseBodyError || error instanceof oidc.AuthorizationResponseError) return error.error;
    throw error;
  }
  return 'not refused';
}
