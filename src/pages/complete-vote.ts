/** Whether what a person entered is a whole vote. Pure, and of help only: the API and the worker judge for themselves. */
import type { Approval } from './approval.js';
import type { Chosen } from './ballot-check.js';

/** How a vote is signed: by a passkey, by a sign-in made for it, or by both. */
export type Signature = 'passkey' | 'sign_in' | 'both';

export interface Entered {
  readonly meaning: string | undefined;
  readonly reason: string;
  readonly confirmation: string;
  readonly roles: readonly string[];
  readonly signature: string | undefined;
}

export interface Cast {
  readonly approval: Approval;
  readonly chosen: Chosen;
  /** As typed; undefined where none is asked for. */
  readonly confirmation: string | undefined;
  readonly signature: Signature;
}

export type Completed =
  | { readonly status: 'complete'; readonly cast: Cast }
  /** The first entry, from above, that is still missing or does not fit. */
  | { readonly status: 'missing'; readonly entry: keyof Entered };

/** Which signatures would do, the best first; none where a passkey is asked for and the person has none. */
export function signaturesFor({ proof, credentials }: Approval): readonly Signature[] {
  const withPasskey: readonly Signature[] = credentials.length > 0 ? [proof.fresh ? 'both' : 'passkey'] : [];
  return proof.method === 'passkey' ? withPasskey : [...withPasskey, 'sign_in'];
}

export function completeVote(approval: Approval, entered: Entered): Completed {
  const meant = approval.meanings.find(({ meaning }) => meaning === entered.meaning);
  if (!meant) return { status: 'missing', entry: 'meaning' };
  const { meaning, verdict } = meant;
  const reason = entered.reason.trim();
  if (verdict !== 'approve' && reason === '') return { status: 'missing', entry: 'reason' };
  const typed = verdict === 'approve' && approval.confirmation !== null ? entered.confirmation : undefined;
  if (typed !== undefined && typed !== approval.confirmation) return { status: 'missing', entry: 'confirmation' };
  if (entered.roles.length === 0) return { status: 'missing', entry: 'roles' };
  const signature = signaturesFor(approval).find((each) => each === entered.signature);
  if (!signature) return { status: 'missing', entry: 'signature' };
  const chosen = { verdict, meaning, reason: reason === '' ? undefined : reason, roles: entered.roles };
  return { status: 'complete', cast: { approval, chosen, confirmation: typed, signature } };
}
