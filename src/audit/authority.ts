/** Whether what was done had leave: votes that fill the quorum before the warrant, the warrant before the attempt. */
import { isFinal } from '../action/types.js';
import { meaningsFor, type Asked } from '../approval/decision.js';
import { evaluateQuorum, orderMeaning, type Vote } from '../approval/quorum.js';
import { resolutionNeeds } from '../approval/resolution.js';
import { hex } from './bytes.js';
import { isLook } from './chain.js';
import { dataOf, type LeafData, type LeafKind } from './leaf.js';
import type { Problem, VerifiedLeaf } from './problem.js';

/** Ends that need an attempt: something was read, written, or may have been. */
const effective: readonly LeafData<'action.outcome'>['status'][] = ['completed', 'withheld', 'outcome_unknown'];

/** With these, people are asked anew. */
const anew: readonly string[] = ['action.requested', 'action.prepared', 'action.reopened'] satisfies LeafKind[];

/** Each warrant rests on the request and its quorum; each attempt and each outcome on a warrant; each check on a question. */
export function authorityProblems(leaves: readonly VerifiedLeaf[]): Problem[] {
  return leaves.flatMap(({ leaf }, at): Problem[] => {
    const before = leaves.slice(0, at);
    const authorised = dataOf(leaf, 'action.authorised');
    const attempt = dataOf(leaf, 'action.attempt');
    const outcome = dataOf(leaf, 'action.outcome');
    const checked = dataOf(leaf, 'version.checked');
    const code =
      (authorised && warrantProblem(authorised, before)) ??
      (attempt && attemptProblem(leaf.key, attempt, before)) ??
      (outcome && outcomeProblem(outcome, before)) ??
      (checked && checkProblem(checked, before));
    return code ? [{ code, leaf: at }] : [];
  });
}

function warrantProblem(
  { approvals, tier, rulebook, elements }: LeafData<'action.authorised'>,
  before: readonly VerifiedLeaf[],
): Problem['code'] | undefined {
  const requested = lastRequest(before);
  const same =
    requested?.tier === tier &&
    requested.rulebook === rulebook &&
    elements.every((element) => requested.elements.includes(element));
  if (!same) return 'outcome.unauthorised';
  const since = sinceAsked(before);
  if (wasDenied(since)) return 'approval.missing';
  const asked = { kind: 'prepared', needs: requested.needs, principal: requested.principal } as const;
  const votes = votesOf(approvals, since, asked);
  return votes && evaluateQuorum(requested.needs, votes).status === 'met' ? undefined : 'approval.missing';
}

/** From the last time on that people were asked anew: votes on what was asked before are for nothing, and their warrant too. */
function sinceAsked(before: readonly VerifiedLeaf[]): readonly VerifiedLeaf[] {
  const asked = before.findLastIndex(({ leaf }) => anew.includes(leaf.kind));
  return before.slice(Math.max(0, asked));
}

/** Deny wins: no approval of the same question counts beside one. */
function wasDenied(since: readonly VerifiedLeaf[]): boolean {
  return since.some(({ leaf }) => dataOf(leaf, 'vote.counted')?.verdict === 'deny');
}

type Question = Asked & { readonly principal: LeafData<'action.requested'>['principal'] | undefined };

/** The votes whose leaves have these hashes; undefined when one of them is not there, or may not count on this question. */
function votesOf(
  hashes: readonly string[],
  since: readonly VerifiedLeaf[],
  { principal, ...asked }: Question,
): readonly Vote[] | undefined {
  const meanings: readonly string[] = meaningsFor(asked);
  const votes = hashes.flatMap((hash) => {
    const leaf = since.find((each) => hex(each.hash) === hash)?.leaf;
    const vote = leaf && dataOf(leaf, 'vote.counted');
    if (!vote || !meanings.includes(vote.meaning)) return [];
    return vote.approver !== principal || vote.meaning === orderMeaning ? [vote] : [];
  });
  return votes.length === hashes.length ? votes : undefined;
}

/**
 * The action's own attempts need its warrant. Others are Countersign's own questions, which only read: the treatment
 * relationship, the record that is to be changed, what became of a write, what the EHR holds of it. They have warrants of
 * their own, on which no outcome can rest.
 */
function attemptProblem(
  key: string,
  { warrant }: LeafData<'action.attempt'>,
  before: readonly VerifiedLeaf[],
): Problem['code'] | undefined {
  const question = /^(relate|prepare|read_back_\d+|recheck_\d+)[./]/.test(key);
  const own = isAuthorised(warrant, question ? before : sinceAsked(before));
  return question === own ? 'outcome.unauthorised' : undefined;
}

function outcomeProblem(
  outcome: LeafData<'action.outcome'>,
  before: readonly VerifiedLeaf[],
): Problem['code'] | undefined {
  const { status, warrant, records, modified } = outcome;
  if (!isResolved(outcome, before)) return 'outcome.unresolved';
  const since = sinceAsked(before);
  if (modified && since[0]?.leaf.kind !== 'action.prepared') return 'outcome.unauthorised';
  const hadEffect = effective.includes(status) || records > 0;
  if (warrant === null) return hadEffect ? 'outcome.unauthorised' : undefined;
  if (!isAuthorised(warrant, hadEffect ? since : before)) return 'outcome.unauthorised';
  return hadEffect && !wasAttempted(warrant, before) ? 'outcome.no_attempt' : undefined;
}

/** What the EHR holds is told after the end, under a warrant under which it was asked. That it did not say needs no question. */
function checkProblem(
  { warrant, finding }: LeafData<'version.checked'>,
  before: readonly VerifiedLeaf[],
): Problem['code'] | undefined {
  const ended = before.some(({ leaf }) => {
    const status = dataOf(leaf, 'action.outcome')?.status;
    return status !== undefined && isFinal(status);
  });
  const looks = before.filter(({ leaf }) => isLook(leaf));
  const told = finding === 'not_said' || wasAttempted(warrant, looks);
  return ended && told ? undefined : 'version.unfounded';
}

/** The two ways in which an unknown outcome ends, by what the EHR shows and by what people say. */
const settledBy: ReadonlyMap<string, { readonly shown: string; readonly said: string }> = new Map([
  ['completed', { shown: 'written', said: 'met' }],
  ['failed', { shown: 'superseded', said: 'denied' }],
]);

/**
 * What follows an unknown outcome says what settled it, and that is there: the EHR showed it, or people said so. Nothing
 * else may say so.
 */
function isResolved({ status, resolved }: LeafData<'action.outcome'>, before: readonly VerifiedLeaf[]): boolean {
  const unknown = before.findLastIndex(({ leaf }) => dataOf(leaf, 'action.outcome')?.status === 'outcome_unknown');
  if (unknown < 0 || status === 'outcome_unknown') return resolved === undefined;
  const since = before.slice(unknown);
  const ends = settledBy.get(status);
  if (!ends) return false;
  switch (resolved?.by) {
    case 'read_back': {
      const shown = since.flatMap(({ leaf }) => dataOf(leaf, 'outcome.read_back') ?? []);
      return shown.find((each) => each.status !== 'unsettled')?.status === ends.shown; // the first word stays
    }
    case 'decision': {
      const principal = lastRequest(before)?.principal;
      const votes = votesOf(resolved.votes, since, { kind: 'resolution', needs: resolutionNeeds, principal });
      const said = votes && evaluateQuorum(resolutionNeeds, votes).status;
      return said === ends.said && wasDenied(since) === (said === 'denied');
    }
    default:
      return false;
  }
}

function lastRequest(leaves: readonly VerifiedLeaf[]): LeafData<'action.requested'> | undefined {
  return leaves.flatMap(({ leaf }) => dataOf(leaf, 'action.requested') ?? []).at(-1);
}

function isAuthorised(warrant: string, leaves: readonly VerifiedLeaf[]): boolean {
  return leaves.some(({ leaf }) => dataOf(leaf, 'action.authorised')?.warrant === warrant);
}

function wasAttempted(warrant: string, leaves: readonly VerifiedLeaf[]): boolean {
  return leaves.some(({ leaf }) => dataOf(leaf, 'action.attempt')?.warrant === warrant);
}
