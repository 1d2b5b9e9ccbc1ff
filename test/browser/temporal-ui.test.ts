import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Frame, Page } from 'playwright-core';
import { canaryPatient, canaryValues, totpCode, totpStep } from '@countersign/sandbox';
import { workflowIdOf, type ActionId } from '../../src/action/ids.js';
import { leafOf } from '../../src/audit/leaf.js';
import { leavesOf } from '../../src/audit/leaf.store.js';
import { inTenant } from '../../src/database/transaction.js';
import { activeDigest, findRulebook } from '../../src/rulebook/rulebook.store.js';
import { request } from '../support/asking.js';
import { engines } from '../support/engines.js';
import { cloneInOwnRealm } from '../support/own-realm.js';
import { clinic, startStack, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';
import {
  startCodecStage,
  startOperators,
  trust,
  type CodecStage,
  type Operators,
} from '../integration/codec-server/stage.js';
import { describeInChromium, launchChromium, screenshot } from './chromium.js';

cloneInOwnRealm();

const canaryReason = 'Reconcile for Quillfeather before discharge';
const secrets = [...canaryValues, canaryPatient.name, canaryReason];

describeInChromium('the Temporal UI behind our proxy', () => {
  let stack: Stack;
  let operators: Operators;
  let stage: CodecStage;
  let browser: Browser;
  let page: Page;
  let action: ActionId;
  let runId: string;
  /** Everything that came over the wire into the browser, but scripts and pictures. */
  const bodies: { readonly url: string; readonly text: string }[] = [];
  /** Bodies still on their way; a page that is left takes its own along. */
  let arriving: Promise<void>[] = [];
  const decodeStatuses: number[] = [];

  beforeAll(async () => {
    stack = await startStack();
    operators = await startOperators(stack.db);
    const roots = await inTenant(stack.db.pool('api'), clinic, async (tx) => findRulebook(tx, await activeDigest(tx)));
    await trust(stack.db, operators.idp.issuer, roots.trustRoots);
    stage = await startCodecStage({
      db: stack.db,
      keychain: stack.api.keychain,
      issuer: operators.idp.issuer,
      upstream: engines().temporalUi,
    });
    const asked = await request(stack, 'medications.read', { patient: canaryPatient, reason: canaryReason });
    expect(await asked.admitted).toMatchObject({ status: 'accepted', tier: 'T1' });
    action = asked.action;
    runId = (await stack.client.workflow.getHandle(workflowIdOf(action)).describe()).runId;

    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1500, height: 1100 } });
    page.on('response', (response) => {
      const url = response.url();
      if (url.startsWith(`${stage.addresses.codec.origin}/decode`)) decodeStatuses.push(response.status());
      if (!response.ok() || !['document', 'fetch', 'xhr'].includes(response.request().resourceType())) return;
      const arrived = response.text().then(
        (text) => void bodies.push({ url, text }),
        () => undefined, // the page was left meanwhile
      );
      if (!url.includes('waitNewEvent=true')) arriving.push(arrived); // that one waits for what will not happen
    });
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.stop();
    await operators?.stop();
    await stack?.stop();
  });

  const list = (query: string) =>
    `${stage.addresses.ui.origin}/namespaces/${stack.env.namespace}/workflows?query=${encodeURIComponent(query)}`;
  const tab = (name: 'timeline' | 'history' | 'search-attributes' | 'user-metadata') => {
    const workflow = encodeURIComponent(workflowIdOf(action));
    return `${stage.addresses.ui.origin}/namespaces/${stack.env.namespace}/workflows/${workflow}/${runId}/${name}`;
  };

  /** What somebody reads, also in frames: the UI renders details in one of its own. */
  const textOf = async () => (await Promise.all(page.frames().map(frameText))).join('\n');

  /** Waits until the page says all of it. */
  const reads = (...words: readonly string[]) =>
    until(async () => {
      const text = await textOf();
      return words.every((word) => text.includes(word)) ? text : undefined;
    });

  const decodedBodies = () => bodies.filter(({ url }) => url.startsWith(`${stage.addresses.codec.origin}/decode`));

  async function go(url: string): Promise<void> {
    await Promise.all(arriving);
    arriving = [];
    await page.goto(url);
  }

  async function expectNoSecret(): Promise<void> {
    await Promise.all(arriving);
    const places = [
      ...bodies.map(({ url, text }) => ({ name: url, text })),
      { name: 'page', text: await textOf() },
      { name: 'markup', text: await page.content() },
    ].flatMap(({ name, text }) => [{ name, text }, ...base64Parts(text).map((part) => ({ name, text: part }))]);
    expect(places.length).toBeGreaterThan(10);
    for (const secret of secrets)
      expect({ secret, found: places.filter(({ text }) => text.includes(secret)).map(({ name }) => name) }).toEqual({
        secret,
        found: [],
      });
  }

  it('shows type, tier, state, needs and deadline to everybody, and nothing else of an action', async () => {
    await go(list('GovType="medications.read" AND GovState="awaiting_approval"'));
    await reads(workflowIdOf(action));
    await go(tab('search-attributes'));
    const text = await reads('"GovType": "medications.read"', '"GovDeadline"');
    expect(text).toMatch(/"GovDeadline": "20\d\d-\d\d-\d\dT/);
    for (const shown of ['"GovTier": "T1"', '"GovState": "awaiting_approval"', '"GovNeeds": "1 clinical_staff"'])
      expect(text).toContain(shown);
    await screenshot(page, '1-search-attributes');

    await go(tab('user-metadata'));
    await reads('Sign in as an operator to see details.', `${stage.addresses.ui.origin}/countersign/sign-in`);
    await screenshot(page, '2-without-a-session');
    await go(tab('timeline'));
    await reads('Sign in as an operator to see details.');
    expect(await textOf()).not.toMatch(/Waits for/);
    expect(new Set(decodeStatuses)).toEqual(new Set([401]));
    expect(decodedBodies()).toEqual([]);
    expect(await leafKinds()).not.toContain('history.viewed');
    await expectNoSecret();
  });

  it('shows details to an operator who signed in from there, after a leaf', async () => {
    await go(`${stage.addresses.ui.origin}/countersign/sign-in`);
    const { person, password, totpSecret, totpPeriod } = operators.credentials('finn');
    await page.selectOption('[name=person]', person);
    await page.fill('[name=password]', password);
    await page.fill('[name=code]', totpCode(totpSecret, totpStep(Date.now(), totpPeriod)));
    await page.click('button.main');
    await reads('signed in as Finn Berg');
    await screenshot(page, '3-signed-in');
    await page.click('a.main');
    await page.waitForURL(`${stage.addresses.ui.origin}/**`);

    decodeStatuses.length = 0;
    await go(tab('user-metadata'));
    await reads('Waits for 1 clinical_staff', 'Until 20');
    await screenshot(page, '4-as-an-operator');
    await go(tab('history'));
    await reads('16');
    await go(tab('timeline'));
    await reads('"requestCommitment"');
    await screenshot(page, '5-timeline');
    expect(await leafKinds()).toContain('history.viewed');
    expect(new Set(decodeStatuses)).toEqual(new Set([200]));
    await expectNoSecret();
    expect(decodedBodies().length).toBeGreaterThan(1);
    const decoded = decodedBodies().flatMap(({ text }) => base64Parts(text));
    expect(decoded.some((part) => part.includes('requestCommitment'))).toBe(true);
  });

  it('is searched well: what is planted in a page, decoded or not, is found', async () => {
    bodies.push({ url: 'planted', text: JSON.stringify({ data: Buffer.from(canaryReason).toString('base64') }) });
    await expect(expectNoSecret()).rejects.toThrow(/planted/);
  });

  async function leafKinds(): Promise<string[]> {
    const leaves = await inTenant(stack.db.pool('api'), clinic, (tx) => leavesOf(tx, action));
    return leaves.map(({ bytes }) => leafOf(bytes).kind);
  }
});

/** Empty for a frame that the UI took away meanwhile. */
async function frameText(frame: Frame): Promise<string> {
  try {
    return await frame.locator('body').innerText();
  } catch (error) {
    if (frame.isDetached()) return '';
    throw error;
  }
}

/** Payloads travel as base64 inside JSON. */
function base64Parts(text: string): string[] {
  return [...text.matchAll(/"([A-Za-z0-9+/]{8,}={0,2})"/g)].map(([, part = '']) =>
    Buffer.from(part, 'base64').toString('latin1'),
  );
}
