import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import axe from 'axe-core';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { z } from 'zod';
import { canonicalJson } from '../../src/action/canonical.js';
import type { ActionId } from '../../src/action/ids.js';
import { decisionHash, decisionSchema } from '../../src/approval/decision.js';
import { dataOf } from '../../src/audit/leaf.js';
import { request, requestChange, resultOf } from '../support/asking.js';
import { cloneInOwnRealm } from '../support/own-realm.js';
import { rulebookFiles } from '../support/rulebook.js';
import { describeInChromium, launchChromium, screenshot } from './chromium.js';
import { pagesStage, type PagesStage } from './pages-stage.js';

cloneInOwnRealm();

const yes = 'Approve: I approve this access for the stated purpose.';
const challengeAnswer = z.looseObject({ challenge: z.string(), decision: decisionSchema, hash: z.string() });

describeInChromium('the pages for passkeys and votes', () => {
  let stage: PagesStage;
  let browser: Browser;
  let page: Page;
  let authenticator: Authenticator;
  const asked: URL[] = [];

  beforeAll(async () => {
    stage = await pagesStage();
    browser = await launchChromium();
    page = await browser.newPage();
    page.on('request', (each) => void asked.push(new URL(each.url())));
    authenticator = await virtualAuthenticator(page);
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.stop();
  });
  afterEach(() => page.unrouteAll());

  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const heading = (name: string) => page.getByRole('heading', { name, exact: true }).waitFor();
  const alertText = async () => {
    const alert = page.locator('#alert:not(:empty)');
    await alert.waitFor();
    return alert.innerText();
  };

  /** A read of one patient's medications that waits for amara's vote. */
  async function waiting(reason = 'Reconcile medications before discharge'): Promise<ActionId> {
    const { action, admitted } = await request(stage.stack, 'medications.read', { reason });
    expect(await admitted).toMatchObject({ status: 'accepted', tier: 'T1' });
    return action;
  }

  /** Opens the action; the provider knows the person by now and asks nothing. */
  async function open(action: ActionId): Promise<void> {
    await page.goto(`${stage.url}/pages/approve?action=${action}`);
    await press('Sign in');
    await heading('Your decision is asked for');
  }

  async function approve(): Promise<void> {
    await page.getByLabel(yes).check();
    await press(yes);
  }

  /** What the API answers to the vote that the page sends. */
  async function answerToVote(): Promise<{ readonly status: number; readonly code: unknown }> {
    const [response] = await Promise.all([page.waitForResponse(`${stage.url}/v1/votes`), approve()]);
    const body: unknown = await response.json();
    return { status: response.status(), code: Object(body)['code'] };
  }

  async function votesOn(action: ActionId) {
    const leaves = await stage.leaves(action);
    return {
      counted: leaves.flatMap((leaf) => dataOf(leaf, 'vote.counted')?.method ?? []),
      refused: leaves.flatMap((leaf) => dataOf(leaf, 'vote.refused')?.code ?? []),
    };
  }

  /** No finding of axe, by day and by night, from a desk down to 320 pixels, where nothing is wider than the screen. */
  async function expectAccessible(name: string): Promise<void> {
    await page.evaluate(axe.source);
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [1_200, 320]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 900 });
        await screenshot(page, `${name}-${colorScheme}-${width}`);
        const { violations } = z
          .looseObject({ violations: z.array(z.looseObject({ id: z.string() })) })
          .parse(await page.evaluate('axe.run()'));
        expect(violations).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1_200, height: 900 });
  }

  it('enrol a passkey, after a sign-in of its own, and list it', async () => {
    await page.goto(`${stage.url}/pages/passkeys`);
    await press('Sign in');
    await stage.signIn(page, 'amara');
    await page.getByText('You have none yet.').waitFor();
    await press('Make a passkey on this device');
    await stage.signIn(page, 'amara');
    await page.getByText('Your passkey is enrolled.').waitFor();

    const [{ credentialId = '' } = {}] = await authenticator.credentials();
    const name = Buffer.from(credentialId, 'base64').toString('base64url').slice(0, 8);
    await heading(`Passkey ${name}`);
    expect(await page.getByRole('listitem').innerText()).toMatch(/Made\s+20\d\d-.+\s+Last used\s+never/);
    expect(page.url()).toBe(`${stage.url}/pages/passkeys`);
    await expectAccessible('passkeys');
  });

  describe('vouch for the passkey of a colleague', () => {
    let own: string;
    let theirs: string;
    let fingerprint: string;
    const idOfAddress = (address: string) => new URL(address).searchParams.get('vouch') ?? '';

    /** As somebody else on a device of their own, who stays signed in there. */
    async function asColleague(work: (theirPage: Page) => Promise<void>): Promise<void> {
      const context = await browser.newContext();
      const theirPage = await context.newPage();
      await virtualAuthenticator(theirPage);
      await theirPage.goto(`${stage.url}/pages/passkeys`);
      await theirPage.getByRole('button', { name: 'Sign in', exact: true }).click();
      await stage.signIn(theirPage, 'ben');
      await work(theirPage);
      await context.close();
    }
    const addressOn = async (of: Page) => (await of.locator('dd code').nth(1).innerText()).trim();

    it('which tells them the fingerprint and an address for the colleague', async () => {
      own = idOfAddress(await addressOn(page));
      await asColleague(async (theirPage) => {
        await theirPage.getByRole('button', { name: 'Make a passkey on this device' }).click();
        await stage.signIn(theirPage, 'ben');
        await theirPage.getByText('Your passkey is enrolled.').waitFor();
        fingerprint = await theirPage.locator('dd code').first().innerText();
        theirs = idOfAddress(await addressOn(theirPage));
      });
      expect(fingerprint).toMatch(/^([0-9a-f]{4}-){4}[0-9a-f]{4}$/);
      expect(theirs).toMatch(/^[0-9a-f-]{36}$/);
    });

    const openVouching = async (id: string) => {
      await page.goto(`${stage.url}/pages/passkeys?vouch=${id}`);
      await press('Sign in');
      await heading('Is this passkey theirs?');
    };

    it('sign nothing when the API has another key signed for than was shown', async () => {
      await openVouching(theirs);
      await page.route(`${stage.url}/v1/passkeys/${theirs}/vouchings`, async (route) => {
        const response = await route.fetch();
        const told = z.looseObject({ statement: z.looseObject({}) }).parse(await response.json());
        const statement = { ...told.statement, publicKey: '0'.repeat(64) };
        const bytes = `countersign-vouching/v1\n${canonicalJson(statement)}`;
        const hash = createHash('sha256').update(bytes).digest('base64url');
        await route.fulfill({ response, json: { ...told, statement, hash } });
      });
      const before = await authenticator.signatures();
      await press(`${fingerprint} is the passkey of ben`);
      expect(await alertText()).toContain('is not what was shown (fingerprint)');
      expect(await authenticator.signatures()).toBe(before);
    });

    it('with a passkey of one’s own, after the fingerprint was compared', async () => {
      await openVouching(theirs);
      const text = await page.locator('main').innerText();
      for (const shown of ['ben', fingerprint, 'nobody yet', 'Ask them in person']) expect(text).toContain(shown);
      await expectAccessible('vouch');
      await press(`${fingerprint} is the passkey of ben`);
      await page.getByText('You vouched for the passkey of ben.').waitFor();
      expect(await page.locator('main').innerText()).toMatch(/Vouched for by\s+amara/);
      expect(await page.getByRole('button', { name: /is the passkey of/ }).count()).toBe(0);
      expect((await stage.tenantLeaves()).flatMap((leaf) => dataOf(leaf, 'passkey.vouched') ?? [])).toMatchObject([
        { passkey: theirs, person: stage.stack.people.ben, voucher: stage.stack.people.amara, voucherPasskey: own },
      ]);
    });

    it('but not for one’s own', async () => {
      await openVouching(own);
      await page.getByRole('button', { name: /is the passkey of amara$/ }).click();
      expect(await alertText()).toContain('somebody else has to vouch for it');
    });
  });

  it('show all that a vote binds, and have the passkey sign it', async () => {
    const action = await waiting('Before discharge\u202e and \u200bmore');
    await page.goto(`${stage.url}/pages/approve`);
    await press('Sign in');
    await heading('What waits for you');
    await expectAccessible('waiting');
    await page.getByRole('link', { name: 'medications.read by triage-agent' }).click();
    await heading('Your decision is asked for');
    await page.goBack();
    await heading('What waits for you');
    await page.goForward();
    await heading('Your decision is asked for');
    const text = await page.locator('main').innerText();
    for (const shown of [
      'Read active medications of one patient',
      'Before dischargeU+202E and U+200Bmore',
      'current_medications',
      action,
    ])
      expect(text).toContain(shown);

    await press('Choose above what you sign');
    await page.getByText('Choose what your signature says.').waitFor();
    await page.getByLabel(yes).check();
    await expectAccessible('approve');
    await press(yes);
    await heading('Your vote counts');
    expect(await votesOn(action)).toEqual({ counted: ['passkey'], refused: [] });
    expect(await resultOf(stage.stack, action)).toMatchObject({ status: 'completed' });
    await screenshot(page, 'voted');
  });

  it('have a sign-in sign it, where the tier takes one', async () => {
    const action = await waiting();
    await open(action);
    await page.getByLabel(/^You will sign in once more/).check();
    await approve();
    await stage.signIn(page, 'amara');
    await heading('Your vote counts');
    expect(await votesOn(action)).toEqual({ counted: ['idp'], refused: [] });
  });

  describe('with an API that lies', () => {
    const sign = (decision: z.infer<typeof decisionSchema>) =>
      decisionHash(decision, (bytes) => createHash('sha256').update(bytes).digest());

    it.each<[what: string, lie: (told: z.infer<typeof challengeAnswer>) => object]>([
      [
        'verdict',
        ({ decision }) => {
          const other = { ...decision, verdict: 'deny' as const };
          return { decision: other, hash: sign(other) };
        },
      ],
      [
        'request',
        ({ decision }) => {
          const other = decisionSchema.parse({ ...decision, requestCommitment: '0'.repeat(64) });
          return { decision: other, hash: sign(other) };
        },
      ],
      ['hash', ({ decision }) => ({ hash: sign({ ...decision, revision: 2 }) })],
    ])('sign nothing when the decision has another %s', async (what, lie) => {
      const action = await waiting();
      await open(action);
      await page.route(`${stage.url}/v1/challenges`, async (route) => {
        const response = await route.fetch();
        const told = challengeAnswer.parse(await response.json());
        await route.fulfill({ response, json: { ...told, ...lie(told) } });
      });
      const before = await authenticator.signatures();
      await approve();
      expect(await alertText()).toContain(`is not what was shown or chosen (${what})`);
      expect(await authenticator.signatures()).toBe(before);
      expect(await votesOn(action)).toEqual({ counted: [], refused: [] });
    });

    it('offer no vote when the text is not the one that is bound', async () => {
      const action = await waiting();
      await page.route(`${stage.url}/v1/approvals/${action}`, async (route) => {
        const response = await route.fetch();
        const told = z.looseObject({ shown: z.looseObject({}) }).parse(await response.json());
        await route.fulfill({ response, json: { ...told, shown: { ...told.shown, reason: 'A better one' } } });
      });
      await page.goto(`${stage.url}/pages/approve?action=${action}`);
      await press('Sign in');
      expect(await alertText()).toContain('is not what votes on this action bind');
      expect(await page.getByRole('radio').count()).toBe(0);
    });
  });

  it('have nothing that counts in a signature made for another decision', async () => {
    const action = await waiting();
    await open(action);
    await page.route(`${stage.url}/v1/votes`, async (route) => {
      const { proof } = z.looseObject({ proof: z.unknown() }).parse(route.request().postDataJSON());
      const headers = { authorization: (await route.request().headerValue('authorization')) ?? '' };
      const no = { action, verdict: 'deny', reason: 'Signed for a yes' };
      const other = await page.request.post(`${stage.url}/v1/challenges`, { headers, data: no });
      const { challenge } = challengeAnswer.parse(await other.json());
      await route.continue({ postData: { challenge, proof } });
    });
    expect(await answerToVote()).toEqual({ status: 409, code: 'vote.other_decision' });
    expect(await alertText()).toContain('another decision');
    expect(await votesOn(action)).toEqual({ counted: [], refused: ['vote.other_decision'] });
  });

  it('do nothing at an address that is not theirs', async () => {
    const action = await waiting();
    const elsewhere = await browser.newPage();
    const there = `${stage.url.replace('localhost', '127.0.0.1')}/pages/approve?action=${action}`;
    await elsewhere.goto(there);
    const link = elsewhere.getByRole('link', { name: `${stage.url}/pages/approve?action=${action}` });
    await link.waitFor();
    expect(await elsewhere.getByRole('button').count()).toBe(0);
    const request = `navigator.credentials.get({ publicKey: { challenge: new Uint8Array(32), rpId: 'localhost' } })`;
    await expect(elsewhere.evaluate(request)).rejects.toThrow('SecurityError');
    await elsewhere.close();
  });

  it('have nothing that counts in a signature that another site got from the same key', async () => {
    const action = await waiting();
    await open(action);
    let hash = '';
    await page.route(`${stage.url}/v1/challenges`, async (route) => {
      const response = await route.fetch();
      hash = challengeAnswer.parse(await response.json()).hash;
      await route.fulfill({ response });
    });
    const [credential] = await authenticator.credentials();
    if (!credential) throw new Error('there is no passkey to steal');
    const phisher = await browser.newPage();
    await (await virtualAuthenticator(phisher)).add({ ...credential, rpId: 'evil.localhost' });
    await phisher.goto(stage.url.replace('localhost', 'evil.localhost'));
    await page.route(`${stage.url}/v1/votes`, async (route) => {
      const { challenge, proof } = z
        .looseObject({ challenge: z.string(), proof: z.looseObject({ credentialId: z.string() }) })
        .parse(route.request().postDataJSON());
      const stolen = await phisher.evaluate(signElsewhere(hash, proof.credentialId));
      await route.continue({ postData: { challenge, proof: { ...proof, ...Object(stolen) } } });
    });
    expect(await answerToVote()).toEqual({ status: 409, code: 'vote.wrong_origin' });
    expect(await votesOn(action)).toEqual({ counted: [], refused: ['vote.wrong_origin'] });
    await phisher.close();
  });

  describe('with a user who is not verified', () => {
    beforeAll(() => authenticator.verifiesUser(false));
    afterAll(() => authenticator.verifiesUser(true));

    it('sign nothing', async () => {
      const action = await waiting();
      await open(action);
      await approve();
      expect(await alertText()).toContain('could not make sure that it is you');
      expect(await votesOn(action)).toEqual({ counted: [], refused: [] });
    });

    it('have nothing that counts in a signature that did not ask for it', async () => {
      const action = await waiting();
      await open(action);
      await page.evaluate(`{
        const get = navigator.credentials.get.bind(navigator.credentials);
        navigator.credentials.get = ({ publicKey }) =>
          get({ publicKey: { ...publicKey, userVerification: 'discouraged' } });
      }`);
      expect(await answerToVote()).toEqual({ status: 409, code: 'vote.not_verified_user' });
      expect(await votesOn(action)).toEqual({ counted: [], refused: ['vote.not_verified_user'] });
    });
  });

  it('have both sign it, and the confirmation typed, where the tier asks for that', async () => {
    const { 'tiers.yaml': tiers = '' } = rulebookFiles();
    const strict = tiers.replace(
      /proof: \{ method: idp.*/,
      'proof: { method: passkey, fresh: true }\n    confirmation: typed',
    );
    await stage.govern({ 'tiers.yaml': strict });
    const action = await waiting();
    await open(action);
    expect(await page.getByLabel(/^You will sign in once more/).count()).toBe(0);
    await approve();
    await page.getByText('Type the confirmation exactly as it is shown.').waitFor();
    await page.getByLabel('Confirmation').fill('medications.read');
    await approve();
    await stage.signIn(page, 'amara');
    await heading('Your vote counts');
    expect(await votesOn(action)).toEqual({ counted: ['passkey'], refused: [] });
    await stage.govern({});
  });

  it('show of a change whose record it is and which, above each field before and after', async () => {
    await stage.stack.db.admin.query(
      `INSERT INTO countersign.role_grant (tenant, person, role) VALUES ('clinic', $1, 'pharmacist')`,
      [stage.stack.people.amara],
    );
    await open(await requestChange(stage.stack));
    const told = (name: string) =>
      page.locator('dl > div').filter({ has: page.locator('dt', { hasText: new RegExp(`^${name}$`) }) });
    expect(await told('Patient').locator('dd').innerText()).toBe('Zzyzx Quillfeather\nborn 1931-02-28');
    expect(await told('Record').locator('dd').innerText()).toMatch(
      /^Quillamine 37 MG Oral Tablet\nordered \d{4}-\S+\nstatus active\n37 mg by mouth 3 times a day$/,
    );
    expect(await told('Record').count()).toBe(1);
    const text = await page.locator('main').innerText();
    expect(text.indexOf('Quillamine')).toBeLessThan(text.indexOf('What this action would change'));
    await expectAccessible('change');
  });

  it('revoke a passkey, in two steps; from then on it is not offered', async () => {
    await page.goto(`${stage.url}/pages/passkeys`);
    await press('Sign in');
    const revoke = page.getByRole('button', { name: /^Revoke passkey/ });
    await revoke.click();
    await expectAccessible('revoke');
    await press('Keep it');
    await revoke.click();
    await page.getByRole('button', { name: /for good$/ }).click();
    await page.getByText('it signs nothing any more').waitFor();
    expect(await revoke.count()).toBe(0);
    await open(await waiting());
    expect(await page.getByLabel('Your device will ask for your passkey').count()).toBe(0);
  });

  it('end the session at the provider too', async () => {
    await press('Sign out');
    await heading('Sign out?');
    await press('Sign out');
    await heading('Signed out');
    await page.goto(`${stage.url}/pages/passkeys`);
    await press('Sign in');
    await page.locator('[name=password]').waitFor();
  });

  it('ask nobody but the API and the identity provider', () => {
    const origins = new Set(asked.filter(({ protocol }) => protocol !== 'data:').map(({ origin }) => origin));
    expect(origins).toEqual(new Set([stage.url, stage.issuer]));
    expect(asked.filter(({ href }) => /eyJ/.test(href))).toEqual([]); // no token was ever part of an address
  });
});

interface Authenticator {
  credentials(): Promise<readonly Credential[]>;
  add(credential: Credential): Promise<void>;
  verifiesUser(verified: boolean): Promise<void>;
  /** How often its keys signed. */
  signatures(): Promise<number>;
}
type Credential = Awaited<ReturnType<typeof credentialsOf>>[number];

/** A platform authenticator of this page alone, whose user is there and, unless told otherwise, verified. */
async function virtualAuthenticator(page: Page): Promise<Authenticator> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const credentials = () => credentialsOf(cdp, authenticatorId);
  return {
    credentials,
    async add(credential) {
      await cdp.send('WebAuthn.addCredential', { authenticatorId, credential });
    },
    async verifiesUser(isUserVerified) {
      await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
    async signatures() {
      return (await credentials()).reduce((sum, { signCount }) => sum + signCount, 0);
    },
  };
}

async function credentialsOf(cdp: CDPSession, authenticatorId: string) {
  return (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
}

/** Script for a page of `evil.localhost` that gets a signature over the same bytes. */
function signElsewhere(hash: string, credential: string): string {
  const bytes = (text: string) => JSON.stringify([...Buffer.from(text, 'base64url')]);
  return `(async () => {
    const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    const { response } = await navigator.credentials.get({ publicKey: {
      challenge: new Uint8Array(${bytes(hash)}), rpId: 'evil.localhost', userVerification: 'required',
      allowCredentials: [{ type: 'public-key', id: new Uint8Array(${bytes(credential)}) }],
    } });
    const { clientDataJSON, authenticatorData, signature } = response;
    return {
      clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature),
    };
  })()`;
}
