/** The provider's few pages: plain HTML that needs no script, no font and nothing from elsewhere. */
import { createHash } from 'node:crypto';
import type { SandboxPerson } from './people.js';
import type { SignInVerdict } from './sign-in.js';

const style = `
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1rem;max-width:26rem;font:1.0625rem/1.5 system-ui,sans-serif;color:#1a2330;background:#fff}
h1{font-size:1.5rem;line-height:1.25}
label{display:block;margin:1rem 0 .25rem;font-weight:600}
select,input,button{width:100%;min-height:2.75rem;padding:.5rem .75rem;font:inherit;color:inherit;background:#fff;border:1px solid #5b6675;border-radius:.375rem}
button{margin-top:1.5rem;font-weight:600;cursor:pointer}
button.main{color:#fff;background:#0b5a8a;border-color:#0b5a8a}
button+button{margin-top:.75rem}
:focus-visible{outline:3px solid #0b5a8a;outline-offset:2px}
.note{margin:.25rem 0 0;font-size:.9375rem;color:#46505e}
[role=alert]{padding:.75rem;border-left:.25rem solid #b3261e;background:#fdf0ef}
@media (prefers-color-scheme:dark){
body{color:#e6eaf0;background:#12171e}select,input,button{background:#1b222c;border-color:#8a95a5}
.note{color:#b4bdc9}button.main{background:#0b5a8a}:focus-visible{outline-color:#7cc4f0}[role=alert]{background:#3a1a18}}
`;
const styleHash = createHash('sha256').update(style).digest('base64');

/** `form-action` names loopback because browsers hold it against the redirect after the form, to the application. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'content-security-policy': [
    `default-src 'none'`,
    `style-src 'sha256-${styleHash}'`,
    `form-action 'self' http://127.0.0.1:* http://localhost:*`,
    `base-uri 'none'`,
    `frame-ancestors 'none'`,
  ].join('; '),
} as const;

const refusals = {
  wrong: 'The person, password or code is not right.',
  code_needed: 'This sign-in needs a one-time code as well.',
  code_used: 'That code was used already. Wait for the next one.',
} as const;

export interface SignInPage {
  readonly people: readonly SandboxPerson[];
  /** Chosen already: who was named by the application, or who tried last. */
  readonly person: string | undefined;
  readonly client: string;
  readonly needsMfa: boolean;
  readonly refused?: Extract<SignInVerdict, { status: 'refused' }>['reason'];
}

export function signInPage({ people, person, client, needsMfa, refused }: SignInPage): string {
  const options = people.map(({ sub, name, roles }) => {
    const text = `${name} (${roles.join(', ').replaceAll('_', ' ')})`;
    return `<option value="${escaped(sub)}"${sub === person ? ' selected' : ''}>${escaped(text)}</option>`;
  });
  const alert = refused && `<p role="alert" id="refusal" data-reason="${refused}">${refusals[refused]}</p>`;
  const describedBy = (...ids: string[]) => {
    const all = [...(refused ? ['refusal'] : []), ...ids];
    return all.length === 0 ? '' : ` aria-describedby="${all.join(' ')}"`;
  };
  const note = needsMfa
    ? 'Six digits from the authenticator.'
    : 'Six digits from the authenticator. Left empty, the password alone signs you in: too weak for a vote.';
  return page(
    refused ? 'Error: sign in to the sandbox' : 'Sign in to the sandbox',
    `<p><strong>${escaped(client)}</strong> asks who you are. These are the sandbox people, not real ones.</p>
${alert ?? ''}
<form method="post">
<label for="person">Person</label>
<select id="person" name="person" autocomplete="username">${options.join('')}</select>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${describedBy()}>
<label for="code">One-time code</label>
<input id="code" name="code" inputmode="numeric" pattern="[0-9]{6}" maxlength="6" autocomplete="one-time-code"${needsMfa ? ' required' : ''}${describedBy('code-note')}>
<p class="note" id="code-note">${note}</p>
<button class="main">Sign in</button>
<button name="cancel" value="yes" formnovalidate>Cancel</button>
</form>`,
  );
}

/** `form` is the provider's own, with its protection against forged requests. */
export function signOutPage(form: string): string {
  return page(
    'Sign out?',
    `${form}
<button class="main" form="op.logoutForm" name="logout" value="yes">Sign out</button>
<button form="op.logoutForm">Stay signed in</button>`,
  );
}

export function messagePage(title: string, text: string): string {
  return page(title, `<p>${escaped(text)}</p>`);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
<main>
<h1>${escaped(title)}</h1>
${body}
</main>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
