/** The page where a person makes their passkeys and revokes them, and vouches for those of others. */
import { base64url, sha256, utf8 } from './bytes.js';
import { button, element, facts, fill } from './element.js';
import { listAt, objectAt, objectOf, textAt, textOrNullAt, textsAt, type JsonObject } from './json.js';
import { localTime } from './local-time.js';
import { startPage, type Page } from './page.js';
import { patiently } from './patience.js';
import { signInFreshly } from './sign-in.js';
import { showVouching } from './vouch.js';
import { vouchedByOf } from './vouching-check.js';
import { createPasskey, type Registration } from './webauthn.js';

interface Passkey {
  readonly id: string;
  /** Told apart by it: the first characters of its credential id. */
  readonly name: string;
  /** What its owner reads to somebody who is to vouch for it. */
  readonly fingerprint: string;
  /** Who vouched for it; null for nobody. */
  readonly vouchedBy: string | null;
  readonly site: string;
  readonly transports: readonly string[];
  readonly enrolledAt: string;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

async function showPasskeys(page: Page): Promise<void> {
  const passkeys = listAt(objectOf(await page.api.get('v1/passkeys')), 'passkeys').map(passkeyOf);
  page.show(
    'Your passkeys',
    element(
      'p',
      {},
      'A passkey is a key that stays in your phone, computer or security key. Decisions that ask for one count only with its signature.',
    ),
    passkeys.length === 0
      ? element('p', {}, 'You have none yet.')
      : element('ul', { class: 'cards' }, ...passkeys.map((passkey) => passkeyCard(page, passkey))),
    element('h2', {}, 'Make a passkey'),
    element('p', {}, 'Your device makes it; then you sign in once more, with both factors, to show that it is yours.'),
    button('Make a passkey on this device', () => page.attempt(() => enrol(page)), { class: 'main' }),
  );
}

function passkeyCard(page: Page, passkey: Passkey): HTMLLIElement {
  const { name, fingerprint, site, transports, enrolledAt, lastUsedAt, revokedAt } = passkey;
  const state: readonly (readonly [string, string])[] =
    revokedAt === null ? [] : [['Revoked', `${localTime(revokedAt)}: it signs nothing any more.`]];
  const rows = facts([
    ['Fingerprint', element('code', { class: 'value' }, fingerprint)],
    ['Made', localTime(enrolledAt)],
    ['Last used', lastUsedAt === null ? 'never' : localTime(lastUsedAt)],
    ['Site', site],
    ['Reached', transports.map((each) => ways.get(each) ?? each).join(', ') || 'not told'],
    ['Vouched for by', vouchers(passkey)],
    ...state,
  ]);
  const card = element('li', {}, element('h2', {}, `Passkey ${name}`), rows);
  if (revokedAt === null) card.append(revocation(page, passkey));
  return card;
}

/** Who vouched for it, or the address at which a colleague does. */
function vouchers({ id, vouchedBy, revokedAt }: Passkey): Node | string {
  if (vouchedBy !== null) return vouchedBy;
  if (revokedAt !== null) return 'nobody';
  const there = new URL(location.pathname, location.origin);
  there.searchParams.set('vouch', id);
  return element(
    'span',
    {},
    'nobody yet; the gravest decisions ask for it. Read a colleague the fingerprint, and have them open ',
    element('code', { class: 'value' }, there.href),
  );
}

/** Authenticator transports (WebAuthn Level 3 §5.8.4) in words. */
const ways: ReadonlyMap<string, string> = new Map([
  ['internal', 'on its own device'],
  ['hybrid', 'from a phone nearby'],
  ['usb', 'by USB'],
  ['nfc', 'by NFC'],
  ['ble', 'by Bluetooth'],
]);

/** Two steps in one place: nobody revokes by a slip, and no dialog covers what it is about. */
function revocation(page: Page, { id, name }: Passkey): HTMLElement {
  const place = element('div', { class: 'choice' });
  const ask = button(`Revoke passkey ${name}`, () => {
    fill(place, question, yes, no);
    no.focus();
  });
  const question = element('p', {}, 'It will never sign again. You can make another.');
  const yes = button(`Revoke passkey ${name} for good`, () => page.attempt(() => revoke(page, id)), {
    class: 'grave',
  });
  const no = button('Keep it', () => {
    fill(place, ask);
    ask.focus();
  });
  fill(place, ask);
  return place;
}

async function revoke(page: Page, id: string): Promise<void> {
  await page.api.remove(`v1/passkeys/${encodeURIComponent(id)}`);
  await showPasskeys(page);
  page.tell('The passkey is revoked.');
}

/** The device makes the key first; then the person signs in for these very bytes, so that their token speaks of them. */
async function enrol(page: Page): Promise<void> {
  const enrolment = objectOf(await page.api.post('v1/passkeys/enrolments', {}));
  page.tell('Follow your device.');
  const registration = await createPasskey(enrolment);
  page.tell('Now sign in once more.');
  await signInFreshly(page.config, await nonceOf(textAt(enrolment, 'challenge'), registration), {
    kind: 'enrolment',
    enrolment: textAt(enrolment, 'enrolment'),
    registration,
  });
}

/** What the ID token must hold to prove this enrolment: SHA-256 over its parts, one a line. */
async function nonceOf(challenge: string, { id, clientDataJSON, attestationObject }: Registration): Promise<string> {
  const lines = ['countersign-enrolment-proof/v1', challenge, id, clientDataJSON, attestationObject];
  return base64url(await sha256(utf8(lines.join('\n'))));
}

async function finishEnrolment({ api, signedIn }: Page, errand: JsonObject): Promise<JsonObject> {
  const enrolment = textAt(errand, 'enrolment');
  const registration = objectAt(errand, 'registration');
  return patiently(() => api.post('v1/passkeys', { enrolment, registration, idToken: signedIn.idToken }));
}

function passkeyOf(value: unknown): Passkey {
  const view = objectOf(value);
  return {
    id: textAt(view, 'id'),
    name: textAt(view, 'credential').slice(0, 8),
    fingerprint: textAt(view, 'fingerprint'),
    vouchedBy: vouchedByOf(view),
    site: textAt(view, 'rpId'),
    transports: textsAt(view, 'transports'),
    enrolledAt: textAt(view, 'enrolledAt'),
    lastUsedAt: textOrNullAt(view, 'lastUsedAt'),
    revokedAt: textOrNullAt(view, 'revokedAt'),
  };
}

await startPage({
  invitation: 'Sign in to see your passkeys, to make or revoke one, or to vouch for the one of a colleague.',
  run: async (page) => {
    const { errand } = page.signedIn;
    const asked = new URLSearchParams(location.search).get('vouch');
    if (errand?.['kind'] !== 'enrolment') return asked === null ? showPasskeys(page) : showVouching(page, asked);
    page.tell('Enrolling your passkey …');
    const answer = await finishEnrolment(page, errand).finally(() => showPasskeys(page));
    page.tell(
      answer['status'] === 'pending'
        ? 'Your passkey arrived and is not enrolled yet. Load this page again in a minute to see whether it was.'
        : 'Your passkey is enrolled. You can sign decisions with it from now on.',
    );
  },
});
