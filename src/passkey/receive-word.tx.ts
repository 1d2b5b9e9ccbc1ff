import type { Pool, PoolClient } from 'pg';
import type { Digest, PersonId, TenantId } from '../action/ids.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import type { Assertion } from './assertion.js';
import type { VouchingId } from './ids.js';
import { refusedWordLeaf, type RefusedWord } from './refused-word.js';
import type { VouchingAnswer } from './vouching.js';
import { findVouching, findWord, insertWord } from './vouching.store.js';

export interface ReceivedWordCase {
  readonly tenant: TenantId;
  readonly vouching: VouchingId;
  /** Whose access token came with the word. */
  readonly voucher: PersonId;
  readonly word: Assertion;
}

export type ReceivedWord =
  /** Noted; now the worker verifies it. It does not count yet. */
  { readonly status: 'received'; readonly word: Digest } | VouchingAnswer;

/**
 * Notes an assertion as it came, before it is sent anywhere: whether it was in time is judged by this moment. The same
 * word again hears what became of it. Another person's vouching is unknown.
 */
export async function receiveWord(
  { pool }: { readonly pool: Pool },
  { tenant, vouching, voucher, word }: ReceivedWordCase,
): Promise<ReceivedWord> {
  return inTenant(pool, tenant, async (tx) => {
    const name = await insertWord(tx, vouching, voucher, word);
    const opened = name && (await findVouching(tx, vouching));
    const noted = name && (await findWord(tx, vouching, name));
    if (!opened || !noted) return refuse(tx, { passkey: null, voucher, code: 'vouching.unknown' });
    const { passkey } = opened;
    if (noted.counted) return { status: 'vouched', passkey };
    if (noted.refused !== null) return { status: 'refused', code: noted.refused };
    if (noted.late) return refuse(tx, { passkey, voucher, code: 'vouching.expired' });
    return { status: 'received', word: name };
  });
}

async function refuse(tx: PoolClient, refused: RefusedWord): Promise<ReceivedWord> {
  await appendLeaf(tx, refusedWordLeaf(refused));
  return { status: 'refused', code: refused.code };
}
