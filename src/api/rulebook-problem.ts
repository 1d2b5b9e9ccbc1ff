import type { ChangeRefusal } from '../rulebook/change/change.js';
import type { Problem as RulebookProblem } from '../rulebook/problem.js';
import type { Problem } from './problem-codes.js';

/** Code of a refused proposal, signature or activation → what the person is told. */
const sentences: Readonly<Record<ChangeRefusal, string>> = {
  'rulebook.agent': 'An agent never changes the rules.',
  'rulebook.already_active': 'This rulebook is the active one.',
  'rulebook.already_proposed': 'This rulebook is proposed already; sign that proposal.',
  'rulebook.altered': 'What is stored is not what was signed; look at the log.',
  'rulebook.challenge_expired': 'The challenge was open for five minutes; sign again.',
  'rulebook.denied': 'Somebody denied this proposal; it cannot be revived, only proposed anew.',
  'rulebook.duplicate': 'You have signed this proposal already; one person counts once.',
  'rulebook.fresh_grant': 'Your role was granted too recently to change the rules with it.',
  'rulebook.inactive': 'Your entry in the directory is not active.',
  'rulebook.no_officer': 'One of the signatures must be an officer’s.',
  'rulebook.not_verified_user': 'The authenticator did not verify you; unlock it with your PIN or finger.',
  'rulebook.not_vouched':
    'Changing the rules takes a passkey that a colleague vouched for: countersign passkeys list says how one does.',
  'rulebook.other_base': 'Another rulebook became active since; propose it anew against that one.',
  'rulebook.other_person': 'The passkey is of another person.',
  'rulebook.other_statement': 'The passkey signed something else.',
  'rulebook.passkey_counter': 'The passkey signed out of order; it may have been copied. Revoke it and make another.',
  'rulebook.proof_invalid': 'The passkey’s signature does not fit.',
  'rulebook.revoked_passkey': 'A passkey that signed was revoked; sign with another.',
  'rulebook.unfit': 'This rulebook names things that only development may; `problems` say which.',
  'rulebook.unknown': 'There is no such proposal or challenge of yours.',
  'rulebook.unknown_passkey': 'This passkey is not enrolled here.',
  'rulebook.unreadable': 'This is no rulebook that this build can use; `problems` say why.',
  'rulebook.unsigned': 'Two people have to sign it first.',
  'rulebook.untrained': 'Your training has lapsed; renew it first.',
  'rulebook.wrong_origin': 'The passkey was used at a site that the rulebook does not name.',
  'rulebook.wrong_role': 'None of the roles that you act in may sign a change of the rules, or you do not hold it.',
};

const invalid: ReadonlySet<ChangeRefusal> = new Set<ChangeRefusal>(['rulebook.unfit', 'rulebook.unreadable']);

/** The code is the leaf's, the sentence ours. Rulebooks are no secret: what is wrong with one may be quoted. */
export function changeProblem(code: ChangeRefusal, problems: readonly RulebookProblem[] = []): Problem {
  const status = invalid.has(code) ? 422 : code === 'rulebook.unknown' ? 404 : 409;
  return { ...(problems.length > 0 && { problems }), type: 'about:blank', status, code, title: sentences[code] };
}
