/** The leaf of a vote that did not count: ids and a code, nothing of what was sent. */
import type { ActionId, ChallengeId, PersonId } from '../action/ids.js';
import type { LeafDraft } from '../audit/leaf.js';

export interface RefusedVote {
  readonly action: ActionId;
  /** Null for a vote that names no challenge of this action. */
  readonly challenge: ChallengeId | null;
  readonly approver: PersonId | null;
  readonly code: string;
}

/** One leaf for each person, challenge and reason: repeating a bad vote does not fill the log. */
export function refusedVoteLeaf({ action, challenge, approver, code }: RefusedVote): LeafDraft<'vote.refused'> {
  const key = [challenge ?? 'unread', ...(challenge === null && approver !== null ? [approver] : []), code].join('/');
  return { kind: 'vote.refused', action, key, data: { challenge, approver, code } };
}
