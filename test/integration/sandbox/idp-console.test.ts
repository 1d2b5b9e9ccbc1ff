/** The console's sign-in: plain pages of another origin, which talk to the provider from the browser. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { z } from 'zod';
import { headlessBrowser, headlessSignIn, type HeadlessBrowser } from '../../../sandbox/src/idp/headless.js';
import { pageHeaders } from '../../../sandbox/src/idp/pages.js';
import { startIdentityProvider, type RunningIdentityProvider } from '../../../sandbox/src/idp/server.js';
import { sandboxCredentials, type Credentials } from '../../../sandbox/src/idp/state.js';
import { agentKey, apiResource } from './idp-client.js';

const stateDir = mkdtempSync(join(tmpdir(), 'sandbox-idp-'));
const secrets = (name: string) => sandboxCredentials(stateDir, name);
const mfa = 'urn:countersign:acr:mfa';
const pages = 'http://localhost:8787';
const redirectUri = `${pages}/enrol`;
const nonce = 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg';
let idp: RunningIdentityProvider;

beforeAll(async () => {
  idp = await startIdentityProvider({
    port: 0,
    issuerHost: 'localhost',
    stateDir,
    apiResource,
    agents: [{ clientId: 'triage_agent', jwks: agentKey.jwks, scope: 'actions:request' }],
    consoleRedirects: [redirectUri, `${pages}/vote`],
    totpPeriod: 2,
  });
});
afterAll(async () => {
  await idp.close();
  rmSync(stateDir, { recursive: true });
});

const tokens = z.object({ access_token: z.string(), id_token: z.string(), scope: z.string() });

interface CodeOf {
  readonly ask?: Readonly<Record<string, string>>;
  readonly clientId?: string;
  readonly redirect?: string;
  readonly browser?: HeadlessBrowser;
}

/** A code that waits to be redeemed, and what redeems it. */
const codeOf = async (
  credentials: Partial<Credentials> & Pick<Credentials, 'person' | 'password'>,
  { ask = {}, clientId = 'countersign-console', redirect = redirectUri, browser = headlessBrowser() }: CodeOf = {},
) => {
  const verifier = oidc.randomPKCECodeVerifier();
  const authorizationUrl = new URL(`${idp.issuer}/auth`);
  authorizationUrl.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirect,
    resource: apiResource,
    scope: 'openid approvals:read approvals:vote',
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...ask,
  }).toString();
  const callback = await headlessSignIn({ ...credentials, authorizationUrl, redirectUri: redirect, browser });
  return new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: clientId,
    redirect_uri: redirect,
    code: callback.searchParams.get('code') ?? '',
    code_verifier: verifier,
  });
};

const redeem = (form: URLSearchParams, origin: string) =>
  fetch(`${idp.issuer}/token`, { method: 'POST', body: form, headers: { origin } });
const readableBy = (response: Response) => response.headers.get('access-control-allow-origin');
const idTokenClaims = async (form: URLSearchParams) => {
  const answer = tokens.parse(await (await redeem(form, pages)).json());
  const keys = createRemoteJWKSet(new URL(`${idp.issuer}/jwks`));
  return (await jwtVerify(answer.id_token, keys, { issuer: idp.issuer, audience: 'countersign-console' })).payload;
};

describe('a page of the console', () => {
  it('walks the whole code flow from its own origin, and gets a fresh ID token for its nonce', async () => {
    const asked = Math.floor(Date.now() / 1_000);
    const form = await codeOf(secrets('chen'), { ask: { max_age: '0', acr_values: mfa } });
    const response = await redeem(form, pages);
    expect([response.status, readableBy(response)]).toEqual([200, pages]);
    const answer = tokens.parse(await response.json());
    expect(answer.scope).toBe('approvals:read approvals:vote');
    const keys = createRemoteJWKSet(new URL(`${idp.issuer}/jwks`));
    const expected = { issuer: idp.issuer, audience: 'countersign-console', algorithms: ['ES256'] };
    const { payload } = await jwtVerify(answer.id_token, keys, expected);
    expect(payload).toMatchObject({ sub: 'chen', nonce, acr: mfa, amr: ['pwd', 'otp', 'mfa'] });
    expect(payload['auth_time']).toBeGreaterThanOrEqual(asked);
  });

  it.each([['openid-configuration'], ['jwks']])('may read %s', async (path) => {
    const url = path === 'jwks' ? `${idp.issuer}/jwks` : `${idp.issuer}/.well-known/${path}`;
    const response = await fetch(url, { headers: { origin: pages } });
    expect([response.status, readableBy(response)]).toEqual([200, pages]);
  });

  it('hears why it was refused', async () => {
    const form = await codeOf(secrets('amara'));
    form.set('code_verifier', oidc.randomPKCECodeVerifier());
    const response = await redeem(form, pages);
    expect([response.status, readableBy(response), await response.json()]).toEqual([
      400,
      pages,
      expect.objectContaining({ error: 'invalid_grant' }),
    ]);
  });

  it('is where the sign-in form may lead', () => {
    expect(pageHeaders['content-security-policy']).toContain(`http://${new URL(pages).hostname}:*`);
  });

  it('asks again for a step-up, although a session lives', async () => {
    const browser = headlessBrowser();
    const { totpSecret: _absent, ...weak } = secrets('dora');
    expect(await idTokenClaims(await codeOf(weak, { browser }))).toMatchObject({ acr: 'urn:countersign:acr:pwd' });
    const unasked = codeOf({ person: 'dora', password: 'unused' }, { browser }); // the session answers
    expect(await idTokenClaims(await unasked)).toMatchObject({ sub: 'dora', acr: 'urn:countersign:acr:pwd' });
    await expect(codeOf(weak, { browser, ask: { acr_values: mfa } })).rejects.toThrow('needs a one-time code as well');
    const stronger = await codeOf(secrets('dora'), { browser, ask: { acr_values: mfa } });
    expect(await idTokenClaims(stronger)).toMatchObject({ sub: 'dora', acr: mfa });
    const asked = Math.floor(Date.now() / 1_000);
    const fresh = await codeOf(secrets('dora'), { browser, ask: { acr_values: mfa, max_age: '0' } });
    expect((await idTokenClaims(fresh))['auth_time']).toBeGreaterThanOrEqual(asked);
  });
});

describe('a page of anybody else', () => {
  it.each([
    ['https://elsewhere.example'],
    ['http://localhost:8788'],
    ['https://localhost:8787'],
    ['http://localhost:8787.elsewhere.example'],
    ['null'],
  ])('at %s gets no token for the code of the console, and cannot read the answer', async (origin) => {
    const form = await codeOf(secrets('ben'));
    const response = await redeem(form, origin);
    expect([response.status, readableBy(response)]).toEqual([400, null]);
    expect((await redeem(form, pages)).status).toBe(200); // the code was not used up by it
  });

  it('has no use of another client either: theirs do not run in browsers', async () => {
    const redirect = 'http://127.0.0.1:49152/callback';
    const form = await codeOf(secrets('farid'), { clientId: 'countersign-cli', redirect });
    for (const origin of [pages, new URL(redirect).origin]) {
      const response = await redeem(form, origin);
      expect([origin, response.status, readableBy(response)]).toEqual([origin, 400, null]);
    }
  });
});
