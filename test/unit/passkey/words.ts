/** A word that is right in everything: statement, leaf and assertion agree, and whether its key signed is said. */
import { sha256 } from '@noble/hashes/sha2.js';
import { tenant } from '../../../src/action/ids.js';
import { canonicalDigest } from '../../../src/audit/bytes.js';
import { base64url } from '../../../src/passkey/base64url.js';
import { vouchingSchema } from '../../../src/passkey/ids.js';
import type { SigningKey } from '../../../src/passkey/signing-key.js';
import type { StoredWord } from '../../../src/passkey/vouched.js';
import { vouchingHash, type VouchingStatement } from '../../../src/passkey/vouching.js';
import { authenticatorBytes, clientDataJson } from './ceremony-bytes.js';

interface Given {
  readonly by: SigningKey;
  readonly index: number;
  readonly first?: boolean;
}

export function wordFor({ enrolled }: SigningKey, { by, index, first = false }: Given): StoredWord {
  const { passkey, person, credential, publicKey } = enrolled;
  const statement: VouchingStatement = {
    v: 1,
    tenant: tenant('clinic'),
    vouching: vouchingSchema.parse(`00000000-0000-4000-8000-${String(index).padStart(12, '0')}`),
    passkey,
    person,
    credential,
    publicKey,
    voucher: by.row.person,
  };
  return { ...sworn(statement, by), index, first, voucher: by, revokedBefore: false };
}

/** The statement under the voucher's passkey, and the leaf of both. */
export function sworn(
  statement: VouchingStatement,
  by: SigningKey,
): Pick<StoredWord, 'statement' | 'assertion' | 'leaf'> {
  const hash = vouchingHash(statement, sha256);
  const assertion = {
    credentialId: by.row.credential,
    clientDataJSON: clientDataJson('webauthn.get', { challenge: hash }),
    authenticatorData: base64url(authenticatorBytes()),
    signature: 'c2lnbmF0dXJl',
  };
  const { vouching, passkey, person, voucher } = statement;
  return {
    statement,
    assertion,
    leaf: {
      vouching,
      passkey,
      person,
      voucher,
      voucherPasskey: by.row.passkey,
      statement: hash,
      method: 'passkey',
      proof: canonicalDigest(assertion),
    },
  };
}
