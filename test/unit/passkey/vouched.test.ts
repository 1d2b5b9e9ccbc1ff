import { describe, expect, it } from '@jest/globals';
import { digest, person, tenant } from '../../../src/action/ids.js';
import { passkeySchema, vouchingSchema } from '../../../src/passkey/ids.js';
import { keyDigests } from '../../../src/passkey/key-digests.js';
import type { SigningKey } from '../../../src/passkey/signing-key.js';
import { isVouched, type StoredWord } from '../../../src/passkey/vouched.js';
import { sworn, wordFor } from './words.js';

const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** A passkey by row and leaf; its owner has the same number. */
function keyOf(number: number): SigningKey {
  const passkey = passkeySchema.parse(id(number));
  const of = person(id(100 + number));
  const key = { credential: Buffer.alloc(16, number).toString('base64url'), publicKey: Buffer.alloc(77, number) };
  const aaguid = id(0);
  return {
    signed: true,
    row: {
      ...key,
      passkey,
      person: of,
      aaguid,
      rpId: 'localhost',
      transports: [],
      enrolledAt: new Date(0),
      lastUsedAt: null,
      revokedAt: null,
    },
    enrolled: {
      ...keyDigests(key),
      passkey,
      person: of,
      aaguid,
      rpId: 'localhost',
      method: 'idp',
      nonce: 'nonce',
      proof: digest('44'.repeat(32)),
    },
  };
}

const [own, colleague, founder, stranger] = [keyOf(1), keyOf(2), keyOf(3), keyOf(4)];
const word = wordFor(own, { by: colleague, index: 20 });
const earlier = wordFor(colleague, { by: founder, index: 10, first: true });
const asked = { key: own, before: 30, rpIds: ['localhost'] };

const inLeaf = (change: Partial<StoredWord['leaf']>): StoredWord => ({ ...word, leaf: { ...word.leaf, ...change } });
/** Another statement, signed and logged as it should be. */
const stating = (change: Partial<StoredWord['statement']>): StoredWord => ({
  ...word,
  ...sworn({ ...word.statement, ...change }, colleague),
});
const byVoucher = (change: Partial<SigningKey>): StoredWord => ({ ...word, voucher: { ...colleague, ...change } });
const enrolled = (change: Partial<SigningKey['enrolled']>) =>
  byVoucher({ enrolled: { ...colleague.enrolled, ...change } });

describe('a passkey is vouched for', () => {
  it('by words that lead back to the first of the log', () => {
    expect(isVouched([word, earlier], asked)).toBe(true);
    expect(isVouched([earlier], { ...asked, key: colleague })).toBe(true);
  });

  it('also when the voucher’s passkey was revoked afterwards: what they said of another’s stays true', () => {
    const later = byVoucher({ row: { ...colleague.row, revokedAt: new Date() } });
    expect(isVouched([later, earlier], asked)).toBe(true);
  });

  it.each<[what: string, words: readonly StoredWord[]]>([
    ['no word', []],
    ['a word of somebody for whom nobody vouched', [word]],
    ['a first word that has another behind it', [{ ...word, first: true }, earlier]],
    ['the word for another passkey', [earlier]],
    ['two words for each other', [word, wordFor(colleague, { by: own, index: 10 })]],
    ['words of which the later rests on the earlier', [word, { ...earlier, index: 21 }]],
    ['a voucher for whom an unknown person vouched', [word, { ...earlier, voucher: { ...founder, signed: false } }]],
    ['a word that was given after it had to be', [{ ...word, index: 30 }, earlier]],
    ['a passkey that had been revoked by then', [{ ...word, revokedBefore: true }, earlier]],
  ])('but not by %s', (_what, words) => {
    expect(isVouched(words, asked)).toBe(false);
  });

  it.each<[what: string, word: StoredWord]>([
    ['for another passkey', stating({ passkey: stranger.row.passkey })],
    ['for another owner', stating({ person: stranger.row.person })],
    ['for another credential', stating({ credential: stranger.enrolled.credential })],
    ['for another key', stating({ publicKey: stranger.enrolled.publicKey })],
    ['in the name of another voucher', stating({ voucher: stranger.row.person })],
    ['by the owner', { ...word, ...sworn({ ...word.statement, voucher: own.row.person }, own), voucher: own }],
    ['whose leaf names another passkey', inLeaf({ passkey: stranger.row.passkey })],
    ['whose leaf names another owner', inLeaf({ person: stranger.row.person })],
    ['whose leaf names another voucher', inLeaf({ voucher: stranger.row.person })],
    ['whose leaf names another passkey of the voucher', inLeaf({ voucherPasskey: stranger.row.passkey })],
    ['whose leaf is of another vouching', inLeaf({ vouching: vouchingSchema.parse(id(99)) })],
    ['whose leaf holds another statement', inLeaf({ statement: 'A'.repeat(43) })],
    ['whose leaf holds another assertion', inLeaf({ proof: digest('55'.repeat(32)) })],
    ['whose statement was changed', { ...word, statement: { ...word.statement, tenant: tenant('hospital') } }],
    ['that no key signed', byVoucher({ signed: false })],
    ['by a key that somebody else enrolled', enrolled({ person: stranger.row.person })],
    ['by a credential that was not enrolled', enrolled({ credential: stranger.enrolled.credential })],
    ['by another key than was enrolled', enrolled({ publicKey: stranger.enrolled.publicKey })],
    ['by a key of another site', enrolled({ rpId: 'elsewhere.example' })],
  ])('nor by a word %s', (_what, other) => {
    expect(isVouched([other, earlier], asked)).toBe(false);
  });

  it('nor at a site that the rulebook does not name', () => {
    expect(isVouched([word, earlier], { ...asked, rpIds: ['elsewhere.example'] })).toBe(false);
  });
});
