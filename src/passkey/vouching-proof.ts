/** What the answer to a vouching must say to be the voucher's word. Pure; its signature is one more fact. */
import type { AssertionFacts, AssertionRefusal } from './assertion-proof.js';
import { checkAssertion } from './assertion-proof.js';
import type { VouchingStatement } from './vouching.js';

/** Why somebody's word does not count, or is not asked for. */
export type VouchingRefusal =
  | 'vouching.counter'
  | 'vouching.duplicate'
  | 'vouching.expired'
  | 'vouching.inactive'
  | 'vouching.no_passkey'
  | 'vouching.not_verified_user'
  | 'vouching.not_vouched'
  | 'vouching.other_person'
  | 'vouching.other_statement'
  | 'vouching.own'
  | 'vouching.proof_invalid'
  | 'vouching.revoked'
  | 'vouching.revoked_voucher'
  | 'vouching.unknown'
  | 'vouching.unknown_passkey'
  | 'vouching.wrong_origin';

const codes: Readonly<Record<AssertionRefusal, VouchingRefusal>> = {
  unknown_passkey: 'vouching.unknown_passkey',
  revoked_passkey: 'vouching.revoked_voucher',
  other_person: 'vouching.other_person',
  other_challenge: 'vouching.other_statement',
  wrong_origin: 'vouching.wrong_origin',
  not_verified_user: 'vouching.not_verified_user',
  proof_invalid: 'vouching.proof_invalid',
};

export interface WordFacts extends Omit<AssertionFacts, 'person' | 'hash'> {
  readonly statement: VouchingStatement;
  /** Of the statement. */
  readonly hash: string;
}

/** Undefined when the assertion is the voucher's word for somebody else's passkey; its counter is still to be compared. */
export function checkWord({ statement: { person, voucher }, ...facts }: WordFacts): VouchingRefusal | undefined {
  if (person === voucher) return 'vouching.own';
  const refusal = checkAssertion({ ...facts, person: voucher });
  return refusal && codes[refusal];
}
