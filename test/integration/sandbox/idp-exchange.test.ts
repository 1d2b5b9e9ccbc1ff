import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, decodeJwt, generateKeyPair, importJWK, jwtVerify, SignJWT, type CryptoKey } from 'jose';
import * as oidc from 'openid-client';
import { headlessBrowser } from '../../../sandbox/src/idp/headless.js';
import { startIdentityProvider, type RunningIdentityProvider } from '../../../sandbox/src/idp/server.js';
import { sandboxCredentials } from '../../../sandbox/src/idp/state.js';
import { agent, agentKey, apiResource, codeFlow, person, redirectUri, refusal } from './idp-client.js';

const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessToken = 'urn:ietf:params:oauth:token-type:access_token';
const stateDir = mkdtempSync(join(tmpdir(), 'sandbox-idp-'));
let idp: RunningIdentityProvider;
let providersKey: CryptoKey | Uint8Array;
let kid: string;
/** Chen's, with leave to act for Chen and nothing else. */
let subjectToken: string;

beforeAll(async () => {
  const agents = [{ clientId: 'triage_agent', jwks: agentKey.jwks, scope: 'actions:request actions:read' }];
  idp = await startIdentityProvider({ port: 0, stateDir, apiResource, agents, consoleRedirects: [], totpPeriod: 2 });
  const { signingKey } = JSON.parse(readFileSync(join(stateDir, 'provider.json'), 'utf8'));
  providersKey = await importJWK(signingKey, 'ES256');
  kid = signingKey.kid;
  subjectToken = await tokenOf('chen', 'openid actions:act-for');
});
afterAll(async () => {
  await idp.close();
  rmSync(stateDir, { recursive: true });
});

const tokenOf = async (name: string, scope: string, browser = headlessBrowser()) => {
  const credentials = sandboxCredentials(stateDir, name);
  return (await codeFlow(await person(idp.issuer), { credentials, scope, browser })).access_token;
};

type Asked = Readonly<Record<string, string>>;
const exchange = async (token: string, more: Asked = {}) =>
  oidc.genericGrantRequest(await agent(idp.issuer), grantType, {
    subject_token: token,
    subject_token_type: accessToken,
    ...more,
  });

/** The subject token again, changed and signed by the provider itself: what is refused then is refused for the change. */
const resigned = (
  change: object,
  { key = providersKey, typ = 'at+jwt' }: { key?: typeof providersKey; typ?: string } = {},
) => new SignJWT({ ...decodeJwt(subjectToken), ...change }).setProtectedHeader({ alg: 'ES256', kid, typ }).sign(key);

describe('the principal token of an exchange (RFC 8693)', () => {
  it('names the person, the agent that acts, and the API, and is no access token', async () => {
    const answer = await exchange(subjectToken, { resource: apiResource });
    const { payload, protectedHeader } = await jwtVerify(
      answer.access_token,
      createRemoteJWKSet(new URL(`${idp.issuer}/jwks`)),
      { issuer: idp.issuer, audience: apiResource, typ: 'principal+jwt', algorithms: ['ES256'] },
    );
    const { exp, auth_time, amr } = decodeJwt<{ auth_time: number; amr: string[] }>(subjectToken);
    expect(payload).toMatchObject({
      sub: 'chen',
      act: { sub: 'triage_agent' },
      client_id: 'triage_agent',
      scope: 'actions:act-for',
      auth_time,
      amr,
      jti: expect.any(String),
    });
    expect(Number(payload.exp)).toBeLessThanOrEqual(Number(exp));
    expect(Number(payload.exp) - Number(payload.iat)).toBeLessThanOrEqual(900);
    expect(protectedHeader.kid).toBe(kid);
    expect(answer).toMatchObject({ token_type: 'n_a', issued_token_type: 'urn:ietf:params:oauth:token-type:jwt' });
    expect(answer.expires_in).toBe(Number(payload.exp) - Number(payload.iat));
  });

  it('ends with a subject token that has less than its time left', async () => {
    const exp = Math.floor(Date.now() / 1_000) + 60;
    const { access_token } = await exchange(await resigned({ exp }));
    expect(decodeJwt(access_token).exp).toBe(exp);
  });

  it('lives fifteen minutes at most, however long the subject token does', async () => {
    const { access_token } = await exchange(await resigned({ exp: Math.floor(Date.now() / 1_000) + 86_400 }));
    const { exp, iat } = decodeJwt(access_token);
    expect(Number(exp) - Number(iat)).toBe(900);
  });

  it('is another one each time', async () => {
    const ids = [await exchange(subjectToken), await exchange(subjectToken)].map(
      ({ access_token }) => decodeJwt(access_token).jti,
    );
    expect(new Set(ids).size).toBe(2);
  });
});

describe('an exchange is refused', () => {
  const otherKey = generateKeyPair('ES256').then(({ privateKey }) => privateKey);

  it.each<[what: string, token: () => Promise<string>]>([
    ['that has expired', () => resigned({ exp: Math.floor(Date.now() / 1_000) - 1 })],
    ['for another audience', () => resigned({ aud: 'http://127.0.0.1:1/other' })],
    ['of another issuer', () => resigned({ iss: 'http://127.0.0.1:1' })],
    ['signed by another key', async () => resigned({}, { key: await otherKey })],
    ['of another kind', () => resigned({}, { typ: 'JWT' })],
    ['about nobody here', () => resigned({ sub: 'mallory' })],
    ['about another person than signed in', () => resigned({ sub: 'dora' })],
    ['of no session', () => resigned({ sid: 'none' })],
    ['that could vote as well', () => resigned({ scope: 'actions:act-for approvals:vote' })],
    ['without leave to act', () => resigned({ scope: 'approvals:vote' })],
    ['that really lets its person vote', () => tokenOf('dora', 'openid approvals:vote actions:act-for')],
    ['of a person whom nobody may act for', () => tokenOf('elif', 'openid actions:act-for')],
    ["that is an agent's own", async () => (await oidc.clientCredentialsGrant(await agent(idp.issuer))).access_token],
    ['that is a principal token itself', async () => (await exchange(subjectToken)).access_token],
    ['that is no token', () => Promise.resolve('chen')],
  ])('for a subject token %s', async (_what, token) => {
    const subject = await token();
    expect(await refusal(exchange(subject))).toBe('invalid_request');
  });

  it.each<[what: string, more: Asked, error: string]>([
    ['another resource', { resource: 'http://127.0.0.1:1/other' }, 'invalid_target'],
    ['another audience', { audience: 'ehr' }, 'invalid_target'],
    ['another scope', { scope: 'approvals:vote' }, 'invalid_scope'],
    ['an access token', { requested_token_type: accessToken }, 'invalid_request'],
    ['an actor other than the caller', { actor_token: 'x', actor_token_type: accessToken }, 'invalid_request'],
    ['another kind of subject', { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' }, 'invalid_request'],
  ])('when it asks for %s', async (_what, more, error) => {
    expect(await refusal(exchange(subjectToken, more))).toBe(error);
  });

  it('to a client that is no agent', async () => {
    const request = { subject_token: subjectToken, subject_token_type: accessToken };
    const grant = oidc.genericGrantRequest(await person(idp.issuer), grantType, request);
    expect(await refusal(grant)).toBe('invalid_request');
  });

  it('once the person has signed out', async () => {
    const browser = headlessBrowser();
    const token = await tokenOf('farid', 'openid actions:act-for', browser);
    expect(await refusal(exchange(token))).toBe('not refused');
    const page = await browser.open(`${idp.issuer}/session/end`, redirectUri);
    if (page.status !== 'page') throw new Error('nobody was asked to sign out');
    await browser.submit(page.page, { logout: 'yes' }, redirectUri);
    expect(await refusal(exchange(token))).toBe('invalid_request');
  });
});
