import type { OfferRefusal } from '../passkey/enrolment-proof.js';
import type { Problem } from './problem-codes.js';

/** Code of a refused offer → what the person is told. */
const offerRefusals: Readonly<Record<OfferRefusal, string>> = {
  'passkey.duplicate': 'This enrolment has its passkey, or this key is enrolled already.',
  'passkey.expired': 'The enrolment was open for five minutes; begin again.',
  'passkey.inactive': 'Your entry in the directory is not active.',
  'passkey.not_verified_user': 'The authenticator did not verify you; unlock it with your PIN or finger.',
  'passkey.old_sign_in': 'The ID token is of an older sign-in; sign in for this enrolment.',
  'passkey.other_challenge': 'The key was made for another enrolment.',
  'passkey.other_person': 'The ID token is of another person.',
  'passkey.other_registration': 'The ID token was obtained for another key.',
  'passkey.proof_invalid': 'The registration does not fit together.',
  'passkey.token_audience': 'The ID token is for somebody else.',
  'passkey.token_expired': 'The ID token has expired; begin again.',
  'passkey.token_invalid': 'The ID token is not valid here.',
  'passkey.token_issuer': 'The ID token is not from an issuer that the rulebook trusts.',
  'passkey.too_many': 'You hold as many passkeys as you may; revoke one first.',
  'passkey.unknown': 'There is no such enrolment of yours.',
  'passkey.weak_sign_in': 'This sign-in was not strong enough; use a second factor.',
  'passkey.wrong_origin': 'The key was made at a site that the rulebook does not name.',
};

const sentences: ReadonlyMap<string, string> = new Map(Object.entries(offerRefusals));

/** An offer that made no passkey: the code is the leaf's, the sentence ours. */
export function offerProblem(code: string): Problem {
  const title = sentences.get(code) ?? 'This makes no passkey.';
  return { type: 'about:blank', status: 409, code, title };
}
