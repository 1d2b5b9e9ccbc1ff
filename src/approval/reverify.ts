/**
 * Whether what a warrant rests on is what people approved. Judged once more by whoever is about to act: governance may
 * have been fooled, or its database changed, but a vote holds a signature that neither can make (DESIGN §5.4).
 */
import { sha256 } from '@noble/hashes/sha2.js';
import type { ActionId, Digest, TenantId } from '../action/ids.js';
import type { Tier } from '../action/types.js';
import { canonicalDigest } from '../audit/bytes.js';
import type { LeafData } from '../audit/leaf.js';
import { isEnrolledBy, type SigningKey } from '../passkey/signing-key.js';
import { isVouched, type StoredWord } from '../passkey/vouched.js';
import { asksForWord } from '../passkey/vouching.js';
import type { RequiredProof } from '../rulebook/rulebook.js';
import { decisionHash, type Decision } from './decision.js';
import type { PasskeyProof, Proof } from './envelope.js';
import { checkPasskeyProof } from './passkey-proof.js';
import { evaluateQuorum, type Needs, type Vote } from './quorum.js';

/** What the votes must have been for, from the warrant and the revision that it was minted for. */
export interface Bound {
  readonly tenant: TenantId;
  readonly action: ActionId;
  readonly revision: number;
  readonly requestCommitment: Digest;
  readonly displayCommitment: Digest;
  readonly rulebook: Digest;
  readonly tier: Tier;
}

/** What the pinned rulebook asks for. */
export interface Asked {
  readonly needs: Needs;
  readonly proof: RequiredProof;
  readonly rpIds: readonly string[];
}

/** One vote as the log has it, with what the tables hold for it. */
export interface StoredApproval {
  readonly leaf: LeafData<'vote.counted'>;
  /** Of the leaf in the log. */
  readonly index: number;
  /** Made again from the challenge's row. */
  readonly decision: Decision;
  readonly proof: Proof;
  /** Of the credential that signed; undefined for an unknown one, and where none did. */
  readonly passkey: SigningKey | undefined;
  /** The words behind that passkey, back to the first of the log; none where the tier asks for none. */
  readonly words: readonly StoredWord[];
}

/**
 * Whether these votes, all of them genuine, fill the quorum, and none of them is a no. The signature of an ID token is
 * not among what is judged: this process reaches no identity provider. So it is the row that counts where a tier asks
 * for no passkey, and where one asks for a fresh sign-in besides.
 */
export function isApproved(approvals: readonly StoredApproval[], bound: Bound, asked: Asked): boolean {
  const votes: Vote[] = approvals.map(({ leaf }) => leaf);
  return (
    asked.needs.status === 'quorum' &&
    approvals.every((approval) => isGenuine(approval, bound, asked)) &&
    evaluateQuorum(asked.needs, votes).status === 'met'
  );
}

function isGenuine(approval: StoredApproval, bound: Bound, asked: Asked): boolean {
  const { leaf, decision, proof } = approval;
  const hash = decisionHash(decision, sha256);
  return (
    isForThis(decision, bound) &&
    leaf.decision === hash &&
    leaf.challenge === decision.challenge &&
    leaf.approver === decision.approver &&
    leaf.verdict === decision.verdict &&
    leaf.meaning === decision.meaning &&
    leaf.roles.every((role) => decision.actingRoles.includes(role)) &&
    leaf.method === proof.kind &&
    leaf.proof === canonicalDigest(proof) &&
    (proof.kind === 'passkey' ? isOwn(proof, approval, { hash, ...asked }) : asked.proof.method === 'idp')
  );
}

function isForThis(decision: Decision, bound: Bound): boolean {
  return (
    decision.tenant === bound.tenant &&
    decision.action === bound.action &&
    decision.revision === bound.revision &&
    decision.requestCommitment === bound.requestCommitment &&
    decision.displayCommitment === bound.displayCommitment &&
    decision.rulebook === bound.rulebook &&
    decision.tier === bound.tier
  );
}

/**
 * The key is the one that the person enrolled, by the log as well as by the table; somebody vouched for it where the tier
 * asks for that; and it signed this decision.
 */
function isOwn(
  { kind: _kind, idToken, ...assertion }: PasskeyProof,
  { index, decision: { approver, tier }, passkey: key, words }: StoredApproval,
  { hash, rpIds, proof: required }: Asked & { readonly hash: string },
): boolean {
  const fresh = required.method === 'passkey' && required.fresh;
  return (
    key !== undefined &&
    (!fresh || idToken !== undefined) &&
    isEnrolledBy(key, { person: approver, credentialId: assertion.credentialId }) &&
    (!asksForWord(tier) || isVouched(words, { key, before: index, rpIds })) &&
    checkPasskeyProof({ assertion, passkey: key.row, approver, hash, rpIds, signed: key.signed }) === undefined
  );
}
