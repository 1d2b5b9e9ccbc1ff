/** Sends operators to the identity provider and takes them back: authorization code with PKCE, `state` and `nonce`. */
import * as oidc from 'openid-client';
import { Refusal } from '../action/refusal.js';
import { operatorRole } from './operator.js';

export interface SignInOptions {
  readonly issuer: string;
  readonly clientId: string;
  /** Where the provider sends people back to. */
  readonly redirectUri: string;
  /** Audience of the access token (RFC 8707): the API's. */
  readonly resource: string;
}

/** What must be remembered between leaving and coming back; it never leaves this process. */
export interface PendingSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export interface SignIn {
  /** @throws Refusal `identity.unreachable`. */
  begin(): Promise<{ readonly url: URL; readonly pending: PendingSignIn }>;
  /**
   * The access token, whose signature, audience and scope are still to be verified.
   *
   * @throws Refusal `token.invalid` when the answer does not belong to this sign-in, or the provider refused it;
   * `identity.unreachable`.
   */
  finish(callback: URL, pending: PendingSignIn): Promise<string>;
}

/** Seconds. */
const patience = 10;

export function operatorSignIn({ issuer, clientId, redirectUri, resource }: SignInOptions): SignIn {
  const address = new URL(issuer);
  const extensions = address.protocol === 'http:' ? [oidc.allowInsecureRequests] : [];
  let found: Promise<oidc.Configuration> | undefined;

  /** Asked at the first sign-in and kept; a provider that was not up yet is asked again. */
  function provider(): Promise<oidc.Configuration> {
    // The provider's TLS is not all that an ID token rests on here: its signature is checked too.
    const execute = [...extensions, oidc.enableNonRepudiationChecks];
    found ??= oidc.discovery(address, clientId, undefined, oidc.None(), { execute, timeout: patience }).catch(() => {
      found = undefined;
      throw unreachable();
    });
    return found;
  }

  return {
    async begin() {
      const configuration = await provider();
      const verifier = oidc.randomPKCECodeVerifier();
      const pending = { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier };
      const url = oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        resource,
        scope: `openid ${operatorRole}`,
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      return { url, pending };
    },

    async finish(callback, { state, nonce, verifier }) {
      const configuration = await provider();
      const tokens = await answered(
        oidc.authorizationCodeGrant(
          configuration,
          callback,
          { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true },
          { resource },
        ),
      );
      return tokens.access_token;
    },
  };
}

/** What the provider refused or answered wrongly is a no; what did not arrive is worth repeating. */
async function answered<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof oidc.AuthorizationResponseError || error instanceof oidc.ResponseBodyError)
      throw new Refusal('token.invalid', 'The identity provider refused this sign-in.');
    if (error instanceof oidc.ClientError && error.code !== 'OAUTH_TIMEOUT')
      throw new Refusal('token.invalid', 'The answer of the identity provider does not belong to this sign-in.');
    throw unreachable();
  }
}

function unreachable(): Refusal {
  return new Refusal('identity.unreachable', 'The identity provider does not answer; try again.');
}
