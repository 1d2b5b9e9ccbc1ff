import type { Pool, PoolClient } from 'pg';
import type { ChallengeId, Digest, PersonId, TenantId } from '../../action/ids.js';
import { appendLeaf } from '../../audit/append.store.js';
import { inTenant } from '../../database/transaction.js';
import type { Assertion } from '../../passkey/assertion.js';
import { changeRefusalSchema, type ChangeRefusal } from './change.js';
import { refusedChangeLeaf, type RefusedChange } from './change-leaves.js';
import { findChangeChallenge, findChangeProof, insertChangeProof } from './change.store.js';

export interface ReceivedSignatureCase {
  readonly tenant: TenantId;
  /** Whose access token came with it. */
  readonly person: PersonId;
  readonly challenge: ChallengeId;
  readonly assertion: Assertion;
}

export type ReceivedSignature =
  /** Noted; now the worker verifies it. It does not count yet. */
  | { readonly status: 'received'; readonly proof: Digest }
  /** The same assertion was counted before. */
  | { readonly status: 'signed'; readonly challenge: ChallengeId }
  | { readonly status: 'refused'; readonly code: ChangeRefusal };

/**
 * Notes an assertion as it came, before it is sent anywhere: whether it was in time is judged by this moment. The same
 * again hears what became of it. Another person's challenge is unknown.
 */
export async function receiveSignature(
  { pool }: { readonly pool: Pool },
  { tenant, person, challenge: id, assertion }: ReceivedSignatureCase,
): Promise<ReceivedSignature> {
  return inTenant(pool, tenant, async (tx) => {
    const proof = await insertChangeProof(tx, id, person, assertion);
    const challenge = proof && (await findChangeChallenge(tx, id));
    const noted = proof && (await findChangeProof(tx, id, proof));
    if (!proof || !challenge || !noted) return refuse(tx, { proposal: null, person, code: 'rulebook.unknown' });
    if (noted.counted) return { status: 'signed', challenge: id };
    if (noted.refused !== null) return { status: 'refused', code: changeRefusalSchema.parse(noted.refused) };
    const { proposal } = challenge;
    if (noted.late) return refuse(tx, { proposal, person, code: 'rulebook.challenge_expired' });
    return { status: 'received', proof };
  });
}

async function refuse(tx: PoolClient, refused: RefusedChange): Promise<ReceivedSignature> {
  await appendLeaf(tx, refusedChangeLeaf(refused));
  return { status: 'refused', code: refused.code };
}
