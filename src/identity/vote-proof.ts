/** What an ID token must say to be the proof of one vote (DESIGN §5.4). Pure; signatures were checked before. */
import type { RequiredProof } from '../rulebook/rulebook.js';
import type { VoteToken } from './tokens.gateway.js';

export interface SignInFacts {
  readonly token: VoteToken;
  /** Of the person whose challenge it is. */
  readonly approver: { readonly issuer: string; readonly subject: string };
  /** base64url SHA-256 of the decision's bytes. */
  readonly hash: string;
  readonly decidedAt: Date;
}

export interface VoteProofFacts extends SignInFacts {
  readonly required: RequiredProof;
}

export type ProofRefusal =
  'vote.other_person' | 'vote.other_decision' | 'vote.old_sign_in' | 'vote.weak_sign_in' | 'vote.weak_proof';

/** Undefined when the token proves this vote. */
export function checkVoteProof({ required, ...signIn }: VoteProofFacts): ProofRefusal | undefined {
  if (required.method !== 'idp') return 'vote.weak_proof';
  const { acr, amr } = signIn.token;
  const byAcr = acr !== undefined && required.acr.includes(acr);
  const byAmr = required.amr.length > 0 && required.amr.every((method) => amr.includes(method));
  return checkSignIn(signIn) ?? (byAcr || byAmr ? undefined : 'vote.weak_sign_in');
}

/** Undefined when this person signed in for this very decision, after it was fixed; how strongly is not asked here. */
export function checkSignIn({ token, approver, hash, decidedAt }: SignInFacts): ProofRefusal | undefined {
  if (token.issuer !== approver.issuer || token.subject !== approver.subject) return 'vote.other_person';
  if (token.nonce !== hash) return 'vote.other_decision';
  // The issuer counts whole seconds: the second in which the challenge was opened is the earliest it can say.
  return token.authTime < Math.floor(decidedAt.getTime() / 1000) ? 'vote.old_sign_in' : undefined;
}
