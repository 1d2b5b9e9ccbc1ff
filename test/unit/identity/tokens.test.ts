import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPair } from 'jose';
import {
  requireScope,
  tokenVerifier,
  tokenVerifiers,
  type TokenVerifier,
} from '../../../src/identity/tokens.gateway.js';
import { startIssuer, unsigned, type Claims, type Issuer, type Signing } from './issuer.js';

const api = 'https://api.example/';
const client = 'countersign-cli';
const rootsOf = ({ url, jwksUri }: Issuer) => ({
  issuer: url,
  audiences: [api],
  clients: [client, 'console'],
  jwksUri,
});

let issuer: Issuer;
let stranger: Issuer;
let verify: TokenVerifier;
beforeAll(async () => {
  [issuer, stranger] = await Promise.all([startIssuer(), startIssuer()]);
});
beforeEach(() => {
  verify = tokenVerifier([rootsOf(issuer)]);
});
afterAll(() => Promise.all([issuer.close(), stranger.close()]));

const now = (): number => Math.floor(Date.now() / 1000);
const life = () => ({ iat: now(), exp: now() + 300 });
const sign = (claims: Claims, signing?: Signing) => issuer.sign(claims, signing);
const refusal = (code: string) => expect.objectContaining({ name: 'Refusal', code });

const access = { typ: 'at+jwt' };
const agentClaims = () => ({
  iss: issuer.url,
  aud: api,
  sub: 'triage-agent',
  client_id: 'triage-agent',
  scope: 'actions:request',
  ...life(),
});
const personClaims = () => ({
  iss: issuer.url,
  aud: api,
  sub: 'amara',
  client_id: client,
  scope: 'approvals:read approvals:vote',
  ...life(),
});
const principalClaims = () => ({
  ...personClaims(),
  client_id: 'triage-agent',
  act: { sub: 'triage-agent' },
  scope: 'actions:act-for',
});
const voteClaims = () => ({
  iss: issuer.url,
  aud: client,
  sub: 'amara',
  nonce: 'hash',
  auth_time: now(),
  acr: 'mfa',
  amr: ['pwd'],
  ...life(),
});

describe('an agent’s access token', () => {
  it('says who calls and with which scopes, and nothing else comes out of it', async () => {
    const token = await sign({ ...agentClaims(), name: 'Mallory' }, access);
    expect(await verify.agent(token)).toEqual({ client: 'triage-agent', scopes: ['actions:request'] });
  });

  it('may grant nothing', async () => {
    const { scope: _scope, ...without } = agentClaims();
    expect(await verify.agent(await sign(without, access))).toEqual({ client: 'triage-agent', scopes: [] });
  });

  it('is not a person’s', async () => {
    await expect(verify.agent(await sign(personClaims(), access))).rejects.toEqual(refusal('token.invalid'));
  });
});

describe('a person’s access token', () => {
  it('names the person by issuer and subject', async () => {
    expect(await verify.person(await sign(personClaims(), access))).toEqual({
      issuer: issuer.url,
      subject: 'amara',
      scopes: ['approvals:read', 'approvals:vote'],
    });
  });

  it('is not an agent’s', async () => {
    await expect(verify.person(await sign(agentClaims(), access))).rejects.toEqual(refusal('token.invalid'));
  });

  it('has the scopes that it names and no part of one', async () => {
    const token = await verify.person(await sign(personClaims(), access));
    expect(() => requireScope(token, 'approvals:vote')).not.toThrow();
    for (const scope of ['approvals', 'vote', 'approvals:read approvals:vote', ''])
      expect(() => requireScope(token, scope)).toThrow(refusal('token.scope'));
  });
});

describe('a principal’s token', () => {
  const principal = (more: Claims = {}, typ = 'principal+jwt') =>
    sign({ ...principalClaims(), ...more }, { typ }).then((token) => verify.principal(token, 'triage-agent'));

  it('names the person that this agent acts for', async () => {
    expect(await principal()).toMatchObject({ issuer: issuer.url, subject: 'amara' });
  });

  it.each<[what: string, claims: Claims, typ: string, code: string]>([
    ['given to another agent', { act: { sub: 'billing-agent' } }, 'principal+jwt', 'principal.other_agent'],
    ['that lets nobody act', { act: undefined }, 'principal+jwt', 'token.invalid'],
    ['whose actor is no name', { act: 'triage-agent' }, 'principal+jwt', 'token.invalid'],
    ['without the scope to act', { scope: 'approvals:vote' }, 'principal+jwt', 'token.scope'],
    ['that is the person’s own access token', {}, 'at+jwt', 'token.invalid'],
  ])('is refused when it is one %s', async (_what, claims, typ, code) => {
    await expect(principal(claims, typ)).rejects.toEqual(refusal(code));
  });
});

describe('the ID token of a vote', () => {
  const vote = async (claims: Claims = {}, signing?: Signing, at = new Date()) =>
    verify.vote(await sign({ ...voteClaims(), ...claims }, signing), at);

  it('says who signed in, when, how, and for which decision', async () => {
    const claims = voteClaims();
    expect(await vote({ ...claims, name: 'Amara Osei', email: 'amara@example.org' })).toEqual({
      issuer: issuer.url,
      subject: 'amara',
      nonce: 'hash',
      authTime: claims.auth_time,
      acr: 'mfa',
      amr: ['pwd'],
    });
    expect(await vote({}, { typ: 'JWT' })).toMatchObject({ subject: 'amara' });
  });

  it('is judged as of when it came: a verification that had to wait loses no vote', async () => {
    const old = { iat: now() - 7_200, exp: now() - 6_900 };
    await expect(vote(old, undefined, new Date())).rejects.toEqual(refusal('token.expired'));
    expect(await vote(old, undefined, new Date((now() - 6_901) * 1000))).toMatchObject({ subject: 'amara' });
  });

  it('may name several audiences only if it was made for a voting client', async () => {
    expect(await vote({ aud: [client, 'other'], azp: client })).toMatchObject({ subject: 'amara' });
    expect(await vote({ aud: [client], azp: client })).toMatchObject({ subject: 'amara' });
    for (const claims of [{ aud: [client, 'other'] }, { aud: [client, 'other'], azp: 'other' }, { azp: 'other' }])
      await expect(vote(claims)).rejects.toEqual(refusal('token.audience'));
  });

  it.each<[what: string, claims: Claims, signing: Signing, code: string]>([
    ['for another client', { aud: 'somebody-else' }, {}, 'token.audience'],
    ['for the API', { aud: api }, {}, 'token.audience'],
    ['without a nonce', { nonce: undefined }, {}, 'token.invalid'],
    ['that does not say when the person signed in', { auth_time: undefined }, {}, 'token.invalid'],
    ['with a time in words', { auth_time: 'now' }, {}, 'token.invalid'],
    ['that never expires', { exp: undefined }, {}, 'token.invalid'],
    ['that is an access token', {}, access, 'token.invalid'],
    ['that is a principal’s token', {}, { typ: 'principal+jwt' }, 'token.invalid'],
    ['that is a logout token', {}, { typ: 'logout+jwt' }, 'token.invalid'],
  ])('is refused when it is one %s', async (_what, claims, signing, code) => {
    await expect(vote(claims, signing)).rejects.toEqual(refusal(code));
  });
});

describe('any token', () => {
  const person = async (claims: Claims = {}, signing: Signing = {}) =>
    verify.person(await sign({ ...personClaims(), ...claims }, { ...access, ...signing }));

  it.each<[what: string, attempt: () => Promise<unknown>, code: string]>([
    ['for another API', () => person({ aud: 'https://other.example/' }), 'token.audience'],
    ['for nobody', () => person({ aud: undefined }), 'token.audience'],
    ['that expired', () => person({ iat: now() - 600, exp: now() - 6 }), 'token.expired'],
    ['that is not valid yet', () => person({ nbf: now() + 60 }), 'token.invalid'],
    ['without an expiry', () => person({ exp: undefined }), 'token.invalid'],
    ['without a subject', () => person({ sub: undefined }), 'token.invalid'],
    ['of another kind', () => person({}, { typ: 'JWT' }), 'token.invalid'],
    ['of an issuer that we do not trust', () => person({ iss: stranger.url }), 'token.issuer'],
    ['of an issuer with one more slash', () => person({ iss: `${issuer.url}/` }), 'token.issuer'],
    ['of no issuer', () => person({ iss: undefined }), 'token.issuer'],
    ['with a key of that name that is not theirs', () => forged('k1'), 'token.invalid'],
    ['with a key that they do not have', () => forged('k2'), 'token.invalid'],
    ['that is not signed', () => verify.person(unsigned(personClaims())), 'token.invalid'],
    ['signed with their public key as a secret', () => swapped(), 'token.invalid'],
    ['that somebody changed', () => changed(), 'token.invalid'],
    ['that is no token', () => verify.person('not.a.token'), 'token.issuer'],
    ['that is empty', () => verify.person(''), 'token.issuer'],
  ])('is refused when it is one %s', async (_what, attempt, code) => {
    await expect(attempt()).rejects.toEqual(refusal(code));
  });

  const forged = async (kid: string) => {
    const { privateKey } = await generateKeyPair('ES256');
    return person({}, { kid, key: privateKey });
  };
  const swapped = async () => {
    const secret = new TextEncoder().encode(JSON.stringify(issuer.publicJwk));
    return verify.person(await issuer.sign(personClaims(), { ...access, alg: 'HS256', key: secret }));
  };
  const changed = async () => {
    const [head, , signature] = (await sign(personClaims(), access)).split('.');
    const body = Buffer.from(JSON.stringify({ ...personClaims(), sub: 'chen' })).toString('base64url');
    return verify.person([head, body, signature].join('.'));
  };

  it('is refused where the rulebook trusts nobody, or no audience', async () => {
    const token = await sign(personClaims(), access);
    await expect(tokenVerifier([]).person(token)).rejects.toEqual(refusal('token.issuer'));
    const deaf = tokenVerifier([{ ...rootsOf(issuer), audiences: [] }]);
    await expect(deaf.person(token)).rejects.toEqual(refusal('token.audience'));
  });

  it('is judged by its own issuer’s keys, not by another trusted one’s', async () => {
    const both = tokenVerifier([rootsOf(issuer), rootsOf(stranger)]);
    const crossed = await stranger.sign(personClaims(), access);
    await expect(both.person(crossed)).rejects.toEqual(refusal('token.invalid'));
  });

  it('never repeats what it held in the refusal', async () => {
    const error = await person({ aud: 'Quillfeather' }).catch((thrown: unknown) => thrown);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/Quillfeather|amara/);
  });
});

describe('the keys of an issuer', () => {
  const good = (): string => JSON.stringify({ keys: [issuer.publicJwk] });
  const attempt = async () => verify.person(await sign(personClaims(), access));

  it.each<[how: string, status: number, body: string]>([
    ['an error', 503, ''],
    ['a redirect', 302, ''],
    ['something that is no JSON', 200, '<html>'],
    ['something that is no key set', 200, '{"keys": 7}'],
  ])('that come with %s are a reason to try again, and neither a yes nor a no', async (_how, status, body) => {
    issuer.answer(status, body);
    await expect(attempt()).rejects.toEqual(refusal('identity.unreachable'));
    issuer.answer(200, good());
    expect(await attempt()).toMatchObject({ subject: 'amara' });
  });

  it('that nobody serves are the same', async () => {
    const gone = await startIssuer();
    await gone.close();
    const lost = tokenVerifier([{ ...rootsOf(issuer), jwksUri: gone.jwksUri }]);
    await expect(lost.person(await sign(personClaims(), access))).rejects.toEqual(refusal('identity.unreachable'));
  });

  it('are asked for once, whatever trust roots name them, and not again for each forgery', async () => {
    const of = tokenVerifiers();
    const before = issuer.asked();
    await of({ issuers: [rootsOf(issuer)] }).person(await sign(personClaims(), access));
    await of({ issuers: [rootsOf(issuer), rootsOf(stranger)] }).person(await sign(personClaims(), access));
    const { privateKey } = await generateKeyPair('ES256');
    for (const kid of ['x1', 'x2', 'x3']) {
      const forged = await sign(personClaims(), { ...access, kid, key: privateKey });
      await expect(of({ issuers: [rootsOf(issuer)] }).person(forged)).rejects.toEqual(refusal('token.invalid'));
    }
    expect(issuer.asked() - before).toBe(1);
  });
});
