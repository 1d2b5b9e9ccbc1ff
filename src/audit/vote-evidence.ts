/** Whether the votes of a bundle are those that its leaves speak of, byte for byte. */
import { canonicalJson } from '../action/canonical.js';
import { decisionHash, type Decision } from '../approval/decision.js';
import type { DecisionEnvelope, Proof } from '../approval/envelope.js';
import { unbase64url } from '../passkey/base64url.js';
import { canonicalDigest } from './bytes.js';
import { dataOf, type Leaf, type LeafData } from './leaf.js';
import type { Problem, VerifiedLeaf } from './problem.js';

type Sha256 = (bytes: Uint8Array) => Uint8Array;

/**
 * Each counted vote has its envelope, in the order of the leaves, and each envelope its leaf; decision and proof are the
 * ones whose hashes the leaf holds, made for this action as it was requested.
 *
 * The signature of identity provider or passkey is not checked here: their keys are no part of the bundle.
 */
export function voteProblems(
  leaves: readonly VerifiedLeaf[],
  votes: readonly DecisionEnvelope[],
  sha256: Sha256,
): Problem[] {
  const counted = leaves.flatMap(({ leaf }, at) => {
    const vote = dataOf(leaf, 'vote.counted');
    return vote ? [{ leaf, at, vote }] : [];
  });
  const known = counted.map(({ vote }) => vote.challenge);
  const problems = counted.flatMap(({ leaf, at, vote }, place): Problem[] => {
    const envelope = votes.find(({ decision }) => decision.challenge === vote.challenge);
    if (!envelope) return [{ code: 'vote.missing', leaf: at }];
    const requested = lastRequest(leaves.slice(0, at));
    const own = ofLeaf(envelope, leaf, vote, sha256) && ofRequest(envelope.decision, requested);
    const inOrder = known.length !== votes.length || votes[place] === envelope;
    return own && inOrder ? [] : [{ code: 'vote.other', leaf: at }];
  });
  const unknown = votes.filter(({ decision }) => !known.includes(decision.challenge));
  const doubled = votes.length - unknown.length > known.length;
  return [...problems, ...(unknown.length > 0 || doubled ? [{ code: 'vote.unknown' } as const] : [])];
}

function ofLeaf(
  { decision, proof }: DecisionEnvelope,
  { tenant, action }: Leaf,
  vote: LeafData<'vote.counted'>,
  sha256: Sha256,
): boolean {
  const hash = decisionHash(decision, sha256);
  return (
    vote.decision === hash &&
    vote.method === proof.kind &&
    vote.proof === canonicalDigest(proof) &&
    provenHash(proof) === hash &&
    decision.tenant === tenant &&
    decision.action === action &&
    decision.approver === vote.approver &&
    decision.verdict === vote.verdict &&
    decision.meaning === vote.meaning &&
    vote.roles.every((role) => decision.actingRoles.includes(role))
  );
}

/** A vote is for what was requested: the same bytes, shown so, under this rulebook, at this tier. */
function ofRequest(decision: Decision, requested: LeafData<'action.requested'> | undefined): boolean {
  if (!requested) return false;
  const { requestCommitment, displayCommitment, rulebook, tier } = requested;
  const bound = [requestCommitment, displayCommitment, rulebook, tier];
  const voted = [decision.requestCommitment, decision.displayCommitment, decision.rulebook, decision.tier];
  return canonicalJson(bound) === canonicalJson(voted);
}

function lastRequest(leaves: readonly VerifiedLeaf[]): LeafData<'action.requested'> | undefined {
  return leaves.flatMap(({ leaf }) => dataOf(leaf, 'action.requested') ?? []).at(-1);
}

/** What the proof says it was made for; read, not verified. */
function provenHash(proof: Proof): unknown {
  if (proof.kind === 'idp') return claimOf(proof.idToken.split('.')[1] ?? '', 'nonce');
  const made = claimOf(proof.clientDataJSON, 'type') === 'webauthn.get';
  return made ? claimOf(proof.clientDataJSON, 'challenge') : undefined;
}

/** One member of a JSON object in base64url; undefined for what is none. */
function claimOf(encoded: string, name: 'nonce' | 'type' | 'challenge'): unknown {
  try {
    const bytes = unbase64url(encoded) ?? new Uint8Array();
    const claims: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return new Map<string, unknown>(Object.entries(Object(claims))).get(name);
  } catch {
    return undefined;
  }
}
