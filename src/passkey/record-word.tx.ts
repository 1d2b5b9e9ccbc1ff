import { sha256 } from '@noble/hashes/sha2.js';
import type { Pool, PoolClient } from 'pg';
import { appendLeaf } from '../audit/append.store.js';
import { canonicalDigest } from '../audit/bytes.js';
import { inTenant } from '../database/transaction.js';
import { findPerson } from '../directory/directory.store.js';
import { activeDigest, type ReadRulebook } from '../rulebook/rulebook.store.js';
import type { Assertion } from './assertion.js';
import { unbase64url } from './base64url.js';
import { authenticatorDataOf } from './ceremony.js';
import { findPasskey, type PasskeyRow } from './passkey.store.js';
import { refusedWordLeaf } from './refused-word.js';
import { vouchingHash, type VouchingAnswer, type WordCase } from './vouching.js';
import { checkWord } from './vouching-proof.js';
import {
  findVouching,
  findWord,
  keepWordRefusal,
  recordWord,
  statementOf,
  type VouchingRow,
} from './vouching.store.js';

export interface RecordWordDeps {
  readonly pool: Pool;
  readonly rulebook: ReadRulebook;
}

/** What the worker verifies, against which key, and at which sites. */
export interface WordOpening {
  readonly vouching: VouchingRow;
  readonly word: Assertion;
  /** The one that signed, revoked or not; undefined for an unknown one. */
  readonly passkey: PasskeyRow | undefined;
  readonly rpIds: readonly string[];
}

export type OpenedWord =
  | ({ readonly status: 'open' } & WordOpening)
  /** Nothing to verify: this word counted or was refused before, or came too late. */
  | { readonly status: 'answered'; readonly answer: VouchingAnswer };

export async function openWord(deps: RecordWordDeps, of: WordCase): Promise<OpenedWord> {
  return inTenant(deps.pool, of.tenant, async (tx) => {
    const vouching = await findVouching(tx, of.vouching);
    const noted = await findWord(tx, of.vouching, of.word);
    // No leaf: there is nobody whose it could be. The API notes a word before it starts anything.
    if (!vouching || !noted) return { status: 'answered', answer: { status: 'refused', code: 'vouching.unknown' } };
    if (noted.counted) return { status: 'answered', answer: { status: 'vouched', passkey: vouching.passkey } };
    if (noted.refused !== null) return { status: 'answered', answer: { status: 'refused', code: noted.refused } };
    if (noted.late) return { status: 'answered', answer: await refuse(tx, of, vouching, 'vouching.expired') };
    const { rpIds } = (await deps.rulebook(tx, await activeDigest(tx))).trustRoots;
    const passkey = await findPasskey(tx, noted.word.credentialId);
    return { status: 'open', vouching, word: noted.word, passkey, rpIds };
  });
}

/**
 * Makes a word count whose signature was looked at: it must be the voucher's own, for this very statement, and the voucher
 * somebody whose word counts. One transaction, with its leaf.
 */
export async function countWord(
  { pool }: Pick<RecordWordDeps, 'pool'>,
  of: WordCase,
  { vouching, word: assertion, passkey, rpIds }: WordOpening,
  signed: boolean,
): Promise<VouchingAnswer> {
  return inTenant(pool, of.tenant, async (tx) => {
    const statement = statementOf(vouching);
    const hash = vouchingHash(statement, sha256);
    const voucher = await findPerson(tx, vouching.voucher);
    if (!voucher?.active || voucher.suspended) return refuse(tx, of, vouching, 'vouching.inactive');
    const objection =
      checkWord({ statement, hash, assertion, passkey, rpIds, signed }) ?? (await record(tx, of, assertion, passkey));
    if (objection !== undefined || !passkey) return refuse(tx, of, vouching, objection ?? 'vouching.unknown_passkey');
    await appendLeaf(tx, {
      kind: 'passkey.vouched',
      key: vouching.vouching,
      data: {
        vouching: vouching.vouching,
        passkey: vouching.passkey,
        person: vouching.person,
        voucher: vouching.voucher,
        voucherPasskey: passkey.passkey,
        statement: hash,
        method: 'passkey',
        proof: canonicalDigest(assertion),
      },
    });
    return { status: 'vouched', passkey: vouching.passkey };
  });
}

async function record(
  tx: PoolClient,
  { vouching, word: name }: WordCase,
  { authenticatorData }: Assertion,
  passkey: PasskeyRow | undefined,
): Promise<string | undefined> {
  const data = authenticatorDataOf(unbase64url(authenticatorData) ?? new Uint8Array());
  if (!data || !passkey) return 'vouching.proof_invalid';
  return recordWord(tx, { vouching, name, voucherPasskey: passkey.passkey, counter: data.counter });
}

/** The first refusal of a word stays; one that counted while this ran keeps its answer too. */
async function refuse(
  tx: PoolClient,
  { vouching, word }: WordCase,
  { passkey, voucher }: VouchingRow,
  code: string,
): Promise<VouchingAnswer> {
  const kept = await keepWordRefusal(tx, vouching, word, code);
  if (kept === undefined) return { status: 'vouched', passkey };
  await appendLeaf(tx, refusedWordLeaf({ passkey, voucher, code: kept }));
  return { status: 'refused', code: kept };
}
