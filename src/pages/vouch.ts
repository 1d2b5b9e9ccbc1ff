/** Where a person says that a colleague's passkey is theirs: shown, compared, signed with a passkey of their own. */
import { unbase64 } from './bytes.js';
import { button, element, facts } from './element.js';
import { Failure } from './failure.js';
import { objectOf, textAt } from './json.js';
import { localTime } from './local-time.js';
import type { Page } from './page.js';
import { patiently } from './patience.js';
import { othersPasskeyOf, vouchingDiffers, vouchingOf, type OthersPasskey } from './vouching-check.js';
import { signWithPasskey } from './webauthn.js';

export async function showVouching(page: Page, id: string): Promise<void> {
  const passkey = othersPasskeyOf(await page.api.get(`v1/passkeys/${encodeURIComponent(id)}`));
  const open = passkey.revokedAt === null && passkey.vouchedBy === null;
  page.show('Is this passkey theirs?', shown(passkey), ...(open ? question(page, passkey) : []), ownPasskeys());
}

function shown({ owner, fingerprint, enrolledAt, revokedAt, vouchedBy }: OthersPasskey): HTMLElement {
  return facts([
    ['Owner', owner],
    ['Fingerprint', element('code', { class: 'value' }, fingerprint)],
    ['Made', localTime(enrolledAt)],
    ['Vouched for by', vouchedBy ?? 'nobody yet'],
    ...(revokedAt === null ? [] : [['Revoked', localTime(revokedAt)] as const]),
  ]);
}

function question(page: Page, passkey: OthersPasskey): readonly HTMLElement[] {
  const { owner, fingerprint } = passkey;
  return [
    element(
      'p',
      { class: 'notice' },
      'Ask them in person, or by a call in which you know their voice: they see the fingerprint on their own page of ' +
        'passkeys. If it is another one, or they made no passkey, do not vouch, and report it.',
    ),
    button(`${fingerprint} is the passkey of ${owner}`, () => page.attempt(() => vouch(page, passkey)), {
      class: 'main',
    }),
  ];
}

function ownPasskeys(): HTMLElement {
  return element('p', {}, element('a', { href: 'passkeys' }, 'See your own passkeys'));
}

/** @throws Failure when anything is refused, differs, or the person leaves; then nothing was sent. */
async function vouch(page: Page, passkey: OthersPasskey): Promise<void> {
  const vouching = vouchingOf(await page.api.post(`v1/passkeys/${encodeURIComponent(passkey.id)}/vouchings`, {}));
  const difference = await vouchingDiffers(passkey, vouching);
  if (difference !== undefined) {
    const words = `What is to be signed is not what was shown (${difference}). Nothing was signed; report it.`;
    throw new Failure('vouching.differs', words);
  }
  const { statement, hash, rpId, credentials, expiresAt } = vouching;
  page.tell(`Sign with your passkey, until ${localTime(expiresAt)}.`);
  const assertion = await signWithPasskey({ hash: unbase64(hash), rpId, credentials });
  page.tell('Sending your word …');
  const word = { vouching: textAt(statement, 'vouching'), assertion };
  const answer = objectOf(await patiently(() => page.api.post('v1/vouchings', word)));
  await showVouching(page, passkey.id);
  page.tell(
    answer['status'] === 'pending'
      ? 'Your word arrived and does not count yet. Load this page again in a minute to see whether it does.'
      : `You vouched for the passkey of ${passkey.owner}. It may sign the gravest decisions from now on.`,
  );
}
