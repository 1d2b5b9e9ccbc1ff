/** What an ID token must say to be the proof of one vote (DESIGN §5.4). Pure; signatures were checked before. */
import type { RequiredProof } from '../rulebook/rulebook.js';
import type { VoteToken } from './tokens.gateway.js';

export interface VoteProofFacts {
  readonly token: VoteToken;
  /** Of the person whose challenge it is. */
  readonly approver: { readonly issuer: string; readonly subject: string };
  /** base64url SHA-256 of the decision's bytes. */
  readonly hash: string;
  readonly decidedAt: Date;
  readonly required: RequiredProof;
}

export type ProofRefusal =
  'vote.other_person' | 'vote.other_decision' | 'vote.old_sign_in' | 'vote.weak_sign_in' | 'vote.weak_proof';

/** Undefined when the token proves this vote. */
export function checkVoteProof({
  token,
  approver,
  hash,
  decidedAt,
  required,
}: VoteProofFacts): ProofRefusal | undefined {
  if (required.method !== 'idp') return 'vote.weak_proof';
  if (token.issuer !== approver.issuer || token.subject !== approver.subject) return 'vote.other_person';
  if (token.nonce !== hash) return 'vote.other_decision';
  // The issuer counts whole seconds: the second in which the challenge was opened is the earliest it can say.
  if (token.authTime < Math.floor(decidedAt.getTime() / 1000)) return 'vote.old_sign_in';
  const byAcr = token.acr !== undefined && required.acr.includes(token.acr);
  const byAmr = required.amr.length > 0 && required.amr.every((method) => token.amr.includes(method));
  return byAcr || byAmr ? undefined : 'vote.weak_sign_in';
}
