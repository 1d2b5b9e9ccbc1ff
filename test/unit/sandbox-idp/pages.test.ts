import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { messagePage, pageHeaders, signInPage, signOutPage, type SignInPage } from '../../../sandbox/src/idp/pages.js';
import { sandboxPeople } from '../../../sandbox/src/idp/people.js';

const shown = (more: Partial<SignInPage> = {}) =>
  signInPage({ people: sandboxPeople, person: undefined, client: 'A client', needsMfa: true, ...more });
const tag = (html: string, id: string) => new RegExp(`<(?:input|select)[^>]* ?id="${id}"[^>]*>`).exec(html)?.[0] ?? '';

describe('the sign-in page', () => {
  it.each(['person', 'password', 'code'])('labels the field %s', (field) => {
    const html = shown();
    expect(html).toContain(`<label for="${field}">`);
    expect(tag(html, field)).toContain(`name="${field}"`);
  });

  it('asks for a code only where both factors are wanted', () => {
    expect(tag(shown({ needsMfa: true }), 'code')).toContain('required');
    expect(tag(shown({ needsMfa: false }), 'code')).not.toContain('required');
  });

  it('says a refusal in the title, aloud, and at the fields that it is about', () => {
    const html = shown({ refused: 'wrong' });
    expect(html).toMatch(/<title>Error: /);
    expect(html).toContain('<p role="alert" id="refusal"');
    for (const field of ['password', 'code']) expect(tag(html, field)).toMatch(/aria-describedby="refusal/);
    expect(shown()).not.toContain('refusal');
  });

  it('has chosen the person who was named', () => {
    expect([...shown({ person: 'dora' }).matchAll(/value="(\w+)" selected/g)].map(([, sub]) => sub)).toEqual(['dora']);
    expect(shown()).not.toContain('selected');
  });

  it('prints names and never runs them', () => {
    expect(shown({ client: '<script>&"\'' })).not.toContain('<script>');
    expect(messagePage('<b>', '<i>')).not.toMatch(/<[bi]>/);
  });
});

describe('every page', () => {
  it.each([
    ['sign in', shown()],
    ['sign out', signOutPage('<form></form>')],
    ['message', messagePage('Title', 'Text')],
  ])('%s: loads nothing, runs nothing, and its one style is the one that its policy allows', (_name, html) => {
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(html) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    expect(pageHeaders['content-security-policy']).toContain(`default-src 'none'; style-src 'sha256-${hash}';`);
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|style="/);
    expect(html).toContain('<html lang="en">');
    expect(html).toContain('name="viewport"');
  });
});
