import type { PoolClient } from 'pg';
import { tenantLeaf } from '../audit/leaf.store.js';
import { dataOf, leafOf, type LeafData, type LeafKind } from '../audit/leaf.js';
import type { Assertion } from './assertion.js';
import type { PasskeyId, VouchingId } from './ids.js';
import { findPasskey } from './passkey.store.js';
import type { SigningKey } from './signing-key.js';
import type { StoredWord } from './vouched.js';
import { findVouching, statementOf, wordFor } from './vouching.store.js';

/** Whether this key signed the assertion in a ceremony at one of these sites; verify-assertion.node.ts is one. */
export type IsSigned = (assertion: Assertion, publicKey: Uint8Array, rpIds: readonly string[]) => Promise<boolean>;

/** What is asked about signatures, and of which sites. */
export interface Signatures {
  readonly isSigned: IsSigned;
  readonly rpIds: readonly string[];
}

/** The key of an assertion, by table and log; undefined for one that is unknown to either. */
export async function signingKey(
  tx: PoolClient,
  assertion: Assertion,
  { isSigned, rpIds }: Signatures,
): Promise<SigningKey | undefined> {
  const row = await findPasskey(tx, assertion.credentialId);
  const enrolled = row && (await enrolledLeaf(tx, row.passkey));
  if (!row || !enrolled) return undefined;
  return { row, enrolled, signed: await isSigned(assertion, row.publicKey, rpIds) };
}

async function enrolledLeaf(tx: PoolClient, passkey: PasskeyId): Promise<LeafData<'passkey.enrolled'> | undefined> {
  const stored = await tenantLeaf(tx, 'passkey.enrolled', passkey);
  return stored && dataOf(leafOf(stored.bytes), 'passkey.enrolled');
}

/**
 * The words behind a passkey: the one for it, then the one for its voucher's passkey, and so on to the first of the log.
 * Empty when one of them is missing or stands behind the one that rests on it.
 */
export async function wordsBehind(
  tx: PoolClient,
  passkey: PasskeyId,
  signatures: Signatures,
): Promise<readonly StoredWord[]> {
  const words: StoredWord[] = [];
  for (let of = passkey; ;) {
    const word = await storedWord(tx, of, signatures);
    const later = words.at(-1);
    if (!word || (later && word.index >= later.index)) return [];
    words.push(word);
    if (word.first) return words;
    of = word.voucher.row.passkey;
  }
}

async function storedWord(tx: PoolClient, passkey: PasskeyId, signatures: Signatures): Promise<StoredWord | undefined> {
  const given = await wordFor(tx, passkey);
  const vouching = given && (await findVouching(tx, given.vouching));
  const found = given && (await vouchedLeaf(tx, given.vouching));
  const voucher = given && (await signingKey(tx, given.word, signatures));
  if (!vouching || !found || !voucher) return undefined;
  const { revokedAt } = voucher.row;
  const revokedBefore =
    (revokedAt !== null && revokedAt <= given.givenAt) ||
    (await isOnLog(tx, { kind: 'passkey.revoked', key: voucher.row.passkey, before: found.index }));
  return { ...found, statement: statementOf(vouching), assertion: given.word, voucher, revokedBefore };
}

async function vouchedLeaf(
  tx: PoolClient,
  vouching: VouchingId,
): Promise<Pick<StoredWord, 'leaf' | 'index' | 'first'> | undefined> {
  const stored = await tenantLeaf(tx, 'passkey.vouched', vouching);
  const leaf = stored && dataOf(leafOf(stored.bytes), 'passkey.vouched');
  if (!leaf) return undefined;
  const { index } = stored;
  return { leaf, index, first: !(await isOnLog(tx, { kind: 'passkey.vouched', before: index })) };
}

interface Earlier {
  readonly kind: LeafKind;
  readonly key?: PasskeyId;
  /** An index. */
  readonly before: number;
}

async function isOnLog(tx: PoolClient, { kind, key, before }: Earlier): Promise<boolean> {
  const found = await tx.query(
    `SELECT FROM countersign.audit_leaf
      WHERE kind = $1 AND ($2::text IS NULL OR key = $2) AND action IS NULL AND index < $3 LIMIT 1`,
    [kind, key ?? null, before],
  );
  return found.rowCount !== 0;
}
