/** An agent's tokens: its own by its key (private_key_jwt), and one to act for a person who lets it (RFC 8693). */
import { readFileSync } from 'node:fs';
import { importJWK } from 'jose';
import * as oidc from 'openid-client';
import { z } from 'zod';
import type { SignIn } from './code-flow.gateway.js';
import { isLoopback } from './place.js';

const privateJwk = z.looseObject({ kty: z.literal('EC'), kid: z.string(), alg: z.string() });

export interface AgentKey {
  readonly issuer: string;
  /** The API, as the audience of its tokens says it. */
  readonly api: string;
  readonly agent: string;
  readonly keyFile: string;
}

/** A token with which the agent asks the API for actions, and does what else these scopes let it. */
export async function agentToken({ api, ...key }: AgentKey, more: readonly string[] = []): Promise<string> {
  const client = await clientOf(key);
  const scope = ['actions:request', ...more].join(' ');
  return (await oidc.clientCredentialsGrant(client, { scope, resource: api })).access_token;
}

/** A token with which the agent acts for the person who signed in: the person lets it, the agent exchanges. */
export async function principalToken({ api, signIn, ...key }: AgentKey & { readonly signIn: SignIn }): Promise<string> {
  const { token: subjectToken } = await signIn.accessToken(['actions:act-for']);
  const client = await clientOf(key);
  const exchanged = await oidc.genericGrantRequest(client, 'urn:ietf:params:oauth:grant-type:token-exchange', {
    subject_token: subjectToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    resource: api,
  });
  return exchanged.access_token;
}

async function clientOf({ issuer, agent, keyFile }: Omit<AgentKey, 'api'>): Promise<oidc.Configuration> {
  const jwk = privateJwk.parse(JSON.parse(readFileSync(keyFile, 'utf8')));
  const key = await importJWK(jwk, jwk.alg);
  if (key instanceof Uint8Array) throw new Error('the key file of an agent must hold a private key');
  const local = isLoopback(issuer) ? { execute: [oidc.allowInsecureRequests] } : undefined;
  return oidc.discovery(new URL(issuer), agent, undefined, oidc.PrivateKeyJwt({ key, kid: jwk.kid }), local);
}
