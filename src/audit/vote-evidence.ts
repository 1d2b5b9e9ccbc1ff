/** Whether the votes of a bundle are those that its leaves speak of, byte for byte. */
import { canonicalJson } from '../action/canonical.js';
import { decisionHash, type Decision } from '../approval/decision.js';
import type { DecisionEnvelope, Proof } from '../approval/envelope.js';
import { unbase64url } from '../passkey/base64url.js';
import { canonicalDigest } from './bytes.js';
import { dataOf, type Leaf, type LeafData, type LeafKind } from './leaf.js';
import type { Problem, VerifiedLeaf } from './problem.js';

type Sha256 = (bytes: Uint8Array) => Uint8Array;

/**
 * Each counted vote has its envelope, in the order of the leaves, and each envelope its leaf; decision and proof are the
 * ones whose hashes the leaf holds, made for this action as it was requested.
 *
 * Signatures are not checked here: a passkey's is in passkey-evidence.ts, and the key of an identity provider is no part of
 * the bundle.
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
    const asked = questionOf(leaves.slice(0, at));
    const own = ofLeaf(envelope, leaf, vote, sha256) && asks(asked, envelope.decision);
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

type Question = Pick<Decision, 'requestCommitment' | 'displayCommitment' | 'rulebook' | 'tier' | 'revision'>;

/**
 * What people were asked by then: the request as it was classified, with what a gateway prepared last; after an outcome
 * that nobody knows, the same once more under the next number.
 */
function questionOf(leaves: readonly VerifiedLeaf[]): Question | undefined {
  const last = <K extends LeafKind>(kind: K) => leaves.flatMap(({ leaf }) => dataOf(leaf, kind) ?? []).at(-1);
  const requested = last('action.requested');
  if (!requested) return undefined;
  const { requestCommitment, rulebook, tier } = requested;
  const { displayCommitment, revision } = last('action.prepared') ?? { ...requested, revision: 1 };
  const unknown = last('action.outcome')?.status === 'outcome_unknown' ? 1 : 0;
  return { requestCommitment, displayCommitment, rulebook, tier, revision: revision + unknown };
}

/** A vote is for what was asked: the same bytes, shown so, under this rulebook, at this tier. */
function asks(asked: Question | undefined, decision: Decision): boolean {
  if (!asked) return false;
  const { requestCommitment, displayCommitment, rulebook, tier, revision } = decision;
  return canonicalJson(asked) === canonicalJson({ requestCommitment, displayCommitment, rulebook, tier, revision });
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
