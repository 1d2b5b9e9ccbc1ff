/** The API's own problems, and what refused votes are told. Sentences only: no input value can get into one. */
export interface Problem {
  readonly type: 'about:blank';
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly [detail: string]: unknown;
}

/** Code → status and sentence. */
export const apiProblems = {
  'agent.not_current': {
    status: 403,
    title: 'This agent is suspended, unknown, or its model vendor has no current agreement; nothing is released to it.',
  },
  'approval.closed': { status: 409, title: 'Nobody is asked about this action, or no longer.' },
  'approval.not_yours': { status: 403, title: 'You may not vote on this action, so its content is not shown to you.' },
  'caller.agent': { status: 403, title: 'Only a person may do this; this is the token of an agent.' },
  'caller.person': { status: 403, title: 'Only an agent may do this; this is the token of a person.' },
  'checkpoint.not_yet': { status: 503, title: 'No checkpoint was signed yet; come back in a moment.' },
  'element.unknown': { status: 422, title: 'Unknown element.' },
  internal: {
    status: 500,
    title: 'Something broke on our side; nothing was released. Try again, or look at the log of the API.',
  },
  not_found: { status: 404, title: 'There is nothing here.' },
  'person.inactive': { status: 403, title: 'Your entry in the directory is suspended or not active.' },
  'person.unknown': { status: 403, title: 'You are not in the directory of this tenant.' },
  'preview.too_many': { status: 429, title: 'Too many previews in one minute; ask for what you mean to do.' },
  'principal.inactive': { status: 403, title: 'The principal is suspended or not active in the directory.' },
  'principal.unknown': { status: 403, title: 'The principal is not in the directory of this tenant.' },
  'purpose.unknown': { status: 422, title: 'Unknown purpose of use.' },
  'request.invalid': { status: 400, title: 'The request does not have the right shape.' },
  'request.media_type': { status: 415, title: 'Send the body as application/json.' },
  'request.too_large': { status: 413, title: 'The body is larger than 64 kB, or than 1 MB where it is a rulebook.' },
  'role.unknown': { status: 422, title: 'Unknown role.' },
  'rulebook.unreadable': {
    status: 503,
    title: 'The active rulebook cannot be read by this build; nothing new is begun until another one is active.',
  },
  unavailable: {
    status: 503,
    title: 'The database or the workflow engine does not answer; nothing was released. Try again.',
  },
  'vote.malformed': { status: 400, title: 'A vote needs a proof of the right shape.' },
  'wait.full': { status: 503, title: 'Too many callers are waiting; come back in a moment.' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly title: string }>>;

export type ApiCode = keyof typeof apiProblems;

/** Code of a refused vote → what its voter is told. */
export const voteRefusals: ReadonlyMap<string, string> = new Map([
  ['identity.unreachable', 'The identity provider does not tell its keys; send the same vote again.'],
  ['vote.agent', 'An agent never approves.'],
  ['vote.altered', 'The decision is not the one that the challenge stands for.'],
  ['vote.busy', 'Many votes are being verified; send the same vote again.'],
  ['vote.challenge_expired', 'The challenge was open for five minutes; ask for another and sign again.'],
  ['vote.duplicate', 'You have voted on this action already; one person counts once.'],
  ['vote.inactive', 'Your entry in the directory is not active.'],
  ['vote.late', 'Too late: the action was decided, or its deadline is over.'],
  ['vote.not_fresh', 'This tier asks for a sign-in for this very vote beside the passkey.'],
  ['vote.not_open', 'The action is not ready for votes yet; send the same vote again in a moment.'],
  [
    'vote.not_vouched',
    'Nobody has vouched for this passkey, and this tier asks for it: countersign passkeys list says how a colleague does.',
  ],
  ['vote.not_verified_user', 'The authenticator did not verify you; unlock it with your PIN or finger.'],
  ['vote.old_sign_in', 'The proof is of an older sign-in; sign in for this vote.'],
  ['vote.other_decision', 'The proof was made for another decision.'],
  ['vote.other_person', 'The proof is of another person.'],
  ['vote.passkey_counter', 'The passkey signed out of order; it may have been copied. Revoke it and make another.'],
  ['vote.proof_invalid', 'The passkey’s signature does not fit.'],
  ['vote.revoked_passkey', 'This passkey was revoked; use another.'],
  [
    'vote.self',
    'You are the principal, or own the agent: somebody else has to decide. To withdraw it, cancel the action.',
  ],
  ['vote.stale', 'The request was changed since; look at it again.'],
  ['vote.superseded', 'You have opened another challenge since; sign that one.'],
  [
    'vote.too_many',
    'Too many proofs of yours came for this action; wait as long as Retry-After says, then ask for another challenge.',
  ],
  ['vote.unknown', 'There is no such challenge of yours.'],
  ['vote.unknown_passkey', 'This passkey is not enrolled here.'],
  ['vote.untrained', 'Your training has lapsed; renew it first.'],
  ['vote.unknown_meaning', 'Nobody is asked for a signature of this meaning here.'],
  ['vote.weak_proof', 'This tier asks for a passkey: enrol one, and vote with it.'],
  ['vote.weak_sign_in', 'This sign-in was not strong enough; use a second factor.'],
  ['vote.wrong_origin', 'The passkey was used at a site that the rulebook does not name.'],
  ['vote.wrong_proof', 'This tier asks for another kind of proof.'],
  ['vote.wrong_role', 'None of the roles that you act in is asked for here, or you do not hold it.'],
]);
