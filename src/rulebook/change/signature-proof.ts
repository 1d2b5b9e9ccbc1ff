/** Whether a passkey's assertion is this person's own under this statement, by the rules of a vote (DESIGN §5.4). Pure. */
import type { PersonId } from '../../action/ids.js';
import { checkPasskeyProof, type PasskeyProofRefusal } from '../../approval/passkey-proof.js';
import type { Assertion } from '../../passkey/assertion.js';
import type { PasskeyRow } from '../../passkey/passkey.store.js';
import type { ChangeRefusal } from './change.js';

const codes: Readonly<Record<PasskeyProofRefusal, ChangeRefusal>> = {
  'vote.unknown_passkey': 'rulebook.unknown_passkey',
  'vote.revoked_passkey': 'rulebook.revoked_passkey',
  'vote.other_person': 'rulebook.other_person',
  'vote.other_decision': 'rulebook.other_statement',
  'vote.wrong_origin': 'rulebook.wrong_origin',
  'vote.not_verified_user': 'rulebook.not_verified_user',
  'vote.proof_invalid': 'rulebook.proof_invalid',
};

export interface SignatureFacts {
  readonly assertion: Assertion;
  /** Of the assertion's credential; undefined for one that was never enrolled. */
  readonly passkey: Pick<PasskeyRow, 'person' | 'rpId' | 'revokedAt'> | undefined;
  readonly person: PersonId;
  /** Of the statement. */
  readonly hash: string;
  readonly rpIds: readonly string[];
  /** Whether the passkey's key made the signature. */
  readonly signed: boolean;
}

/** Undefined when it is; the authenticator's counter is still to be compared with the last one. */
export function checkSignature({ person, ...facts }: SignatureFacts): ChangeRefusal | undefined {
  const refusal = checkPasskeyProof({ ...facts, approver: person });
  return refusal && codes[refusal];
}

/** What the database says under the passkey's lock, in this room's words. */
export function useRefusal(code: string): ChangeRefusal {
  switch (code) {
    case 'vote.unknown_passkey':
    case 'vote.revoked_passkey':
      return codes[code];
    case 'vote.passkey_counter':
      return 'rulebook.passkey_counter';
    default:
      return 'rulebook.proof_invalid';
  }
}
