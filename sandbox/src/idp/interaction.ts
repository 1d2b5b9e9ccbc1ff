/** The sign-in page at work: shown, filled in, judged. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import type { OidcLibrary } from './library.js';
import { messagePage, pageHeaders, signInPage, type SignInPage } from './pages.js';
import { sandboxPeople } from './people.js';
import { needsMfa } from './provider.js';
import type { SignInDesk } from './sign-in.js';

interface Parts {
  readonly library: OidcLibrary;
  readonly provider: Provider;
  readonly desk: SignInDesk;
}

export const interactionPath = /^\/interaction\/[\w-]+$/;

/** Bytes; what the form sends is far smaller. */
const maxForm = 8_192;

/** Answers one request to the sign-in page. An interaction belongs to the browser that holds its cookie. */
export async function interact(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await signIn(parts, request, response);
  } catch (error) {
    if (!(error instanceof parts.library.errors.SessionNotFound)) throw error;
    const text = 'It ran out, was finished already, or began in another browser. Start again where you came from.';
    sendPage(response, 400, messagePage('This sign-in is over', text));
  }
}

async function signIn({ provider, desk }: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { params, session } = await provider.interactionDetails(request, response);
  const client = await provider.Client.find(String(params.client_id));
  const hint = typeof params.login_hint === 'string' ? params.login_hint : session?.accountId;
  const shown: SignInPage = {
    people: sandboxPeople,
    person: hint,
    client: client?.clientName ?? String(params.client_id),
    needsMfa: needsMfa(params),
  };
  if (request.method !== 'POST') return sendPage(response, 200, signInPage(shown));

  const form = await readForm(request);
  if (!form) return sendPage(response, 413, messagePage('That is too much', 'The form was larger than it can be.'));
  if (form.has('cancel')) {
    const error = { error: 'access_denied', error_description: 'the person cancelled' };
    return provider.interactionFinished(request, response, error, { mergeWithLastSubmission: false });
  }
  const person = form.get('person') ?? '';
  const verdict = desk({
    person,
    password: form.get('password') ?? '',
    code: (form.get('code') ?? '').trim(),
    needsMfa: shown.needsMfa,
    at: Date.now(),
  });
  if (verdict.status === 'refused') {
    return sendPage(response, 403, signInPage({ ...shown, person, refused: verdict.reason }));
  }
  const login = { accountId: verdict.person, acr: verdict.acr, amr: [...verdict.amr] };
  await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxForm) return undefined;
    chunks.push(bytes);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, pageHeaders).end(html);
}
