import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { digest, person, tenant } from '../../../src/action/ids.js';
import { othersPasskeyOf, vouchingDiffers, vouchingOf } from '../../../src/pages/vouching-check.js';
import { passkeySchema, vouchingSchema } from '../../../src/passkey/ids.js';
import { fingerprintOf, vouchingHash, type VouchingStatement } from '../../../src/passkey/vouching.js';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const statement: VouchingStatement = {
  v: 1,
  tenant: tenant('clinic'),
  vouching: vouchingSchema.parse(id(1)),
  passkey: passkeySchema.parse(id(2)),
  person: person(id(3)),
  credential: digest('11'.repeat(32)),
  publicKey: digest('22'.repeat(32)),
  voucher: person(id(4)),
};
const shown = othersPasskeyOf({
  id: statement.passkey,
  owner: 'Dr Chen Wei',
  fingerprint: fingerprintOf(statement, sha256),
  enrolledAt: '2026-11-25T10:00:00.000Z',
  revokedAt: null,
  vouched: null,
});
/** As the API opens it, hash and all. */
const opened = (more: object = {}, hash?: string) => {
  const said = { ...statement, ...more };
  const rest = { rpId: 'localhost', credentials: [], expiresAt: '2026-11-25T10:05:00.000Z' };
  return vouchingOf({ statement: said, hash: hash ?? vouchingHash(said, sha256), ...rest });
};

describe('a vouching that the API opened', () => {
  it('is the one that was shown: the page comes to hash and fingerprint by itself', async () => {
    expect(await vouchingDiffers(shown, opened())).toBeUndefined();
  });

  it.each<[what: string, vouching: ReturnType<typeof opened>]>([
    ['passkey', opened({ passkey: id(9) })],
    ['fingerprint', opened({ publicKey: '33'.repeat(32) })],
    ['fingerprint', opened({ credential: '33'.repeat(32) })],
    ['version', opened({ v: 2 })],
    ['hash', opened({}, 'A'.repeat(43))],
  ])('is not, with another %s', async (what, vouching) => {
    expect(await vouchingDiffers(shown, vouching)).toBe(what);
  });
});
