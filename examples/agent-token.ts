/** The agent proves who it is with its own key (private_key_jwt), and gets an access token for the API. */
import { readFile } from 'node:fs/promises';
import * as oauth from 'openid-client';
import { importJWK, type JWK } from 'jose';

const scope = 'actions:request actions:read actions:release';

export function agentToken(env: NodeJS.ProcessEnv): () => Promise<string> {
  const { COUNTERSIGN_URL: resource = '', COUNTERSIGN_ISSUER = '', AGENT_ID = '', AGENT_KEY_FILE = '' } = env;
  const client = (async () => {
    const jwk: JWK & { alg: string } = JSON.parse(await readFile(AGENT_KEY_FILE, 'utf8'));
    const key = await importJWK(jwk, jwk.alg);
    if (key instanceof Uint8Array) throw new Error('AGENT_KEY_FILE must hold a private JWK');
    const issuer = new URL(COUNTERSIGN_ISSUER);
    const local = issuer.hostname === 'localhost' ? { execute: [oauth.allowInsecureRequests] } : {};
    const proof = oauth.PrivateKeyJwt({ key, kid: jwk.kid ?? '' });
    return oauth.discovery(issuer, AGENT_ID, undefined, proof, local);
  })();
  return async () => (await oauth.clientCredentialsGrant(await client, { scope, resource })).access_token;
}
