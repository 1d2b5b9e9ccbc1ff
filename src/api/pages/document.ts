/** The documents: a frame that the scripts fill, and the headers that bound what a script can do. */
import { html } from 'hono/html';

export type PageName = keyof typeof titles;

/** What the frame says until the script has something to show. */
const titles = { approve: 'Decide', passkeys: 'Passkeys', rulebook: 'Rules' } as const;

/** Addresses are relative, so that the pages work under whatever path the API is published at. */
export function pageDocument(name: PageName) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${titles[name]} · Countersign</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="assets/style.css" />
        <script type="module" src="assets/${name}.js"></script>
      </head>
      <body>
        <header>
          <strong>Countersign</strong>
          <nav aria-label="Pages">
            <a href="approve">Decisions</a>
            <a href="passkeys">Passkeys</a>
            <a href="rulebook">Rules</a>
          </nav>
          <div id="who"></div>
        </header>
        <main>
          <h1 id="title" tabindex="-1">${titles[name]}</h1>
          <noscript><p>This page needs JavaScript: it is what speaks with your passkey.</p></noscript>
          <div id="content"></div>
          <p id="status" role="status"></p>
          <p id="alert" role="alert"></p>
        </main>
      </body>
    </html>`;
}

/**
 * Scripts are our own files and cannot make markup or further scripts of text (Trusted Types); what they fetch comes
 * from here and from the identity provider; nothing frames them, and no form leaves.
 */
export function pageHeaders(issuer: string): Readonly<Record<string, string>> {
  return {
    'content-security-policy': [
      `default-src 'none'`,
      `script-src 'self'`,
      `style-src 'self'`,
      `img-src data:`,
      `connect-src 'self' ${new URL(issuer).origin}`,
      `form-action 'none'`,
      `frame-ancestors 'none'`,
      `base-uri 'none'`,
      `require-trusted-types-for 'script'`,
      `trusted-types 'none'`,
    ].join('; '),
    'cross-origin-opener-policy': 'same-origin',
  };
}
