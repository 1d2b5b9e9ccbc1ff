/** Where a person decides: nothing is chosen for them but the roles they hold, and the button says what it signs. */
import type { Approval, Meaning, Verdict } from './approval.js';
import { completeVote, signaturesFor, type Cast, type Entered, type Signature } from './complete-vote.js';
import { element, fill } from './element.js';
import { choice, typedText, type Field, type Option } from './fields.js';

const verdictWords: Readonly<Record<Verdict, string>> = {
  approve: 'Approve',
  deny: 'Deny',
  request_changes: 'Ask for changes',
};

const signatureWords: Readonly<Record<Signature, string>> = {
  passkey: 'Your device will ask for your passkey; its signature is your vote.',
  sign_in: 'You will sign in once more, with both factors; that sign-in is your signature.',
  both: 'Your device will ask for your passkey, then you will sign in once more, with both factors.',
};

const missingWords: Readonly<Record<keyof Entered, string>> = {
  meaning: 'Choose what your signature says.',
  reason: 'Say why.',
  confirmation: 'Type the confirmation exactly as it is shown.',
  roles: 'Choose at least one role to act in.',
  signature: 'Choose how you sign.',
};

/** `sign` gets what the person entered, once it is a whole vote. */
export function voteForm(approval: Approval, sign: (cast: Cast) => unknown): HTMLFormElement {
  const fields = fieldsFor(approval);
  const entered = (): Entered => ({
    meaning: fields.meaning.values()[0],
    reason: fields.reason.values()[0] ?? '',
    confirmation: fields.confirmation.values()[0] ?? '',
    roles: fields.roles.values(),
    signature: fields.signature.values()[0],
  });
  const missing = element('p', { role: 'alert' });
  const submit = element('button', { type: 'submit', class: 'main' });
  const follow = () => {
    const meant = approval.meanings.find(({ meaning }) => meaning === entered().meaning);
    fill(submit, meant ? wordsOf(approval, meant) : 'Choose above what you sign');
    fill(missing);
  };
  follow();

  const { meaning, reason, confirmation, roles, signature } = fields;
  const asked = [meaning, reason, ...(approval.confirmation === null ? [] : [confirmation]), roles, signature];
  const form = element('form', { novalidate: '' }, ...asked.map((field) => field.element), missing, submit);
  form.addEventListener('input', follow); // and not `change`: what moved the button as it is pressed would take the press away
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const completed = completeVote(approval, entered());
    if (completed.status === 'complete') return void sign(completed.cast);
    fill(missing, missingWords[completed.entry]);
    fields[completed.entry].focus();
  });
  return form;
}

function fieldsFor(approval: Approval): Readonly<Record<keyof Entered, Field>> {
  return {
    meaning: choice('What your signature says', 'radio', meaningOptions(approval)),
    reason: typedText('Reason', 'Needed unless you approve. The agent and the auditors read it.', 'several'),
    confirmation: typedText('Confirmation', `To approve, type: ${approval.confirmation ?? ''}`, 'one'),
    roles: choice('You act as', 'checkbox', roleOptions(approval)),
    signature: choice('How you sign', 'radio', signatureOptions(approval)),
  };
}

/** Whoever says what became of a write approves and denies nothing. */
function wordsOf({ kind }: Approval, { verdict, text }: Meaning): string {
  return kind === 'resolution' ? text : `${verdictWords[verdict]}: ${text}`;
}

function meaningOptions(approval: Approval): readonly Option[] {
  return approval.meanings.map((each) => ({ value: each.meaning, words: wordsOf(approval, each), chosen: false }));
}

function roleOptions({ roles }: Approval): readonly Option[] {
  return roles.map((role) => ({ value: role, words: role, chosen: true }));
}

function signatureOptions(approval: Approval): readonly Option[] {
  return signaturesFor(approval).map((value, place) => ({ value, words: signatureWords[value], chosen: place === 0 }));
}
