/** What a passkey's assertion must say to be the proof of one vote (DESIGN §5.4). Pure; its signature is one more fact. */
import type { PersonId } from '../action/ids.js';
import { checkAssertion, type AssertionFacts, type AssertionRefusal } from '../passkey/assertion-proof.js';

export interface PasskeyProofFacts extends Omit<AssertionFacts, 'person'> {
  readonly approver: PersonId;
}

export type PasskeyProofRefusal =
  | 'vote.unknown_passkey'
  | 'vote.revoked_passkey'
  | 'vote.other_person'
  | 'vote.other_decision'
  | 'vote.wrong_origin'
  | 'vote.not_verified_user'
  | 'vote.proof_invalid';

const voteCodes: Readonly<Record<AssertionRefusal, PasskeyProofRefusal>> = {
  unknown_passkey: 'vote.unknown_passkey',
  revoked_passkey: 'vote.revoked_passkey',
  other_person: 'vote.other_person',
  other_challenge: 'vote.other_decision',
  wrong_origin: 'vote.wrong_origin',
  not_verified_user: 'vote.not_verified_user',
  proof_invalid: 'vote.proof_invalid',
};

/** Undefined when the assertion proves this vote; its counter is still to be compared with the last one. */
export function checkPasskeyProof({ approver, ...facts }: PasskeyProofFacts): PasskeyProofRefusal | undefined {
  const refusal = checkAssertion({ ...facts, person: approver });
  return refusal && voteCodes[refusal];
}
