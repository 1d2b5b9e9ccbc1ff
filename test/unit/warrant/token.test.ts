import { beforeAll, describe, expect, it } from '@jest/globals';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { CompactSign, SignJWT, UnsecuredJWT, base64url, importJWK } from 'jose';
import { canonicalBytes } from '../../../src/action/canonical.js';
import { action, agent, digest, person, step, tenant, warrant } from '../../../src/action/ids.js';
import { Refusal } from '../../../src/action/refusal.js';
import { claimsOf, type WarrantClaims } from '../../../src/warrant/claims.js';
import { warrantIssuer } from '../../../src/warrant/issuer.node.js';
import type { WarrantIssuer } from '../../../src/warrant/issuer.js';
import { leaveOf } from '../../../src/warrant/leave.js';
import { reissue } from '../../../src/warrant/mint.store.js';
import { tokenHash } from '../../../src/warrant/token-hash.js';
import { verifyToken, type TrustedIssuer } from '../../../src/warrant/verify.js';
import type { WarrantRow } from '../../../src/warrant/warrant.store.js';

const iss = 'urn:countersign:dev:clinic';
const issuedAt = new Date('2026-03-01T10:00:00.000Z');
const expiresAt = new Date('2026-03-01T10:30:00.000Z');
const meanwhile = new Date('2026-03-01T10:10:00.000Z');

const row: WarrantRow = {
  tenant: tenant('clinic'),
  jti: warrant('00000000-0000-4000-8000-000000000001'),
  action: action('a'.repeat(26)),
  revision: 1,
  step: step('perform'),
  kind: 'action',
  agent: agent('triage-agent'),
  principal: person('00000000-0000-4000-8000-0000000000aa'),
  actions: ['ehr.read'],
  location: 'https://ehr.example/fhir',
  datatypes: ['MedicationRequest'],
  patient: digest('aa'.repeat(32)),
  episode: digest('bb'.repeat(32)),
  elements: ['current_medications'],
  purpose: 'TREAT',
  scopes: ['system/MedicationRequest.rs'],
  maxUses: 1,
  maxRecords: 50,
  maxBytes: 1_000_000,
  since: {},
  readOnly: true,
  requestCommitment: digest('11'.repeat(32)),
  tier: 'T1',
  rulebook: digest('22'.repeat(32)),
  approvals: [digest('33'.repeat(32))],
  issuedAt,
  notBefore: issuedAt,
  expiresAt,
};
const claims = claimsOf(row, iss);

const keyPair = (kid: string) => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid };
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { jwk, root: { iss, jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x, kid }] } } satisfies TrustedIssuer };
};
const ours = keyPair('2026-03');
const foreign = keyPair('2026-03');

let issuer: WarrantIssuer;
let token: string;
beforeAll(async () => {
  issuer = await warrantIssuer(iss, ours.jwk);
  token = await issuer.sign(claims);
});

const verify = (text: string, at = meanwhile) => verifyToken(text, { issuers: [ours.root], at });
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'accepted',
    (error: unknown) => {
      if (error instanceof Refusal) return error.code;
      throw error;
    },
  );
const signed = async (
  body: object,
  { header = {}, jwk = ours.jwk }: { header?: object; jwk?: object } = {},
): Promise<string> =>
  new CompactSign(canonicalBytes(body))
    .setProtectedHeader({ alg: 'EdDSA', typ: 'warrant+jwt', kid: '2026-03', ...header })
    .sign(await importJWK(jwk, 'EdDSA'));

describe('a warrant’s token', () => {
  it('says what its row says', async () => {
    expect(await verify(token)).toEqual(claims);
  });

  it('is the same bytes when its step runs again', async () => {
    const again = await reissue(issuer, row, 'ehr');
    expect(again).toEqual({ jti: row.jti, token, queue: 'ehr', seconds: 1_800 });
    expect(tokenHash(again.token)).toBe(tokenHash(token));
  });

  it.each<[when: string, at: Date, code: string]>([
    ['in the second before it begins', new Date(issuedAt.getTime() - 1_000), 'warrant.not_yet'],
    ['from the second in which it begins', issuedAt, 'accepted'],
    ['in its last second', new Date(expiresAt.getTime() - 1_000), 'accepted'],
    ['at the second in which it ends', expiresAt, 'warrant.expired'],
  ])('%s: %s', async (_when, at, code) => {
    expect(await codeOf(verify(token, at))).toBe(code);
  });

  const forgeries: [what: string, forge: () => Promise<string> | string, code: string][] = [
    ['nothing', () => '', 'warrant.missing'],
    ['no token at all', () => 'a.b.c', 'warrant.altered'],
    ['an unsigned one (alg none)', () => new UnsecuredJWT(mutable(claims)).encode(), 'warrant.altered'],
    [
      'one signed with our public key as an HMAC secret',
      () =>
        new SignJWT(mutable(claims))
          .setProtectedHeader({ alg: 'HS256', typ: 'warrant+jwt', kid: '2026-03' })
          .sign(base64url.decode(ours.root.jwks.keys[0]?.x ?? '')),
      'warrant.altered',
    ],
    ['a foreign key under our name and kid', () => signed(claims, { jwk: foreign.jwk }), 'warrant.altered'],
    ['an unknown kid', () => signed(claims, { header: { kid: '1999-01' } }), 'warrant.issuer'],
    ['an unknown issuer', () => signed({ ...claims, iss: 'urn:elsewhere' }), 'warrant.issuer'],
    ['no issuer', () => signed(without('iss')), 'warrant.issuer'],
    ['another type of token', () => signed(claims, { header: { typ: 'at+jwt' } }), 'warrant.altered'],
    ['another audience', () => signed({ ...claims, aud: 'urn:elsewhere' }), 'warrant.altered'],
    ['no expiry', () => signed(without('exp')), 'warrant.altered'],
    ['an expiry that is no number', () => signed({ ...claims, exp: 'never' }), 'warrant.altered'],
    ['a claim too many', () => signed({ ...claims, admin: true }), 'warrant.altered'],
    ['two authorizations', () => signed({ ...claims, authorization_details: twice() }), 'warrant.altered'],
    [
      'a payload changed after signing',
      () => {
        const [header, , signature] = token.split('.');
        return `${header}.${base64url.encode(canonicalBytes({ ...claims, tier: 'T0' }))}.${signature}`;
      },
      'warrant.altered',
    ],
    ['a stripped signature', () => `${token.split('.').slice(0, 2).join('.')}.`, 'warrant.altered'],
  ];
  it.each(forgeries)('refuses %s', async (_what, forge, code) => {
    expect(await codeOf(verify(await forge()))).toBe(code);
  });

  it('is believed by nobody who has no trust roots', async () => {
    expect(await codeOf(verifyToken(token, { issuers: [], at: meanwhile }))).toBe('warrant.issuer');
  });

  it('is signed by no other kind of key', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    await expect(warrantIssuer(iss, { ...privateKey.export({ format: 'jwk' }), kid: 'x' })).rejects.toThrow(/Ed25519/);
  });
});

describe('leave', () => {
  it('is the narrower of row and token', () => {
    const [detail] = claims.authorization_details;
    const wide: WarrantRow = {
      ...row,
      elements: ['allergy_history', 'current_medications'],
      maxRecords: 500,
      readOnly: false,
    };
    const narrow: WarrantClaims = {
      ...claims,
      authorization_details: [{ ...detail, limits: { ...detail.limits, max_records: 7 } }],
    };
    expect(leaveOf(wide, narrow)).toMatchObject({ elements: ['current_medications'], maxRecords: 7, readOnly: true });
    expect(leaveOf({ ...row, maxBytes: 10 }, claims)).toMatchObject({ maxBytes: 10 });
  });

  it('reaches back no further than either lets it', () => {
    const [detail] = claims.authorization_details;
    const bounded = (since: Record<string, string>): WarrantClaims => ({
      ...claims,
      authorization_details: [{ ...detail, limits: { ...detail.limits, since } }],
    });
    const back = (ofRow: Record<string, string>, ofToken: WarrantClaims) =>
      leaveOf({ ...row, since: ofRow }, ofToken).since;
    expect(back({ a: '2026-01-02' }, claims)).toEqual({ a: '2026-01-02' });
    expect(back({}, bounded({ a: '2026-01-02' }))).toEqual({ a: '2026-01-02' });
    expect(back({ a: '2026-01-02', b: '2026-03-01' }, bounded({ a: '2026-02-01', b: '2026-01-01' }))).toEqual({
      a: '2026-02-01',
      b: '2026-03-01',
    });
  });

  it.each<[what: string, other: Partial<WarrantRow>]>([
    ['warrant', { jti: warrant('00000000-0000-4000-8000-000000000002') }],
    ['tenant', { tenant: tenant('elsewhere') }],
    ['action', { action: action('b'.repeat(26)) }],
    ['step', { step: step('relate') }],
    ['agent', { agent: agent('other-agent') }],
    ['principal', { principal: person('00000000-0000-4000-8000-0000000000bb') }],
    ['patient', { patient: digest('ff'.repeat(32)) }],
    ['patient: none', { patient: null }],
    ['episode', { episode: null }],
    ['place', { location: 'https://elsewhere.example/fhir' }],
    ['purpose', { purpose: 'HRESCH' }],
    ['request', { requestCommitment: digest('ff'.repeat(32)) }],
    ['rulebook', { rulebook: digest('ff'.repeat(32)) }],
  ])('is refused when row and token differ in %s', (_what, other) => {
    expect(() => leaveOf({ ...row, ...other }, claims)).toThrow(expect.objectContaining({ code: 'warrant.altered' }));
  });
});

const mutable = (body: WarrantClaims): Record<string, unknown> => ({ ...body });
const twice = () => [...claims.authorization_details, ...claims.authorization_details];
const without = (name: keyof WarrantClaims) =>
  Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));
