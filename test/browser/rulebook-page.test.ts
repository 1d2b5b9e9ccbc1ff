import { afterAll, beforeAll, expect, it } from '@jest/globals';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { z } from 'zod';
import { inTenant } from '../../src/database/transaction.js';
import { proposeRulebook } from '../../src/rulebook/propose.tx.js';
import { activeDigest } from '../../src/rulebook/rulebook.store.js';
import { cloneInOwnRealm } from '../support/own-realm.js';
import { clinic } from '../support/stack.js';
import { describeInChromium, launchChromium, screenshot } from './chromium.js';
import { pagesStage, type PagesStage } from './pages-stage.js';

cloneInOwnRealm();

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
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.stop();
  });

  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const signatures = async () =>
    (await stage.stack.db.admin.query('SELECT verdict, roles FROM countersign.rulebook_signature')).rows;

  it('shows an officer what would change, and has their passkey sign it', async () => {
    await page.goto(`${stage.url}/pages/passkeys`);
    await press('Sign in');
    await stage.signIn(page, 'elif');
    await page.getByText('You have none yet.').waitFor();
    await press('Make a passkey on this device');
    await stage.signIn(page, 'elif');
    await page.getByText('Your passkey is enrolled.').waitFor();

    await page.goto(`${stage.url}/pages/rulebook?proposal=${proposal}`);
    await press('Sign in');
    await page.getByRole('heading', { name: 'What it changes' }).waitFor();
    expect(await page.getByRole('table').innerText()).toMatch(/tiers\.tiers\.T1\.deadline\s+4h\s+3h/);
    await page.getByText('Shorter <nights>').waitFor();
    await page.evaluate(axe.source);
    for (const width of [1_200, 320]) {
      await page.setViewportSize({ width, height: 900 });
      await screenshot(page, `rulebook-${width}`);
      const found = z.looseObject({ violations: z.array(z.looseObject({ id: z.string() })) });
      expect(found.parse(await page.evaluate('axe.run()')).violations).toEqual([]);
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
