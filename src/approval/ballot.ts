/** The votes of one action as its workflow sees them: enough to know when to stop waiting. The database counts again. */
import type { ActionId, ChallengeId } from '../action/ids.js';
import { isDecisionEnvelope } from './envelope.js';
import { evaluateQuorum, type Needs, type QuorumState, type Vote } from './quorum.js';

export interface CastVote extends Vote {
  readonly challenge: ChallengeId;
}

export interface Ballot {
  readonly revision: number;
  readonly needs: Needs;
  readonly votes: readonly CastVote[];
}

export type BallotRefusal = 'vote.malformed' | 'vote.other_action' | 'vote.stale' | 'vote.duplicate';

/** `votes` were counted before, by an earlier run; those of another revision are for nothing. */
export function openBallot({
  revision,
  needs,
  votes = [],
}: Pick<Ballot, 'revision' | 'needs'> & {
  readonly votes?: readonly (CastVote & { readonly revision: number })[];
}): Ballot {
  return { revision, needs, votes: votes.filter((vote) => vote.revision === revision) };
}

/** Shape, action, revision, and whether this person has voted; undefined means: go and verify the proof. */
export function checkVote(ballot: Ballot, envelope: unknown, action: ActionId): BallotRefusal | undefined {
  if (!isDecisionEnvelope(envelope)) return 'vote.malformed';
  const { decision } = envelope;
  if (decision.action !== action) return 'vote.other_action';
  if (decision.revision !== ballot.revision) return 'vote.stale';
  return ballot.votes.some(({ approver }) => approver === decision.approver) ? 'vote.duplicate' : undefined;
}

/** Adds a counted vote; one that is in already, by challenge or by person, changes nothing. */
export function addVote(ballot: Ballot, vote: CastVote): Ballot {
  const known = ballot.votes.some(
    ({ challenge, approver }) => challenge === vote.challenge || approver === vote.approver,
  );
  return known ? ballot : { ...ballot, votes: [...ballot.votes, vote] };
}

export function tally({ needs, votes }: Ballot): QuorumState {
  return evaluateQuorum(needs, votes);
}
