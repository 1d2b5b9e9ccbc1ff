/**
 * What registration and ID token must say before a passkey is made (DESIGN §5.4): the key was made for this enrolment, at
 * one of our sites, by a verified user, and then the person signed in for this very key. Pure; signatures are further
 * facts.
 */
import { checkVoteProof, type ProofRefusal } from '../identity/vote-proof.js';
import type { VoteToken } from '../identity/tokens.gateway.js';
import type { RequiredProof, Rulebook } from '../rulebook/rulebook.js';
import { checkCeremony, clientDataOf, rpIdOf, type AuthenticatorData, type CeremonyRefusal } from './ceremony.js';
import type { Registration } from './registration.js';

/** Why an offer makes no passkey. */
export type OfferRefusal =
  | 'passkey.duplicate'
  | 'passkey.expired'
  | 'passkey.inactive'
  | 'passkey.not_verified_user'
  | 'passkey.old_sign_in'
  | 'passkey.other_challenge'
  | 'passkey.other_person'
  | 'passkey.other_registration'
  | 'passkey.proof_invalid'
  | 'passkey.token_audience'
  | 'passkey.token_expired'
  | 'passkey.token_invalid'
  | 'passkey.token_issuer'
  | 'passkey.too_many'
  | 'passkey.unknown'
  | 'passkey.weak_sign_in'
  | 'passkey.wrong_origin';

const ceremonyCodes: Readonly<Record<CeremonyRefusal, OfferRefusal>> = {
  proof_invalid: 'passkey.proof_invalid',
  other_challenge: 'passkey.other_challenge',
  wrong_origin: 'passkey.wrong_origin',
  not_verified_user: 'passkey.not_verified_user',
};

export interface RegistrationFacts {
  readonly registration: Registration;
  /** Out of the attestation object; undefined where it is none. */
  readonly authenticator: AuthenticatorData | undefined;
  /** The enrolment's. */
  readonly challenge: string;
  readonly rpIds: readonly string[];
}

export type CheckedRegistration =
  | { readonly status: 'fits'; readonly origin: string; readonly rpId: string }
  | { readonly status: 'refused'; readonly code: OfferRefusal };

/** Whether a passkey was made in the right ceremony, and at which of our sites. */
export function checkRegistration({
  registration,
  authenticator,
  challenge,
  rpIds,
}: RegistrationFacts): CheckedRegistration {
  const clientData = clientDataOf(registration.clientDataJSON);
  const refusal = checkCeremony({ kind: 'webauthn.create', challenge, clientData, authenticator, rpIds });
  if (refusal) return { status: 'refused', code: ceremonyCodes[refusal] };
  const rpId = clientData && rpIdOf(clientData, rpIds);
  if (!clientData || rpId === undefined) return { status: 'refused', code: 'passkey.wrong_origin' };
  return { status: 'fits', origin: clientData.origin, rpId };
}

const tokenCodes: Readonly<Record<ProofRefusal, OfferRefusal>> = {
  'vote.other_person': 'passkey.other_person',
  'vote.other_decision': 'passkey.other_registration',
  'vote.old_sign_in': 'passkey.old_sign_in',
  'vote.weak_sign_in': 'passkey.weak_sign_in',
  'vote.weak_proof': 'passkey.weak_sign_in',
};

export interface EnrolmentTokenFacts {
  readonly token: VoteToken;
  /** Of the person who opened the enrolment. */
  readonly person: { readonly issuer: string; readonly subject: string };
  /** Of this registration under this enrolment's challenge. */
  readonly nonce: string;
  readonly openedAt: Date;
  /** Undefined when the rulebook names no sign-in that is strong enough: then none is. */
  readonly required: RequiredProof | undefined;
}

/** Undefined when the person themselves signed in for this key: after the enrolment was opened, and strongly. */
export function checkEnrolmentToken({
  token,
  person,
  nonce,
  openedAt,
  required,
}: EnrolmentTokenFacts): OfferRefusal | undefined {
  if (!required) return 'passkey.weak_sign_in';
  const refusal = checkVoteProof({ token, approver: person, hash: nonce, decidedAt: openedAt, required });
  return refusal && tokenCodes[refusal];
}

/** The sign-in that a passkey needs: as strong as one that may cast a vote itself. */
export function requiredSignIn({ tiers }: Pick<Rulebook, 'tiers'>): RequiredProof | undefined {
  const { approval } = tiers.T1;
  return approval.status === 'asked' && approval.proof.method === 'idp' ? approval.proof : undefined;
}
