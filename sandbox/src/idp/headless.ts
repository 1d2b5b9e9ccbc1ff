/** A browser of a few lines (cookies, redirects, forms) that walks the provider's real pages as a person would. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Credentials } from './state.js';
import { totpCode, totpStep } from './totp.js';

export interface HeadlessSignIn extends Omit<Credentials, 'totpSecret' | 'totpPeriod'> {
  readonly authorizationUrl: URL | string;
  /** Where the walk ends: an address that begins so is not fetched. */
  readonly redirectUri: string;
  /** Base32; without it the person signs in by password alone. */
  readonly totpSecret?: string;
  /** Seconds; 30 unless told. */
  readonly totpPeriod?: number;
  /** Keeps a session from one sign-in to the next; a new browser unless told. */
  readonly browser?: HeadlessBrowser;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}
interface Page {
  readonly url: string;
  readonly status: number;
  readonly html: string;
}
type Arrival = { readonly status: 'arrived'; readonly url: URL } | { readonly status: 'page'; readonly page: Page };

/**
 * Signs in and returns the redirect address with its `code` or `error`. One-time codes count once: when those of this
 * moment are used up it waits for the next, one period at most.
 *
 * @throws Error with the page's own words when the sign-in is refused.
 */
export async function headlessSignIn({
  authorizationUrl,
  redirectUri,
  person,
  password,
  totpSecret,
  totpPeriod = 30,
  browser = headlessBrowser(),
}: HeadlessSignIn): Promise<URL> {
  let at = await browser.open(String(authorizationUrl), redirectUri);
  const tried = new Set<number>();
  while (at.status === 'page') {
    const { page } = at;
    if (!page.html.includes('name="password"')) {
      if (!onlyHidden(page)) throw new Error(`the identity provider answered ${page.status}: ${textOf(page)}`);
      at = await browser.submit(page, {}, redirectUri); // a form that real browsers post by script
      continue;
    }
    const refused = /data-reason="(\w+)"[^>]*>([^<]*)</.exec(page.html);
    if (refused && refused[1] !== 'code_used') throw new Error(`sign-in refused: ${refused[2]}`);
    const code = totpSecret === undefined ? '' : totpCode(totpSecret, await untriedStep(tried, totpPeriod));
    at = await browser.submit(page, { person, password, code }, redirectUri);
  }
  return at.url;
}

/** Among the steps that the provider takes now, one that still will be when the form arrives. */
async function untriedStep(tried: Set<number>, period: number): Promise<number> {
  const margin = 3_000;
  for (;;) {
    const now = Date.now();
    const step = totpStep(now, period);
    const candidates = [step, step + 1, ...((step + 1) * period * 1_000 - now > margin ? [step - 1] : [])];
    const untried = candidates.find((each) => !tried.has(each));
    if (untried !== undefined) {
      tried.add(untried);
      return untried;
    }
    await sleep((step + 1) * period * 1_000 - now);
  }
}

export interface HeadlessBrowser {
  readonly open: (url: string, until: string) => Promise<Arrival>;
  readonly submit: (page: Page, fields: Readonly<Record<string, string>>, until: string) => Promise<Arrival>;
}

export function headlessBrowser(): HeadlessBrowser {
  const cookies = new Map<string, Cookie>();

  async function walk(url: string, until: string, form?: URLSearchParams): Promise<Arrival> {
    let next = { url, ...(form && { form }) };
    for (let hop = 0; hop < 20; hop++) {
      if (next.url.startsWith(until)) return { status: 'arrived', url: new URL(next.url) };
      const response = await fetch(next.url, {
        redirect: 'manual',
        headers: { cookie: cookiesFor(new URL(next.url)) },
        ...(next.form && { method: 'POST', body: next.form }),
      });
      for (const cookie of response.headers.getSetCookie()) keep(cookie);
      const html = await response.text();
      const location = response.headers.get('location');
      if (location === null) return { status: 'page', page: { url: next.url, status: response.status, html } };
      next = { url: new URL(location, next.url).href };
    }
    throw new Error('the identity provider redirects without end');
  }

  function cookiesFor({ pathname }: URL): string {
    const sent = [...cookies.values()].filter(({ path }) => pathname.startsWith(path));
    return sent.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  /** A name counts once for each path (RFC 6265 §5.3), so that the end of one sign-in is not the end of the next. */
  function keep(cookie: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
    const path = /;\s*path=([^;]*)/i.exec(cookie)?.[1] ?? '/';
    const key = `${name} ${path}`;
    if (value === '' || /expires=Thu, 01 Jan 1970/i.test(cookie)) cookies.delete(key);
    else cookies.set(key, { name, value, path });
  }

  return {
    open: (url, until) => walk(url, until),
    submit: (page, fields, until) => {
      const action = /<form[^>]* action="([^"]*)"/.exec(page.html)?.[1];
      const form = new URLSearchParams({ ...hiddenFields(page), ...fields });
      return walk(action === undefined ? page.url : new URL(plain(action), page.url).href, until, form);
    },
  };
}

function hiddenFields({ html }: Page): Record<string, string> {
  const inputs = [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
  return Object.fromEntries(inputs.map(([, name = '', value = '']) => [name, plain(value)]));
}

function onlyHidden({ html }: Page): boolean {
  return html.includes('<form') && ![...html.matchAll(/<input[^>]*>/g)].some(([tag]) => !tag.includes('type="hidden"'));
}

function textOf({ html }: Page): string {
  return plain(/<p>([^<]*)<\/p>/.exec(html)?.[1] ?? 'a page without words');
}

function plain(text: string): string {
  return text
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replace(/&(lt|gt|quot|amp);/g, (_, name: string) => ({ lt: '<', gt: '>', quot: '"', amp: '&' })[name] ?? '');
}
