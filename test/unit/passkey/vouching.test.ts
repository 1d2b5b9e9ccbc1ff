import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { digest, person, tenant } from '../../../src/action/ids.js';
import type { Assertion } from '../../../src/passkey/assertion.js';
import { base64url } from '../../../src/passkey/base64url.js';
import { passkeySchema, vouchingSchema } from '../../../src/passkey/ids.js';
import { userHandleOf } from '../../../src/passkey/registration.js';
import {
  asksForWord,
  fingerprintOf,
  statementSchema,
  vouchingHash,
  type VouchingStatement,
} from '../../../src/passkey/vouching.js';
import { checkWord, type WordFacts } from '../../../src/passkey/vouching-proof.js';
import { authenticatorBytes, clientDataJson } from './ceremony-bytes.js';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const [amara, ben, chen] = [person(id(1)), person(id(2)), person(id(3))];

const statement: VouchingStatement = {
  v: 1,
  tenant: tenant('clinic'),
  vouching: vouchingSchema.parse(id(10)),
  passkey: passkeySchema.parse(id(20)),
  person: amara,
  credential: digest('11'.repeat(32)),
  publicKey: digest('22'.repeat(32)),
  voucher: ben,
};
const hash = vouchingHash(statement, sha256);

describe('the statement of a voucher', () => {
  it('is hashed under a label of its own, as canonical JSON', () => {
    const json =
      `{"credential":"${'11'.repeat(32)}","passkey":"${id(20)}","person":"${id(1)}","publicKey":"${'22'.repeat(32)}",` +
      `"tenant":"clinic","v":1,"voucher":"${id(2)}","vouching":"${id(10)}"}`;
    expect(hash).toBe(sha256(Buffer.from(`countersign-vouching/v1\n${json}`)).toString('base64url'));
    expect(hash).toMatch(/^[\w-]{43}$/);
  });

  it.each<[what: string, change: Partial<VouchingStatement>]>([
    ['tenant', { tenant: tenant('hospital') }],
    ['vouching', { vouching: vouchingSchema.parse(id(11)) }],
    ['passkey', { passkey: passkeySchema.parse(id(21)) }],
    ['owner', { person: chen }],
    ['credential', { credential: digest('33'.repeat(32)) }],
    ['key', { publicKey: digest('33'.repeat(32)) }],
    ['voucher', { voucher: chen }],
  ])('binds its %s', (_what, change) => {
    expect(vouchingHash({ ...statement, ...change }, sha256)).not.toBe(hash);
  });

  it('has no member too many and none too few', () => {
    const { voucher: _, ...unsaid } = statement;
    expect(statementSchema.safeParse(statement).success).toBe(true);
    for (const other of [unsaid, { ...statement, note: '' }, { ...statement, v: 2 }])
      expect(statementSchema.safeParse(other).success).toBe(false);
  });
});

describe('a fingerprint', () => {
  it('is of credential and key, in five groups', () => {
    const fingerprint = fingerprintOf(statement, sha256);
    expect(fingerprint).toMatch(/^([0-9a-f]{4}-){4}[0-9a-f]{4}$/);
    for (const change of [{ credential: digest('33'.repeat(32)) }, { publicKey: digest('33'.repeat(32)) }])
      expect(fingerprintOf({ ...statement, ...change }, sha256)).not.toBe(fingerprint);
    const others = { ...statement, person: chen, voucher: chen };
    expect(fingerprintOf(others, sha256)).toBe(fingerprint);
  });
});

describe('a tier', () => {
  it.each([
    ['T0', false],
    ['T1', false],
    ['T2', false],
    ['T3', true],
  ] as const)('%s asks for a word: %s', (tier, asks) => {
    expect(asksForWord(tier)).toBe(asks);
  });
});

const assertion: Assertion = {
  credentialId: 'Y3JlZGVudGlhbA',
  clientDataJSON: clientDataJson('webauthn.get', { challenge: hash }),
  authenticatorData: base64url(authenticatorBytes()),
  signature: 'c2lnbmF0dXJl',
  userHandle: userHandleOf(ben),
};
const passkey = { person: ben, rpId: 'localhost', revokedAt: null };
const right: WordFacts = { statement, hash, assertion, passkey, rpIds: ['localhost'], signed: true };
const asserted = (more: Partial<Assertion>) => ({ assertion: { ...assertion, ...more } });
const clientData = (more: object) =>
  asserted({ clientDataJSON: clientDataJson('webauthn.get', { challenge: hash, ...more }) });

describe('a word', () => {
  it('counts when the voucher’s own passkey signed this very statement', () => {
    expect(checkWord(right)).toBeUndefined();
  });

  it.each<[what: string, change: Partial<WordFacts>, code: string]>([
    [
      'for one’s own passkey',
      { statement: { ...statement, person: ben }, hash: vouchingHash({ ...statement, person: ben }, sha256) },
      'vouching.own',
    ],
    ['by a key that was never enrolled', { passkey: undefined }, 'vouching.unknown_passkey'],
    ['by the key of somebody else', { passkey: { ...passkey, person: chen } }, 'vouching.other_person'],
    ['by the key that it is about', { passkey: { ...passkey, person: amara } }, 'vouching.other_person'],
    ['that names somebody else', asserted({ userHandle: userHandleOf(chen) }), 'vouching.other_person'],
    ['by a revoked key', { passkey: { ...passkey, revokedAt: new Date(0) } }, 'vouching.revoked_voucher'],
    ['for another statement', { hash: 'A'.repeat(43) }, 'vouching.other_statement'],
    ['that is a registration', clientData({ type: 'webauthn.create' }), 'vouching.proof_invalid'],
    ['at another site', clientData({ origin: 'https://evil.example' }), 'vouching.wrong_origin'],
    ['at a site that is no longer trusted', { rpIds: [] }, 'vouching.wrong_origin'],
    [
      'by a user who was not verified',
      asserted({ authenticatorData: base64url(authenticatorBytes({ flags: 0x01 })) }),
      'vouching.not_verified_user',
    ],
    ['whose signature does not fit', { signed: false }, 'vouching.proof_invalid'],
  ])('%s does not', (_what, change, code) => {
    expect(checkWord({ ...right, ...change })).toBe(code);
  });
});
