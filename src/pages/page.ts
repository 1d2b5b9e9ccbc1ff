/** What both pages have in common: who is signed in, what is going on, and what went wrong. */
import { apiWith, type Api } from './api.js';
import { button, element, fill } from './element.js';
import { Failure } from './failure.js';
import { comeBack, readConfig, signIn, signOut, type Config, type SignedIn } from './sign-in.js';

export interface Page {
  readonly config: Config;
  readonly api: Api;
  readonly signedIn: SignedIn;
  /** Puts a screen in the place of the last one; its heading gets the focus, so that it is read first. */
  show(title: string, ...content: readonly (Node | string)[]): void;
  /** Says what is going on or has happened. */
  tell(sentence: string): void;
  /** Runs one thing at a time, and tells what went wrong with it. */
  attempt(work: () => Promise<void>): Promise<void>;
}

export interface PageOptions {
  /** What signing in here is for. */
  readonly invitation: string;
  /** The person is signed in: perhaps with an errand that the sign-in was for. */
  readonly run: (page: Page) => Promise<void>;
}

const content = partOf('content');
const status = partOf('status');
const alert = partOf('alert');
const who = partOf('who');

export async function startPage({ invitation, run }: PageOptions): Promise<void> {
  await attempt(async () => {
    const config = await readConfig();
    if (new URL(config.api).origin !== location.origin) return showElsewhere(config);
    const signInButton = button('Sign in', () => attempt(() => signIn(config)), { class: 'main' });
    const signedIn = await comeBack(config).catch((error: unknown) => {
      tellFailure(error);
    });
    if (!signedIn) return void fill(content, element('p', {}, invitation), signInButton);

    const { host } = new URL(config.issuer);
    fill(
      who,
      element('span', {}, `Signed in as ${signedIn.subject} (${host})`),
      button('Sign out', () => attempt(() => signOut(config))),
    );
    await run({ config, api: apiWith(signedIn.accessToken), signedIn, show, tell, attempt });
  });
}

/** A passkey is asked for by the site that it belongs to, and so are sign-ins. */
function showElsewhere({ api }: Config): void {
  const there = new URL(
    `${api.replace(/\/$/, '')}/pages/${location.pathname.split('/').at(-1) ?? ''}${location.search}`,
  );
  fill(
    content,
    element(
      'p',
      {},
      `You have opened this page at ${location.origin}, where it can do nothing. Open it at its own address:`,
    ),
    element('p', {}, element('a', { href: there.href }, there.href)),
  );
}

function show(title: string, ...parts: readonly (Node | string)[]): void {
  const heading = partOf('title');
  fill(heading, title);
  document.title = `${title} · Countersign`;
  fill(content, ...parts);
  tell('');
  fill(alert);
  heading.focus();
}

function tell(sentence: string): void {
  say(status, sentence);
}

/** Also to somebody who is reading further up. */
function say(place: HTMLElement, sentence: string): void {
  fill(place, sentence);
  if (sentence !== '') place.scrollIntoView({ block: 'nearest' });
}

let busy = false;

async function attempt(work: () => Promise<void>): Promise<void> {
  if (busy) return; // the same button pressed twice means it once
  busy = true;
  fill(alert);
  try {
    await work();
  } catch (error) {
    tell('');
    tellFailure(error);
  } finally {
    busy = false;
  }
}

/** What nobody foresaw is told as such, and shown where developers look. */
function tellFailure(error: unknown): void {
  const known = error instanceof Failure;
  if (!known) reportError(error);
  say(alert, known ? error.message : 'Something broke in this page. Load it again, or report it.');
}

function partOf(id: string): HTMLElement {
  const part = document.getElementById(id);
  if (!part) throw new Error(`the page has no ${id}`);
  return part;
}
