/** Whether what was done had leave: votes that fill the quorum before the warrant, the warrant before the attempt. */
import { evaluateQuorum, type Vote } from '../approval/quorum.js';
import { hex } from './bytes.js';
import { dataOf, type LeafData } from './leaf.js';
import type { Problem, VerifiedLeaf } from './problem.js';

/** Ends that need an attempt: something was read, written, or may have been. */
const effective: readonly LeafData<'action.outcome'>['status'][] = ['completed', 'withheld', 'outcome_unknown'];

/** Each warrant rests on the request and its quorum; each attempt and each outcome on a warrant. */
export function authorityProblems(leaves: readonly VerifiedLeaf[]): Problem[] {
  return leaves.flatMap(({ leaf }, at): Problem[] => {
    const before = leaves.slice(0, at);
    const authorised = dataOf(leaf, 'action.authorised');
    const attempt = dataOf(leaf, 'action.attempt');
    const outcome = dataOf(leaf, 'action.outcome');
    const code =
      (authorised && warrantProblem(authorised, before)) ??
      (attempt && attemptProblem(attempt, before)) ??
      (outcome && outcomeProblem(outcome, before));
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
  if (wasDenied(before)) return 'approval.missing';
  const votes = approvals.map((hash) => approvalOf(hash, before));
  const found = votes.flatMap((vote) => vote ?? []);
  const met = found.length === votes.length && evaluateQuorum(requested.needs, found).status === 'met';
  return met ? undefined : 'approval.missing';
}

/** Deny wins: no approval of the same request counts beside one. */
function wasDenied(before: readonly VerifiedLeaf[]): boolean {
  const request = before.findLastIndex(({ leaf }) => leaf.kind === 'action.requested');
  return before.slice(request).some(({ leaf }) => dataOf(leaf, 'vote.counted')?.verdict === 'deny');
}

/** The vote whose leaf has this hash, as it was counted. */
function approvalOf(hash: string, before: readonly VerifiedLeaf[]): Vote | undefined {
  const leaf = before.find((each) => hex(each.hash) === hash)?.leaf;
  return leaf && dataOf(leaf, 'vote.counted');
}

function attemptProblem(
  { warrant }: LeafData<'action.attempt'>,
  before: readonly VerifiedLeaf[],
): Problem['code'] | undefined {
  if (isAuthorised(warrant, before)) return undefined;
  // The system warrant that asks the EHR for the treatment relationship has no such leaf: it comes before the request.
  const request = before.findIndex(({ leaf }) => leaf.kind === 'action.requested');
  const older = request < 0 || wasAttempted(warrant, before.slice(0, request));
  return older ? undefined : 'outcome.unauthorised';
}

function outcomeProblem(
  { status, warrant, records }: LeafData<'action.outcome'>,
  before: readonly VerifiedLeaf[],
): Problem['code'] | undefined {
  const hadEffect = effective.includes(status) || records > 0;
  if (warrant === null) return hadEffect ? 'outcome.unauthorised' : undefined;
  if (!isAuthorised(warrant, before)) return 'outcome.unauthorised';
  return hadEffect && !wasAttempted(warrant, before) ? 'outcome.no_attempt' : undefined;
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
