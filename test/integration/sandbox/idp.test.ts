import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { headlessBrowser, headlessSignIn } from '../../../sandbox/src/idp/headless.js';
import { personTokens } from '../../../sandbox/src/idp/person-tokens.js';
import { startIdentityProvider, type RunningIdentityProvider } from '../../../sandbox/src/idp/server.js';
import { sandboxCredentials } from '../../../sandbox/src/idp/state.js';
import { totpCode, totpStep } from '../../../sandbox/src/idp/totp.js';
import { assertion, newKey } from './ehr-client.js';
import { agent, agentKey, apiResource, codeFlow, person, redirectUri, refusal, strangersKey } from './idp-client.js';

const stateDir = mkdtempSync(join(tmpdir(), 'sandbox-idp-'));
const secrets = (name: string) => sandboxCredentials(stateDir, name);
const mfa = 'urn:countersign:acr:mfa';
const consoleRedirect = 'http://localhost:8787/signed-in';
let idp: RunningIdentityProvider;

beforeAll(async () => {
  idp = await startIdentityProvider({
    port: 0,
    issuerHost: 'localhost',
    stateDir,
    apiResource,
    agents: [{ clientId: 'triage_agent', jwks: agentKey.jwks, scope: 'actions:request actions:read actions:release' }],
    consoleRedirects: [consoleRedirect],
    totpPeriod: 2,
  });
});
afterAll(async () => {
  await idp.close();
  rmSync(stateDir, { recursive: true });
});

const accessClaims = async (token: string) => {
  const keys = createRemoteJWKSet(new URL(`${idp.issuer}/jwks`));
  const expected = { issuer: idp.issuer, audience: apiResource, typ: 'at+jwt', algorithms: ['ES256'] };
  return (await jwtVerify(token, keys, expected)).payload;
};

describe('a person signing in by the code flow', () => {
  it('gets an access token for the API that says how they signed in (RFC 9068)', async () => {
    const before = Math.floor(Date.now() / 1_000);
    const tokens = await codeFlow(await person(idp.issuer), {
      credentials: secrets('amara'),
      scope: 'openid approvals:read approvals:vote',
    });
    const claims = await accessClaims(tokens.access_token);
    expect(claims).toMatchObject({
      sub: 'amara',
      client_id: 'countersign-cli',
      scope: 'approvals:read approvals:vote',
      acr: mfa,
      amr: ['pwd', 'otp', 'mfa'],
    });
    expect(claims['auth_time']).toBeGreaterThanOrEqual(before);
    expect(Number(claims.exp) - Number(claims.iat)).toBe(900);
  });

  it('is given what their roles allow of what was asked', async () => {
    const scope = 'openid operator audit:read approvals:vote';
    const granted = async (name: string) =>
      (await codeFlow(await person(idp.issuer), { credentials: secrets(name), scope })).scope;
    expect(await granted('ben')).toBe('approvals:vote');
    expect(await granted('finn')).toBe('operator');
    expect(await granted('sami')).toBe('approvals:vote audit:read');
  });

  it.each([
    ['no PKCE', { code_challenge: '', code_challenge_method: '' }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a scope of agents', { scope: 'openid actions:request' }, 'invalid_scope'],
    ['another audience', { resource: 'http://127.0.0.1:1/other' }, 'invalid_target'],
    ['no page to be shown', { prompt: 'none' }, 'login_required'],
  ])('is refused with %s', async (_what, ask, error) => {
    const flow = codeFlow(await person(idp.issuer), { credentials: secrets('amara'), ask });
    expect(await refusal(flow)).toBe(error);
  });

  it('gets no tokens in the address', async () => {
    const url = oidc.buildAuthorizationUrl(await person(idp.issuer), {
      redirect_uri: redirectUri,
      response_type: 'id_token',
      scope: 'openid',
      nonce: 'n',
    });
    const end = await headlessBrowser().open(url.href, redirectUri);
    expect(end.status === 'arrived' && end.url.hash).toContain('error=unsupported_response_type');
  });

  it('is not sent to an address that nobody registered', async () => {
    const ask = { redirect_uri: 'http://127.0.0.1:49152/elsewhere' };
    await expect(codeFlow(await person(idp.issuer), { credentials: secrets('amara'), ask })).rejects.toThrow(
      'the identity provider answered 400: redirect_uri did not match',
    );
  });

  it('gets no token for a code whose verifier is another', async () => {
    const client = await person(idp.issuer);
    const authorizationUrl = oidc.buildAuthorizationUrl(client, {
      redirect_uri: redirectUri,
      scope: 'openid',
      code_challenge: await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    });
    const callback = await headlessSignIn({ authorizationUrl, redirectUri, ...secrets('chen') });
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
    const grant = oidc.authorizationCodeGrant(client, callback, { pkceCodeVerifier });
    expect(await refusal(grant)).toBe('invalid_grant');
  });

  it.each<[what: string, wrong: () => object, words: string]>([
    ['a wrong password', () => ({ password: 'Password1' }), 'The person, password or code is not right.'],
    ["somebody else's password", () => ({ password: secrets('ben').password }), 'password or code is not right'],
    ['a wrong authenticator', () => ({ totpSecret: secrets('ben').totpSecret }), 'password or code is not right'],
    ['no code where both factors are asked for', () => ({ totpSecret: undefined }), 'needs a one-time code as well'],
  ])('is told of %s, and goes nowhere', async (_what, wrong, words) => {
    const { totpSecret, ...others } = { ...secrets('amara'), ...wrong() };
    const credentials = { ...others, ...(totpSecret !== undefined && { totpSecret }) };
    const flow = codeFlow(await person(idp.issuer), { credentials, ask: { acr_values: mfa } });
    await expect(flow).rejects.toThrow(words);
  });

  it('cannot use a one-time code twice, though its time is not over', async () => {
    const { password, totpSecret, totpPeriod } = secrets('dora');
    const form = { person: 'dora', password, code: totpCode(totpSecret, totpStep(Date.now(), totpPeriod) + 1) };
    const url = oidc.buildAuthorizationUrl(await person(idp.issuer), {
      redirect_uri: redirectUri,
      scope: 'openid',
      code_challenge: await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    });
    const typed = async () => {
      const browser = headlessBrowser();
      const shown = await browser.open(url.href, redirectUri);
      if (shown.status !== 'page') throw new Error('nobody was asked to sign in');
      return browser.submit(shown.page, form, redirectUri);
    };
    expect(await typed()).toMatchObject({ status: 'arrived' });
    expect(await typed()).toMatchObject({
      status: 'page',
      page: { status: 403, html: expect.stringContaining('That code was used already.') },
    });
  });

  it('may cancel, which the application hears', async () => {
    const browser = headlessBrowser();
    const url = oidc.buildAuthorizationUrl(await person(idp.issuer), {
      redirect_uri: redirectUri,
      scope: 'openid',
      code_challenge: await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    });
    const shown = await browser.open(url.href, redirectUri);
    if (shown.status !== 'page') throw new Error('nobody was asked to sign in');
    const end = await browser.submit(shown.page, { cancel: 'yes' }, redirectUri);
    expect(end.status === 'arrived' && end.url.searchParams.get('error')).toBe('access_denied');
  });

  it('can be somebody else next, in the same browser', async () => {
    const client = await person(idp.issuer);
    const browser = headlessBrowser();
    const subject = async (name: string) =>
      (await codeFlow(client, { credentials: secrets(name), browser, ask: { max_age: '0' } })).claims()?.sub;
    expect([await subject('farid'), await subject('elif')]).toEqual(['farid', 'elif']);
  });

  it('does so from the console too, which may not let agents act', async () => {
    const ask = { redirect_uri: consoleRedirect, scope: 'openid actions:act-for' };
    const client = await person(idp.issuer, 'countersign-console');
    const url = oidc.buildAuthorizationUrl(client, {
      ...ask,
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    });
    const end = await headlessBrowser().open(url.href, consoleRedirect);
    expect(end.status === 'arrived' && end.url.searchParams.get('error')).toBe('invalid_scope');
    url.searchParams.set('scope', 'openid approvals:vote');
    expect(await headlessBrowser().open(url.href, consoleRedirect)).toMatchObject({ page: { status: 200 } });
  });
});

describe('the ID token of a vote', () => {
  const nonce = 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg';

  it('holds the nonce and how and when the person signed in, and nothing about who they are', async () => {
    const tokens = await codeFlow(await person(idp.issuer), {
      credentials: secrets('elif'),
      scope: 'openid approvals:vote',
      ask: { nonce, max_age: '0', acr_values: mfa },
    });
    expect(tokens.claims()).toEqual({
      iss: idp.issuer,
      aud: 'countersign-cli',
      sub: 'elif',
      nonce,
      acr: mfa,
      amr: ['pwd', 'otp', 'mfa'],
      auth_time: expect.any(Number),
      iat: expect.any(Number),
      exp: expect.any(Number),
    });
  });

  it('names nobody, whatever scope or claim is asked for', async () => {
    const client = await person(idp.issuer);
    const ask = { claims: JSON.stringify({ id_token: { name: { essential: true }, email: null } }) };
    const claims = (await codeFlow(client, { credentials: secrets('farid'), ask })).claims();
    expect(Object.keys(claims ?? {})).not.toEqual(expect.arrayContaining([expect.stringMatching(/name|email|roles/)]));
    const named = codeFlow(client, { credentials: secrets('farid'), scope: 'openid profile email' });
    expect(await refusal(named)).toBe('not refused');
    expect(Object.keys((await named).claims() ?? {})).not.toContain('name');
  });

  it('with max_age=0 stands for a sign-in that happened for it, however fresh the session', async () => {
    const client = await person(idp.issuer);
    const browser = headlessBrowser();
    const signIn = (ask: Readonly<Record<string, string>>) =>
      codeFlow(client, { credentials: secrets('chen'), browser, ask });
    const authTime = async (ask: Readonly<Record<string, string>>) => (await signIn(ask)).claims()?.auth_time;
    const first = Number(await authTime({}));
    while (Math.floor(Date.now() / 1_000) === first) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await authTime({ nonce })).toBe(first); // a live session lends its name to any nonce: why votes ask for max_age=0
    const challenged = Math.floor(Date.now() / 1_000);
    expect(await authTime({ nonce, max_age: '0' })).toBeGreaterThanOrEqual(challenged);
  });

  it('says password only for a sign-in without code, and a request for both factors asks again', async () => {
    const client = await person(idp.issuer);
    const browser = headlessBrowser();
    const { totpSecret: _absent, ...weak } = secrets('sami');
    const first = await codeFlow(client, { credentials: weak, browser });
    expect(first.claims()).toMatchObject({ acr: 'urn:countersign:acr:pwd', amr: ['pwd'] });
    const stepUp = await codeFlow(client, { credentials: secrets('sami'), browser, ask: { acr_values: mfa } });
    expect(stepUp.claims()).toMatchObject({ acr: mfa, amr: ['pwd', 'otp', 'mfa'] });
  });
});

describe('an agent', () => {
  const scope = 'actions:request actions:read';

  it.each(['ES384', 'RS384'])('signs in by %s and gets a token that says so of nobody else', async (alg) => {
    const key = await newKey(alg);
    const folder = mkdtempSync(join(tmpdir(), 'sandbox-idp-'));
    const agents = [{ clientId: 'triage_agent', jwks: key.jwks, scope }];
    const other = await startIdentityProvider({ port: 0, stateDir: folder, apiResource, agents, consoleRedirects: [] });
    const proof = oidc.PrivateKeyJwt({ key: key.privateKey, kid: key.kid });
    const insecure = { execute: [oidc.allowInsecureRequests] };
    const client = await oidc.discovery(new URL(other.issuer), 'triage_agent', undefined, proof, insecure);
    const tokens = await oidc.clientCredentialsGrant(client, { scope });
    await other.close();
    rmSync(folder, { recursive: true });
    const { sub, client_id, scope: granted, aud, acr, amr, sid } = decodeJwt(tokens.access_token);
    expect({ sub, client_id, granted, aud }).toEqual({
      sub: 'triage_agent',
      client_id: 'triage_agent',
      granted: scope,
      aud: apiResource,
    });
    expect([acr, amr, sid]).toEqual([undefined, undefined, undefined]);
  });

  it('is refused with a key that is not its own', async () => {
    const client = await agent(idp.issuer, strangersKey);
    expect(await refusal(oidc.clientCredentialsGrant(client, { scope }))).toBe('invalid_client');
  });

  it.each(['approvals:vote', 'audit:read', 'operator', 'actions:act-for'])('never gets %s', async (wanted) => {
    const grant = oidc.clientCredentialsGrant(await agent(idp.issuer), { scope: wanted });
    expect(await refusal(grant)).toBe('invalid_scope');
  });

  it('gets no token for another audience', async () => {
    const resource = 'http://127.0.0.1:1/other';
    const grant = oidc.clientCredentialsGrant(await agent(idp.issuer), { scope, resource });
    expect(await refusal(grant)).toBe('invalid_target');
  });

  it.each<[what: string, more: object, second: number]>([
    ['used twice', { jti: 'once-only' }, 401],
    ['dated more than five minutes ahead', { expires: 400 }, 401],
    ['expired', { expires: -30 }, 401],
    ['meant for another server', { audience: 'http://127.0.0.1:1/token' }, 401],
    ['good', {}, 200],
  ])('with an assertion that is %s', async (_what, more, status) => {
    const signed = await assertion(agentKey, { issuer: 'triage_agent', audience: idp.issuer, ...more });
    const send = async () => {
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: signed,
        scope,
      });
      return (await fetch(`${idp.issuer}/token`, { method: 'POST', body })).status;
    };
    if ('jti' in more) await send();
    expect(await send()).toBe(status);
  });
});

describe('personTokens', () => {
  it('walks the whole flow without a library, for the CLI and the demo', async () => {
    const nonce = 'of-one-decision';
    const credentials = secrets('ben');
    const tokens = await personTokens({
      issuer: idp.issuer,
      apiResource,
      credentials,
      scope: 'openid approvals:vote operator',
      nonce,
      maxAge: 0,
    });
    expect(tokens).toMatchObject({ scope: 'approvals:vote', expiresIn: 900 });
    expect(await accessClaims(tokens.accessToken)).toMatchObject({ sub: 'ben', acr: mfa });
    expect(decodeJwt(tokens.idToken ?? '')).toMatchObject({ sub: 'ben', nonce, aud: 'countersign-cli' });
  });

  it.each<[what: string, more: object, words: string]>([
    ['a refused scope', { scope: 'actions:request' }, 'authorization refused: invalid_scope'],
    ['another audience', { apiResource: 'http://127.0.0.1:1/' }, 'authorization refused: invalid_target'],
    ['an unknown client', { clientId: 'nobody' }, 'client is invalid'],
  ])('says what went wrong: %s', async (_what, more, words) => {
    const options = { issuer: idp.issuer, apiResource, credentials: secrets('amara'), scope: 'openid', ...more };
    await expect(personTokens(options)).rejects.toThrow(words);
  });
});
