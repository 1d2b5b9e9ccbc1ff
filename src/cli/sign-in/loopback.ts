/** Where the browser comes back to after a sign-in: one address on 127.0.0.1, for one answer (RFC 8252 §7.3). */
import { createServer, type ServerResponse } from 'node:http';

export interface Loopback {
  /** On a free port, `/callback`. */
  readonly redirectUri: string;
  /** The address that the browser came back to with this `state`. Any other answer is turned away. */
  answerTo(state: string): Promise<URL>;
  close(): Promise<void>;
}

const page = (title: string, text: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<body style="margin:4rem auto;max-width:30rem;padding:0 1rem;font:1.0625rem/1.5 system-ui,sans-serif">
<main>
<h1>${title}</h1>
<p>${text}</p>
</main>
</html>
`;

/** Listens before the browser is sent away. Answers to nobody but this machine, and repeats nothing that it was sent. */
export async function listenOnLoopback(): Promise<Loopback> {
  const waiting = new Map<string, (answer: URL) => void>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', redirectUri);
    // Another host name means that a page elsewhere had its name resolved to us.
    if (request.headers.host !== authority || request.method !== 'GET' || url.pathname !== '/callback')
      return send(response, 404, page('Nothing here', 'This address waits for the end of one sign-in.'));
    const state = url.searchParams.get('state') ?? '';
    const resolve = waiting.get(state);
    if (!resolve) {
      const text = 'This is not the answer that the command line waits for. It still waits; start again from there.';
      return send(response, 400, page('Another sign-in', text));
    }
    waiting.delete(state);
    if (url.searchParams.has('error'))
      send(response, 200, page('Not signed in', 'The terminal says why. You can close this page.'));
    else send(response, 200, page('Signed in', 'You can close this page and go back to the terminal.'));
    resolve(url);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the loopback listener has no port');
  const authority = `127.0.0.1:${address.port}`;
  const redirectUri = `http://${authority}/callback`;

  return {
    redirectUri,
    answerTo: (state) => new Promise((resolve) => waiting.set(state, resolve)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  });
  response.end(html);
}
