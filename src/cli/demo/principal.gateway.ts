/** The token with which an agent acts for a person: the person signs in and lets it, the agent exchanges (RFC 8693). */
import { readFileSync } from 'node:fs';
import { importJWK } from 'jose';
import * as oidc from 'openid-client';
import { z } from 'zod';
import type { SignIn } from '../sign-in/code-flow.gateway.js';

const privateJwk = z.looseObject({ kty: z.literal('EC'), kid: z.string(), alg: z.string() });

export interface PrincipalTokenOptions {
  readonly issuer: string;
  readonly api: string;
  readonly agent: string;
  readonly agentKeyFile: string;
  /** The person's. */
  readonly signIn: SignIn;
}

export async function principalToken(options: PrincipalTokenOptions): Promise<string> {
  const { issuer, api, agent, agentKeyFile, signIn } = options;
  const { token: subjectToken } = await signIn.accessToken(['actions:act-for']);
  const jwk = privateJwk.parse(JSON.parse(readFileSync(agentKeyFile, 'utf8')));
  const key = await importJWK(jwk, jwk.alg);
  if (key instanceof Uint8Array) throw new Error('the key file of an agent must hold a private key');
  const client = await oidc.discovery(
    new URL(issuer),
    agent,
    undefined,
    oidc.PrivateKeyJwt({ key, kid: jwk.kid }),
    { execute: [oidc.allowInsecureRequests] }, // a development stack, on this machine
  );
  const exchanged = await oidc.genericGrantRequest(client, 'urn:ietf:params:oauth:grant-type:token-exchange', {
    subject_token: subjectToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    resource: api,
  });
  return exchanged.access_token;
}
