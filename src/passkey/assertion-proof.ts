/** What a passkey's assertion must say to be one person's signature under one hash. Pure; its signature is one more fact. */
import type { PersonId } from '../action/ids.js';
import type { Assertion } from './assertion.js';
import { unbase64url } from './base64url.js';
import { authenticatorDataOf, checkCeremony, clientDataOf, type CeremonyRefusal } from './ceremony.js';
import type { PasskeyRow } from './passkey.store.js';
import { userHandleOf } from './registration.js';

export interface AssertionFacts {
  readonly assertion: Assertion;
  /** The passkey of the assertion's credential; undefined for one that was never enrolled. */
  readonly passkey: Pick<PasskeyRow, 'person' | 'rpId' | 'revokedAt'> | undefined;
  /** Who is to have signed. */
  readonly person: PersonId;
  /** base64url SHA-256 of what is signed. */
  readonly hash: string;
  readonly rpIds: readonly string[];
  /** Whether the passkey's key made the signature. */
  readonly signed: boolean;
}

export type AssertionRefusal = 'unknown_passkey' | 'other_person' | 'revoked_passkey' | CeremonyRefusal;

/** Undefined when this person signed this; the counter is still to be compared with the last one. */
export function checkAssertion(facts: AssertionFacts): AssertionRefusal | undefined {
  const { assertion, passkey, person, hash, rpIds, signed } = facts;
  if (!passkey) return 'unknown_passkey';
  if (passkey.person !== person) return 'other_person';
  if (passkey.revokedAt !== null) return 'revoked_passkey';
  const refusal = checkCeremony({
    kind: 'webauthn.get',
    challenge: hash,
    clientData: clientDataOf(assertion.clientDataJSON),
    authenticator: authenticatorDataOf(unbase64url(assertion.authenticatorData) ?? new Uint8Array()),
    // A passkey is of one relying party, however many of them the rulebook trusts.
    rpIds: rpIds.filter((rpId) => rpId === passkey.rpId),
  });
  if (refusal) return refusal;
  if (assertion.userHandle !== undefined && assertion.userHandle !== userHandleOf(person)) return 'other_person';
  return signed ? undefined : 'proof_invalid';
}
