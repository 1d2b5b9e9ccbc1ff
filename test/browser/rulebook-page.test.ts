import { afterAll, beforeAll, expect, it } from '@jest/globals';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { z } from 'zod';
import { inTenant } from '../../src/database/transaction.js';
import { proposeRulebook } from '../../src/rulebook/change/propose.tx.js';
import { activeDigest } from '../../src/rulebook/rulebook.store.js';
import { cloneInOwnRealm } from '../support/own-realm.js';
import { clinic } from '../support/stack.js';
import { describeInChromium, launchChromium, screenshot } from './chromium.js';
import { pagesStage, type PagesStage } from './pages-stage.js';

cloneInOwnRealm();

const violationsOf = (found: unknown) =>
  z.looseObject({ violations: z.array(z.looseObject({ id: z.string() })) }).parse(found).violations;

async function virtualAuthenticator(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

describeInChromium('the page for proposed rules', () => {
  let stage: PagesStage;
  let browser: Browser;
  let page: Page;
  let proposal = '';

  beforeAll(async () => {
    stage = await pagesStage();
    const { db, api, people } = stage.stack;
    await db.admin.query(`UPDATE countersign.role_grant SET granted_at = clock_timestamp() - interval '2 days'`);
    const { content } = await inTenant(api.pool, clinic, async (tx) => api.rulebook(tx, await activeDigest(tx)));
    const { tiers } = content.tiers;
    const shorter = { ...content.tiers, tiers: { ...tiers, T1: { ...tiers.T1, deadline: '3h' } } };
    const proposed = await proposeRulebook(api, {
      tenant: clinic,
      person: people.chen,
      content: { ...content, tiers: shorter },
      note: 'Shorter <nights>',
    });
    if (proposed.status !== 'proposed') throw new Error(proposed.code);
    proposal = proposed.row.proposal;
    browser = await launchChromium();
    page = await browser.newPage();
    await virtualAuthenticator(page);
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.stop();
  });

  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  async function enrol(of: Page, person: string): Promise<void> {
    await of.goto(`${stage.url}/pages/passkeys`);
    await of.getByRole('button', { name: 'Sign in', exact: true }).click();
    await stage.signIn(of, person);
    await of.getByText('You have none yet.').waitFor();
    await of.getByRole('button', { name: 'Make a passkey on this device' }).click();
    await stage.signIn(of, person);
    await of.getByText('Your passkey is enrolled.').waitFor();
  }

  /** As a colleague on a device of their own, at the address that the owner of a passkey gave them. */
  async function vouchFor(address: string): Promise<void> {
    const context = await browser.newContext();
    const theirPage = await context.newPage();
    await virtualAuthenticator(theirPage);
    await enrol(theirPage, 'ben');
    await theirPage.goto(address);
    await theirPage.getByRole('button', { name: 'Sign in', exact: true }).click();
    await theirPage.getByRole('button', { name: /is the passkey of elif$/ }).click();
    await theirPage.getByText('You vouched for the passkey of elif.').waitFor();
    await context.close();
  }

  const signatures = async () =>
    (await stage.stack.db.admin.query('SELECT verdict, roles FROM countersign.rulebook_signature')).rows;

  it('says to whom nobody vouched for a passkey what to do, and has nothing signed', async () => {
    await enrol(page, 'elif');
    await page.goto(`${stage.url}/pages/rulebook?proposal=${proposal}`);
    await press('Sign in');
    await page.getByText('takes a passkey that a colleague vouched for, and you have none yet').waitFor();
    expect(await page.getByRole('button', { name: /^Sign:|^Sign against/ }).count()).toBe(0);
    await page.evaluate(axe.source);
    expect(violationsOf(await page.evaluate('axe.run()'))).toEqual([]);
    await page.getByRole('link', { name: 'See your passkeys' }).click();
    await press('Sign in');
    await page.getByText('nobody yet; the gravest decisions ask for it').waitFor();
  });

  it('shows an officer what would change, and has their passkey sign it', async () => {
    await vouchFor((await page.locator('dd code').nth(1).innerText()).trim());
    await page.goto(`${stage.url}/pages/rulebook?proposal=${proposal}`);
    await press('Sign in');
    await page.getByRole('heading', { name: 'What it changes' }).waitFor();
    expect(await page.getByRole('table').innerText()).toMatch(/tiers\.tiers\.T1\.deadline\s+4h\s+3h/);
    await page.getByText('Shorter <nights>').waitFor();
    await page.evaluate(axe.source);
    for (const width of [1_200, 320]) {
      await page.setViewportSize({ width, height: 900 });
      await screenshot(page, `rulebook-${width}`);
      expect(violationsOf(await page.evaluate('axe.run()'))).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    }
    await page.setViewportSize({ width: 1_200, height: 900 });

    await press('Sign: this may govern');
    await page.getByText('Your signature counts.').waitFor();
    await page.getByText('approve by elif').waitFor();
    expect(await signatures()).toEqual([{ verdict: 'approve', roles: ['privacy_officer'] }]);
  });

  it('signs nothing when the API would have something else signed', async () => {
    await page.route('**/v1/rulebooks/challenges', async (route) => {
      const response = await route.fetch();
      const answer: unknown = await response.json();
      const statement = { ...Object(Object(answer)['statement']), digest: '0'.repeat(64) };
      await route.fulfill({ response, json: { ...Object(answer), statement } });
    });
    await press('Read what it changes');
    await press('Sign against it: this must not govern');
    await page.getByText('Nothing was signed; report it.').waitFor();
    await page.unrouteAll();
    expect(await signatures()).toHaveLength(1);
  });

  it('takes a no as well, which ends the proposal', async () => {
    await press('Sign against it: this must not govern');
    await page.getByText('Your signature counts.').waitFor();
    await page.getByText('Nobody has proposed other rules.').waitFor();
    expect(await signatures()).toContainEqual({ verdict: 'deny', roles: ['privacy_officer'] });
  });
});
