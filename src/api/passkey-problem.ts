import type { OfferRefusal } from '../passkey/enrolment-proof.js';
import type { VouchingRefusal } from '../passkey/vouching-proof.js';
import { failureCode } from './outage.js';
import { ApiProblem, voteProblem } from './problem.js';
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

/** Code of a word that does not count → what its giver is told. */
const wordRefusals: Readonly<Record<VouchingRefusal, string>> = {
  'vouching.counter': 'Your passkey signed out of order; it may have been copied. Revoke it and make another.',
  'vouching.duplicate': 'Somebody has vouched for this passkey already.',
  'vouching.expired': 'The vouching was open for five minutes; begin again.',
  'vouching.inactive': 'Your entry in the directory is not active.',
  'vouching.no_passkey': 'You sign your word with a passkey of your own: enrol one first.',
  'vouching.not_verified_user': 'The authenticator did not verify you; unlock it with your PIN or finger.',
  'vouching.not_vouched': 'Nobody has vouched for your own passkey: have that done first.',
  'vouching.other_person': 'The passkey that signed is of another person.',
  'vouching.other_statement': 'The signature was made for something else.',
  'vouching.own': 'This passkey is your own: somebody else has to vouch for it.',
  'vouching.proof_invalid': 'The passkey’s signature does not fit.',
  'vouching.revoked': 'This passkey is revoked: there is nothing to vouch for.',
  'vouching.revoked_voucher': 'The passkey that signed was revoked; use another.',
  'vouching.unknown': 'There is no such vouching of yours.',
  'vouching.unknown_passkey': 'The passkey that signed is not enrolled here.',
  'vouching.wrong_origin': 'The passkey was used at a site that the rulebook does not name.',
};

const sentences: ReadonlyMap<string, string> = new Map(Object.entries({ ...offerRefusals, ...wordRefusals }));

/** An offer that made no passkey: the code is the leaf's, the sentence ours. */
export function offerProblem(code: string): Problem {
  const title = sentences.get(code) ?? 'This makes no passkey.';
  return { type: 'about:blank', status: 409, code, title };
}

/** A word that does not count: the code is the leaf's, the sentence ours. */
export function wordProblem(code: string): Problem {
  const title = sentences.get(code) ?? 'This word does not count.';
  return { type: 'about:blank', status: 409, code, title };
}

/** The two that pass; nothing was kept, so that the same may be sent again. @throws ApiProblem, or what was thrown. */
export function passing(error: unknown): never {
  const code = failureCode(error);
  if (code === 'identity.unreachable' || code === 'vote.busy') throw new ApiProblem(voteProblem(code));
  throw error;
}
