/** Whether the passkeys of a bundle made the votes that say so: each key is the one that the log saw enrolled. */
import { sha256 } from '@noble/hashes/sha2.js';
import { decisionHash } from '../approval/decision.js';
import type { DecisionEnvelope, PasskeyProof } from '../approval/envelope.js';
import { checkPasskeyProof } from '../approval/passkey-proof.js';
import type { Assertion } from '../passkey/assertion.js';
import { isSignedBy } from '../passkey/assertion-signature.js';
import { keyDigests } from '../passkey/key-digests.js';
import { asksForWord, vouchingHash } from '../passkey/vouching.js';
import { checkWord } from '../passkey/vouching-proof.js';
import { canonicalDigest } from './bytes.js';
import { dataOf, type Leaf, type LeafData } from './leaf.js';
import type { Problem, VerifiedLeaf } from './problem.js';

/** A passkey of the bundle, whose enrolment was found in the signed tree. */
export interface EnrolledPasskey {
  /** base64url id of the credential. */
  readonly credential: string;
  /** COSE_Key. */
  readonly publicKey: Uint8Array;
  readonly enrolment: VerifiedLeaf;
}

/** A word of the bundle, whose leaf was found in the signed tree. */
export interface GivenWord {
  readonly word: VerifiedLeaf;
  readonly assertion: Assertion;
}

export interface PasskeyEvidence {
  readonly votes: readonly DecisionEnvelope[];
  readonly passkeys: readonly EnrolledPasskey[];
  readonly vouchings: readonly GivenWord[];
}

/**
 * Each vote by passkey has its key: enrolled for this person before they voted, and the maker of this signature, with
 * the person verified, at the site that the key was made for. At T3 somebody else's key signed a word for it before. Keys
 * and words stand in the order in which the votes need them, and no others do.
 *
 * A key that was revoked before it voted is not found out by this, nor whether anybody vouched for the voucher's: nothing
 * in a bundle tells what else is in the log.
 */
export function passkeyProblems(
  leaves: readonly VerifiedLeaf[],
  { votes, passkeys, vouchings }: PasskeyEvidence,
): Problem[] {
  const keys = inOrderOfUse(passkeys);
  const words = inOrderOfUse(vouchings);
  const problems = leaves.flatMap(({ leaf }, at): Problem[] => {
    const vote = dataOf(leaf, 'vote.counted');
    const envelope = vote && votes.find(({ decision }) => decision.challenge === vote.challenge);
    if (!envelope || envelope.proof.kind !== 'passkey') return [];
    const { decision, proof } = envelope;
    const key = keys.use(({ credential }) => credential === proof.credentialId);
    if (!key) return [{ code: 'passkey.missing', leaf: at }];
    const enrolled = enrolmentOf(key);
    if (!enrolled || enrolled.person !== decision.approver || key.enrolment.leaf.index > leaf.index)
      return [{ code: 'passkey.other', leaf: at }];
    if (!isProven(envelope, proof, key, enrolled)) return [{ code: 'vote.not_signed', leaf: at }];
    if (!asksForWord(decision.tier)) return [];
    const given = words.use(({ word }) => dataOf(word.leaf, 'passkey.vouched')?.passkey === enrolled.passkey);
    if (!given) return [{ code: 'vouching.missing', leaf: at }];
    const voucher = keys.use(({ credential }) => credential === given.assertion.credentialId);
    if (!voucher) return [{ code: 'passkey.missing', leaf: at }];
    return isWordFor({ enrolled, voted: leaf }, given, voucher) ? [] : [{ code: 'vouching.other', leaf: at }];
  });
  return [
    ...problems,
    ...(keys.areAll() ? [] : [{ code: 'passkey.unknown' } as const]),
    ...(words.areAll() ? [] : [{ code: 'vouching.unknown' } as const]),
  ];
}

/** Finds items, and knows at the end whether they stand in the order in which they were first asked for. */
function inOrderOfUse<T>(items: readonly T[]) {
  const used = new Set<T>();
  return {
    use(is: (item: T) => boolean): T | undefined {
      const found = items.find(is);
      if (found !== undefined) used.add(found);
      return found;
    },
    areAll(): boolean {
      const order = [...used];
      return order.length === items.length && order.every((item, at) => item === items[at]);
    },
  };
}

/** What the log saw enrolled, if it was this key. */
function enrolmentOf(key: EnrolledPasskey): LeafData<'passkey.enrolled'> | undefined {
  const enrolled = dataOf(key.enrolment.leaf, 'passkey.enrolled');
  const { credential, publicKey } = keyDigests(key);
  return enrolled?.credential === credential && enrolled.publicKey === publicKey ? enrolled : undefined;
}

function isProven(
  { decision }: DecisionEnvelope,
  { kind: _kind, idToken: _idToken, ...assertion }: PasskeyProof,
  { publicKey }: EnrolledPasskey,
  { person, rpId }: LeafData<'passkey.enrolled'>,
): boolean {
  const refusal = checkPasskeyProof({
    assertion,
    passkey: { person, rpId, revokedAt: null },
    approver: decision.approver,
    hash: decisionHash(decision, sha256),
    rpIds: [rpId],
    signed: isSignedBy(publicKey, assertion),
  });
  return refusal === undefined;
}

interface About {
  readonly enrolled: LeafData<'passkey.enrolled'>;
  /** The leaf of the vote that needs the word. */
  readonly voted: Leaf;
}

/** The statement is made again from the leaves of word and enrolment; its hash must be what the voucher's key signed. */
function isWordFor({ enrolled, voted }: About, { word, assertion }: GivenWord, voucher: EnrolledPasskey): boolean {
  const said = dataOf(word.leaf, 'passkey.vouched');
  const own = enrolmentOf(voucher);
  if (!said || !own) return false;
  const { passkey, person, credential, publicKey } = enrolled;
  const { vouching } = said;
  const tenant = word.leaf.tenant;
  const statement = { v: 1, tenant, vouching, passkey, person, credential, publicKey, voucher: own.person } as const;
  const hash = vouchingHash(statement, sha256);
  const { rpId } = own;
  return (
    voucher.enrolment.leaf.index < word.leaf.index &&
    word.leaf.index < voted.index &&
    said.person === person &&
    said.voucher === own.person &&
    said.voucherPasskey === own.passkey &&
    said.statement === hash &&
    said.proof === canonicalDigest(assertion) &&
    checkWord({
      statement,
      hash,
      assertion,
      passkey: { person: own.person, rpId, revokedAt: null },
      rpIds: [rpId],
      signed: isSignedBy(voucher.publicKey, assertion),
    }) === undefined
  );
}
