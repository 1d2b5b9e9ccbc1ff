import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CompactSign, SignJWT, UnsecuredJWT, base64url, decodeJwt, generateKeyPair, type JWTPayload } from 'jose';
import { canonicalBytes } from '../../src/action/canonical.js';
import { warrant as warrantId } from '../../src/action/ids.js';
import type { MintedWarrant } from '../../src/action/types.js';
import { inTenant } from '../../src/database/transaction.js';
import { claimsOf } from '../../src/warrant/claims.js';
import { tokenHash } from '../../src/warrant/token-hash.js';
import { findWarrant, revokeWarrants } from '../../src/warrant/warrant.store.js';
import { codeOf, sandboxStage, type SandboxStage } from '../integration/ehr/sandbox-stage.js';
import { clinic, type OpenedAction } from '../integration/warrant/stage.js';

let at: SandboxStage;
let of: OpenedAction;
let warrant: MintedWarrant;
beforeAll(async () => {
  at = await sandboxStage();
});
afterAll(() => at.end());
beforeEach(async () => {
  ({ of, warrant } = await at.ready('current_medications'));
  at.heard();
});

const claims = (): JWTPayload => decodeJwt(warrant.token);
const header = (alg: string) => ({ alg, typ: 'warrant+jwt', kid: '2026-03' });
const resigned = async (body: JWTPayload): Promise<string> => {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  return new CompactSign(canonicalBytes(body)).setProtectedHeader(header('EdDSA')).sign(privateKey);
};
const forgery = (token: string): MintedWarrant => ({ ...warrant, token });

/** Lets the database believe this token, as somebody could who writes the table past every grant. */
const plantHash = (token: string) =>
  at.db.admin.query(
    `BEGIN; ALTER TABLE countersign.warrant DISABLE TRIGGER narrower;
     UPDATE countersign.warrant SET token_sha256 = '${tokenHash(token)}' WHERE jti = '${warrant.jti}';
     ALTER TABLE countersign.warrant ENABLE TRIGGER narrower; COMMIT`,
  );

type Attack = [what: string, forge: () => Promise<MintedWarrant> | MintedWarrant, code: string];

const attacks: Attack[] = [
  ['no token', () => forgery(''), 'warrant.missing'],
  [
    'a token without a row',
    () => ({ ...warrant, jti: warrantId('00000000-0000-4000-8000-00000000dead') }),
    'warrant.missing',
  ],
  ['alg none', () => forgery(new UnsecuredJWT(claims()).encode()), 'warrant.altered'],
  [
    'HS256 with our public key as the secret',
    async () => {
      const secret = base64url.decode(at.on.issuers[0]?.jwks.keys[0]?.x ?? '');
      return forgery(await new SignJWT(claims()).setProtectedHeader(header('HS256')).sign(secret));
    },
    'warrant.altered',
  ],
  [
    'an altered claim under the old signature',
    () => {
      const [head, , signature] = warrant.token.split('.');
      return forgery([head, base64url.encode(canonicalBytes({ ...claims(), tier: 'T0' })), signature].join('.'));
    },
    'warrant.altered',
  ],
  ['our claims under another key', async () => forgery(await resigned(claims())), 'warrant.altered'],
  [
    'a foreign issuer',
    async () => forgery(await resigned({ ...claims(), iss: 'urn:countersign:elsewhere' })),
    'warrant.issuer',
  ],
  [
    'the genuine token of another action',
    async () => {
      const other = await at.ready('current_medications');
      return forgery(other.warrant.token);
    },
    'warrant.altered',
  ],
  [
    'the genuine warrant of another action',
    async () => (await at.ready('current_medications')).warrant,
    'warrant.other_action',
  ],
];

describe('an attack on a warrant', () => {
  it.each(attacks)('%s: the EHR hears nothing, and the log hears of it', async (_what, forge, code) => {
    const forged = await forge();
    at.heard();
    expect(await codeOf(at.perform(of, forged))).toBe(code);
    expect(at.heard()).toEqual([]);
    expect(await at.kinds(of)).toEqual(['warrant.refused', 'security.event']);
  });

  it.each<[what: string, forge: () => Promise<string>, code: string]>([
    ['our claims under another key', () => resigned(claims()), 'warrant.altered'],
    ['an issuer of their own', () => resigned({ ...claims(), iss: 'urn:countersign:elsewhere' }), 'warrant.issuer'],
  ])('even with the row on their side, they fail without the issuer’s key: %s', async (_what, forge, code) => {
    const token = await forge();
    await plantHash(token);
    expect(await codeOf(at.perform(of, forgery(token)))).toBe(code);
    expect(at.heard()).toEqual([]);
  });

  it('with the issuer’s key but without the row, a wider token is refused', async () => {
    const row = await inTenant(at.db.pool('ehr'), clinic, (tx) => findWarrant(tx, warrant.jti));
    if (!row) throw new Error('no row');
    const wider = { ...row, elements: ['allergy_history', 'current_medications'] };
    const token = await at.on.issuer.sign(claimsOf(wider, at.on.issuer.iss));
    expect(await codeOf(at.perform(of, forgery(token)))).toBe('warrant.altered');
    expect(at.heard()).toEqual([]);
  });

  it.each<[what: string, end: () => Promise<unknown>, code: string]>([
    [
      'revoked',
      () => inTenant(at.db.pool('api'), clinic, (tx) => revokeWarrants(tx, { jti: warrant.jti }, 'incident')),
      'warrant.revoked',
    ],
    [
      'spent',
      () => at.db.admin.query('UPDATE countersign.warrant SET used = max_uses WHERE jti = $1', [warrant.jti]),
      'warrant.spent',
    ],
  ])('a warrant that was %s opens nothing', async (_what, end, code) => {
    await end();
    expect(await codeOf(at.perform(of, warrant))).toBe(code);
    expect(at.heard()).toEqual([]);
    expect(await at.kinds(of)).toEqual(['warrant.refused', 'security.event']);
  });

  it('a warrant that expired a second ago opens nothing', async () => {
    const short = await at.on.open({
      type: 'medications.read',
      input: { patient: 'Patient/canary', episode: 'Encounter/canary-open' },
    });
    const brief = await at.on.mint(short, { seconds: 1 });
    await at.db.admin.query('SELECT pg_sleep(2)');
    expect(await codeOf(at.perform(short, brief))).toBe('warrant.expired');
    expect(at.heard()).toEqual([]);
  });

  it.each<[what: string, sql: string]>([
    ['insert a warrant', `INSERT INTO countersign.warrant (tenant, jti) VALUES ('clinic', gen_random_uuid())`],
    ['call the minting function', `SELECT countersign.warrant_mint('{}')`],
    ['open a use', `SELECT countersign.warrant_use_open(gen_random_uuid(), 'perform', 'x')`],
    ['lengthen one', `UPDATE countersign.warrant SET expires_at = expires_at + interval '1 minute'`],
    ['become the owner of the tables', 'SET ROLE countersign_owner'],
  ])('the API’s login cannot %s', async (_what, sql) => {
    await expect(inTenant(at.db.pool('api'), clinic, (tx) => tx.query(sql))).rejects.toMatchObject({ code: '42501' });
  });
});
