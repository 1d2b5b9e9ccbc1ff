/** What a passkey's assertion must say to be the proof of one vote (DESIGN §5.4). Pure; its signature is one more fact. */
import type { PersonId } from '../action/ids.js';
import type { Assertion } from '../passkey/assertion.js';
import { unbase64url } from '../passkey/base64url.js';
import { authenticatorDataOf, checkCeremony, clientDataOf, type CeremonyRefusal } from '../passkey/ceremony.js';
import type { PasskeyRow } from '../passkey/passkey.store.js';
import { userHandleOf } from '../passkey/registration.js';

export interface PasskeyProofFacts {
  readonly assertion: Assertion;
  /** The passkey of the assertion's credential; undefined for one that was never enrolled. */
  readonly passkey: Pick<PasskeyRow, 'person' | 'rpId' | 'revokedAt'> | undefined;
  readonly approver: PersonId;
  /** base64url SHA-256 of the decision's bytes. */
  readonly hash: string;
  readonly rpIds: readonly string[];
  /** Whether the passkey's key made the signature. */
  readonly signed: boolean;
}

export type PasskeyProofRefusal =
  | 'vote.unknown_passkey'
  | 'vote.revoked_passkey'
  | 'vote.other_person'
  | 'vote.other_decision'
  | 'vote.wrong_origin'
  | 'vote.not_verified_user'
  | 'vote.proof_invalid';

const voteCodes: Readonly<Record<CeremonyRefusal, PasskeyProofRefusal>> = {
  proof_invalid: 'vote.proof_invalid',
  other_challenge: 'vote.other_decision',
  wrong_origin: 'vote.wrong_origin',
  not_verified_user: 'vote.not_verified_user',
};

/** Undefined when the assertion proves this vote; its counter is still to be compared with the last one. */
export function checkPasskeyProof(facts: PasskeyProofFacts): PasskeyProofRefusal | undefined {
  const { assertion, passkey, approver, hash, rpIds, signed } = facts;
  if (!passkey) return 'vote.unknown_passkey';
  if (passkey.person !== approver) return 'vote.other_person';
  if (passkey.revokedAt !== null) return 'vote.revoked_passkey';
  const refusal = checkCeremony({
    kind: 'webauthn.get',
    challenge: hash,
    clientData: clientDataOf(assertion.clientDataJSON),
    authenticator: authenticatorDataOf(unbase64url(assertion.authenticatorData) ?? new Uint8Array()),
    // A passkey is of one relying party, however many of them the rulebook trusts.
    rpIds: rpIds.filter((rpId) => rpId === passkey.rpId),
  });
  if (refusal) return voteCodes[refusal];
  if (assertion.userHandle !== undefined && assertion.userHandle !== userHandleOf(approver)) return 'vote.other_person';
  return signed ? undefined : 'vote.proof_invalid';
}
