import type { Pool } from 'pg';
import { findAction } from '../action/action.store.js';
import type { ActionId, ChallengeId, PersonId, TenantId } from '../action/ids.js';
import { isFinal, type CountedVote } from '../action/types.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import type { DecisionEnvelope, Proof } from './envelope.js';
import { refusedVoteLeaf } from './refused-vote.js';
import { decisionOf, findChallenge, findVote, insertReceipt } from './vote.store.js';

export interface ReceivedCase {
  readonly tenant: TenantId;
  readonly action: ActionId;
  /** Whose access token came with the proof. */
  readonly person: PersonId;
  readonly challenge: ChallengeId;
  readonly proof: Proof;
}

export type Received =
  /** Noted; now it goes to the workflow. It is not counted yet. */
  | { readonly status: 'received'; readonly envelope: DecisionEnvelope; readonly receivedAt: Date }
  /** The same proof was counted before. `envelope` while its workflow may have to hear of it: it may never have. */
  | { readonly status: 'counted'; readonly vote: CountedVote; readonly envelope?: DecisionEnvelope }
  | { readonly status: 'refused'; readonly code: string };

/**
 * Notes that a proof came, before it is sent anywhere: whether a vote was in time is judged by this moment. What cannot
 * count any more is refused here, with its leaf, because a closed workflow answers nobody. Another person's challenge is
 * unknown.
 */
export async function receiveVote({ pool }: { readonly pool: Pool }, vote: ReceivedCase): Promise<Received> {
  const { tenant, action, person, challenge: id, proof } = vote;
  return inTenant(pool, tenant, async (tx) => {
    const challenge = await findChallenge(tx, id);
    const known = challenge?.action === action && challenge.approver === person ? challenge : undefined;
    if (!known) {
      await appendLeaf(tx, refusedVoteLeaf({ action, challenge: null, approver: person, code: 'vote.unknown' }));
      return { status: 'refused', code: 'vote.unknown' };
    }
    const counted = await findVote(tx, id, proof);
    const envelope = { decision: decisionOf(known), proof };
    if (counted) {
      const row = await findAction(tx, action);
      const isUnderWay = row !== undefined && !isFinal(row.status) && row.revision === counted.revision;
      return { status: 'counted', vote: counted, ...(isUnderWay && { envelope }) };
    }
    const receipt = await insertReceipt(tx, id, proof);
    if (receipt.status === 'refused') {
      await appendLeaf(tx, refusedVoteLeaf({ action, challenge: id, approver: person, code: receipt.code }));
      return receipt;
    }
    return { ...receipt, envelope };
  });
}
