/** One vote on its way: noted by the database, counted by the workflow's worker, answered. */
import { challengeSchema, type ChallengeId, type PersonId } from '../action/ids.js';
import { proofSchema } from '../approval/envelope.js';
import { receiveVote } from '../approval/receive-vote.tx.js';
import type { ApiDeps } from './deps.js';
import { failureCode } from './outage.js';
import { isFinalForVote } from './problem.js';
import { challengedAction, logRefusedVote } from './refused-vote.tx.js';

export interface SentVote {
  readonly challenge: string;
  /** As it came: a vote without a proof is refused like one with a wrong proof, and logged. */
  readonly proof?: unknown;
}

export type VoteResult =
  | { readonly status: 'counted' }
  /** Noted in time; the workflow did not answer yet. The same vote sent again hears what became of it. */
  | { readonly status: 'pending' }
  | { readonly status: 'refused'; readonly code: string };

export async function sendVote(deps: ApiDeps, person: PersonId, vote: SentVote): Promise<VoteResult> {
  const { pool, tenant, actions } = deps;
  const id = challengeSchema.safeParse(vote.challenge).data;
  const action = id && (await challengedAction(pool, tenant, id));
  const refuse = async (code: string, challenge: ChallengeId | null): Promise<VoteResult> => {
    await logRefusedVote(pool, tenant, { action: action ?? null, challenge, approver: person, code });
    return { status: 'refused', code };
  };
  if (!id || !action) return refuse('vote.unknown', null);
  const proof = proofSchema.safeParse(vote.proof);
  if (!proof.success) return refuse('vote.malformed', null);
  const received = await receiveVote(deps, { tenant, action, person, challenge: id, proof: proof.data });
  if (received.status !== 'received') return received;
  const answer = await actions.vote(action, id, received.envelope).catch((error: unknown) => {
    const code = failureCode(error);
    if (code === undefined || isFinalForVote(code)) throw error;
    return { status: 'refused', code } as const;
  });
  // The worker logs what it refused itself, under the same key; a closed workflow and a validator log nothing.
  if (answer.status === 'refused' && isFinalForVote(answer.code)) return refuse(answer.code, id);
  return answer;
}
