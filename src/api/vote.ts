/** One vote on its way: noted by the database, counted by the workflow's worker, answered. */
import { challengeSchema, type ChallengeId, type PersonId } from '../action/ids.js';
import { proofSchema } from '../approval/envelope.js';
import { receiveVote } from '../approval/receive-vote.tx.js';
import { canonicalDigest } from '../audit/bytes.js';
import type { ApiDeps } from './deps.js';
import { failureCode } from './outage.js';
import { isFinalForVote } from './problem.js';
import { challengedAction, logRefusedVote } from './refused-vote.tx.js';
import type { VoteBrake } from './vote-brake.js';

export interface SentVote {
  readonly challenge: string;
  /** As it came: a vote without a proof is refused like one with a wrong proof, and logged. */
  readonly proof?: unknown;
}

export type VoteResult =
  | { readonly status: 'counted' }
  /** Noted in time; the workflow did not answer yet. The same vote sent again hears what became of it. */
  | { readonly status: 'pending' }
  | Refused;

interface Refused {
  readonly status: 'refused';
  readonly code: string;
  /** Seconds, where the code says to wait. */
  readonly retryAfter?: number;
}

export interface VoteDeps extends Pick<ApiDeps, 'pool' | 'tenant' | 'actions'> {
  readonly brake: VoteBrake;
}

export async function sendVote(deps: VoteDeps, person: PersonId, vote: SentVote): Promise<VoteResult> {
  const { pool, tenant, actions, brake } = deps;
  const id = challengeSchema.safeParse(vote.challenge).data;
  const action = id && (await challengedAction(pool, tenant, id));
  const refuse = async (code: string, challenge: ChallengeId | null): Promise<Refused> => {
    await logRefusedVote(pool, tenant, { action: action ?? null, challenge, approver: person, code });
    return { status: 'refused', code };
  };
  if (!id || !action) return refuse('vote.unknown', null);
  const proof = proofSchema.safeParse(vote.proof);
  if (!proof.success) return refuse('vote.malformed', null);
  const held = brake.heldFor({ person, action, proof: canonicalDigest(proof.data) });
  if (held !== undefined) return { ...(await refuse('vote.too_many', null)), retryAfter: Math.ceil(held / 1_000) };
  const received = await receiveVote(deps, { tenant, action, person, challenge: id, proof: proof.data });
  if (received.status === 'refused') return received;
  const isCounted = received.status === 'counted';
  if (received.envelope === undefined) return { status: 'counted' };
  const answer = await actions.vote(action, id, received.envelope, isCounted).catch((error: unknown) => {
    const code = failureCode(error);
    if (code === undefined || isFinalForVote(code)) throw error;
    return { status: 'refused', code } as const;
  });
  // The first time only: an old vote that is sent again and again must not let forged ones through.
  if (answer.status === 'counted' && !isCounted) brake.release({ person, action });
  // Of a vote that the database has counted the workflow was only told once more.
  if (isCounted && answer.status === 'refused') return { status: 'counted' };
  // The worker logs what it refused itself, under the same key; a closed workflow and a validator log nothing.
  if (answer.status === 'refused' && isFinalForVote(answer.code)) return refuse(answer.code, id);
  return answer;
}
