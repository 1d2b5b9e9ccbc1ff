/** The codec server's few pages: plain HTML that needs no script, no font and nothing from elsewhere. */
import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';

const style = `
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1rem;max-width:34rem;font:1.0625rem/1.5 system-ui,sans-serif;color:#1a2330;background:#fff}
h1{font-size:1.5rem;line-height:1.25}
a.main,button{display:block;width:100%;min-height:2.75rem;margin-top:1rem;padding:.5rem .75rem;font:inherit;font-weight:600;text-align:center;text-decoration:none;border:1px solid #5b6675;border-radius:.375rem;color:inherit;background:#fff;cursor:pointer}
a.main{color:#fff;background:#0b5a8a;border-color:#0b5a8a}
:focus-visible{outline:3px solid #0b5a8a;outline-offset:2px}
@media (prefers-color-scheme:dark){
body{color:#e6eaf0;background:#12171e}button{background:#1b222c;border-color:#8a95a5}:focus-visible{outline-color:#7cc4f0}}
`;
const styleHash = createHash('sha256').update(style).digest('base64');

export const pageHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

type Html = ReturnType<typeof html>;

/** Somebody is signed in. */
export function signedInPage(name: string, ui: string): Html {
  return page(
    'Signed in',
    html`<p>
        You are signed in as ${name}. The Temporal UI now shows the details of actions; who looked is on the log.
      </p>
      <a class="main" href="${ui}">Open the Temporal UI</a>
      <form method="post" action="/sign-out"><button>Sign out</button></form>`,
  );
}

export function signedOutPage(ui: string): Html {
  return page(
    'Not signed in',
    html`<p>
        The Temporal UI shows the type, state and deadline of actions to everybody, and their details to operators.
      </p>
      <a class="main" href="/sign-in">Sign in as an operator</a>
      <p><a href="${ui}">Open the Temporal UI without details</a></p>`,
  );
}

/** A sentence of ours about what went wrong; never words of a request. */
export function refusedPage(sentence: string): Html {
  return page(
    'You are not signed in',
    html`<p role="alert">${sentence}</p>
      <a class="main" href="/sign-in">Sign in again</a>`,
  );
}

function page(title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Countersign</title>
        ${raw(`<style>${style}</style>`)}
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
      </body>
    </html>`;
}
