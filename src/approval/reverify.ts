/**
 * Whether what a warrant rests on is what people approved. Judged once more by whoever is about to act: governance may
 * have been fooled, or its database changed, but a vote holds a signature that neither can make (DESIGN §5.4).
 */
import { sha256 } from '@noble/hashes/sha2.js';
import type { ActionId, Digest, TenantId } from '../action/ids.js';
import type { Tier } from '../action/types.js';
import { canonicalDigest, hex } from '../audit/bytes.js';
import type { LeafData } from '../audit/leaf.js';
import { unbase64url } from '../passkey/base64url.js';
import type { PasskeyRow } from '../passkey/passkey.store.js';
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
  /** Made again from the challenge's row. */
  readonly decision: Decision;
  readonly proof: Proof;
  /** Of the credential that signed; undefined for an unknown one, and where none did. */
  readonly passkey: SigningKey | undefined;
}

export interface SigningKey {
  readonly row: PasskeyRow;
  /** The leaf of its enrolment. */
  readonly enrolled: LeafData<'passkey.enrolled'>;
  /** Whether its key made the signature, at one of the rulebook's sites. */
  readonly signed: boolean;
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

function isGenuine({ leaf, decision, proof, passkey }: StoredApproval, bound: Bound, asked: Asked): boolean {
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
    (proof.kind === 'passkey' ? isOwn(proof, passkey, decision, { hash, ...asked }) : asked.proof.method === 'idp')
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

/** The key is the one that the person enrolled, by the log as well as by the table, and it signed this decision. */
function isOwn(
  { kind: _kind, idToken, ...assertion }: PasskeyProof,
  key: SigningKey | undefined,
  { approver }: Decision,
  { hash, rpIds, proof: required }: Asked & { readonly hash: string },
): boolean {
  const fresh = required.method === 'passkey' && required.fresh;
  return (
    key !== undefined &&
    (!fresh || idToken !== undefined) &&
    key.enrolled.passkey === key.row.passkey &&
    key.enrolled.person === approver &&
    key.enrolled.rpId === key.row.rpId &&
    key.enrolled.credential === digestOf(unbase64url(assertion.credentialId)) &&
    key.enrolled.publicKey === digestOf(key.row.publicKey) &&
    checkPasskeyProof({ assertion, passkey: key.row, approver, hash, rpIds, signed: key.signed }) === undefined
  );
}

function digestOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && hex(sha256(bytes));
}
