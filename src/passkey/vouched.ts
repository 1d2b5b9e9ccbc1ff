/**
 * Whether somebody vouched for a passkey, judged by whoever is about to act on its signature. Tables and leaves may be
 * governance's invention; the signatures of those who vouched are not.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { canonicalDigest } from '../audit/bytes.js';
import type { LeafData } from '../audit/leaf.js';
import type { Assertion } from './assertion.js';
import { isEnrolledBy, type SigningKey } from './signing-key.js';
import { vouchingHash, type VouchingStatement } from './vouching.js';
import { checkWord } from './vouching-proof.js';

/** One word as the log has it, with what the tables hold for it. */
export interface StoredWord {
  readonly leaf: LeafData<'passkey.vouched'>;
  /** Of the leaf in the log. */
  readonly index: number;
  /** Whether no word stands before it in this log. */
  readonly first: boolean;
  /** Made again from the vouching's row. */
  readonly statement: VouchingStatement;
  readonly assertion: Assertion;
  readonly voucher: SigningKey;
  /** Whether the log or the table has the voucher's passkey revoked by then. */
  readonly revokedBefore: boolean;
}

interface Vouched {
  readonly key: Pick<SigningKey, 'enrolled'>;
  /** Index of the leaf before which the word must stand. */
  readonly before: number;
  readonly rpIds: readonly string[];
}

/**
 * Whether these words lead from a passkey back to the first word of the log: each is genuine, and each voucher's passkey
 * was vouched for before by the next one. Without that, two keys that one identity provider made up would vouch for each
 * other.
 */
export function isVouched(words: readonly StoredWord[], { key, before, rpIds }: Vouched): boolean {
  const [word, ...rest] = words;
  if (!word || word.index >= before || !isGenuine(word, key.enrolled, rpIds)) return false;
  return word.first ? rest.length === 0 : isVouched(rest, { key: word.voucher, before: word.index, rpIds });
}

function isGenuine(
  { leaf, statement, assertion, voucher, revokedBefore }: StoredWord,
  { passkey, person, credential, publicKey }: LeafData<'passkey.enrolled'>,
  rpIds: readonly string[],
): boolean {
  const hash = vouchingHash(statement, sha256);
  const { credentialId } = assertion;
  // A passkey that is revoked later was its owner's when they gave their word: what they said of somebody else's stays
  // true, and else a lost phone would silence people who never held it. One revoked before was nobody's any more.
  const signer = { ...voucher.row, revokedAt: null };
  return (
    statement.passkey === passkey &&
    statement.person === person &&
    statement.credential === credential &&
    statement.publicKey === publicKey &&
    leaf.passkey === passkey &&
    leaf.person === person &&
    leaf.vouching === statement.vouching &&
    leaf.voucher === statement.voucher &&
    leaf.voucherPasskey === voucher.row.passkey &&
    leaf.statement === hash &&
    leaf.proof === canonicalDigest(assertion) &&
    !revokedBefore &&
    isEnrolledBy(voucher, { person: statement.voucher, credentialId }) &&
    checkWord({ statement, hash, assertion, passkey: signer, rpIds, signed: voucher.signed }) === undefined
  );
}
