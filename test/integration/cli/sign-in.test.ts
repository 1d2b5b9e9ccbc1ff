import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { browserWay } from '../../../src/cli/sign-in/browser-way.js';
import { signInAt } from '../../../src/cli/sign-in/code-flow.gateway.js';
import { sandboxWay } from '../../../src/cli/sign-in/sandbox-way.js';
import type { Way } from '../../../src/cli/sign-in/way.js';
import { idpStage, type IdpStage } from './idp-stage.js';

const api = 'http://localhost:8787';
let stage: IdpStage;
beforeAll(async () => {
  stage = await idpStage(api);
});
afterAll(() => stage.close());

const place = () => ({ api, issuer: stage.idp.issuer });
const sandbox = (origin = 'dev.countersign/clinic') => ({ origin, credentials: stage.stateDir });

/** Whoever sits before the browser: they open what they are sent to. */
function person(does: (url: URL) => Promise<unknown>) {
  const told: string[] = [];
  const way = browserWay({
    tell: (line) => void told.push(line),
    open: (url) => void does(url).catch(() => undefined),
    patience: 20_000,
  });
  return { way, told };
}

describe('signing in with the browser', () => {
  let way: Way;
  let page: string;
  let told: string[];
  beforeEach(async () => {
    page = '';
    const opened = person(async (url) => {
      page = await (await stage.browse('amara', url)).text();
    });
    way = await opened.way;
    told = opened.told;
  });
  afterEach(() => way.close());

  it('gets an access token for the API with the scopes asked for, from the address that was shown', async () => {
    const { token, seconds } = await (await signInAt(place(), way)).accessToken(['approvals:read', 'actions:read']);
    expect(decodeJwt(token)).toMatchObject({ sub: 'amara', aud: api, scope: 'approvals:read actions:read' });
    expect(seconds).toBe(900);
    expect(told.join('\n')).toContain(`${stage.idp.issuer}/auth?`);
  });

  it('tells the person that the page can be closed, and shows nothing of the answer in it', async () => {
    await (await signInAt(place(), way)).accessToken(['actions:read']);
    for (const { status } of [await fetch(way.redirectUri)]) expect(status).toBe(400);
    expect(page).toContain('You can close this page');
    expect(page).not.toContain('code=');
  });

  it('gets an ID token for one vote: this nonce, a sign-in of just now, both factors, no name', async () => {
    const signIn = await signInAt(place(), way);
    await signIn.accessToken(['actions:read']);
    const before = Math.floor(Date.now() / 1_000);
    const claims = decodeJwt(await signIn.voteToken('the-hash-of-a-decision'));
    expect(claims).toMatchObject({ sub: 'amara', aud: 'countersign-cli', nonce: 'the-hash-of-a-decision' });
    expect(claims['auth_time']).toBeGreaterThanOrEqual(before);
    expect(claims['amr']).toContain('mfa');
    expect(claims).not.toHaveProperty('name');
  });
});

describe('an answer that comes back wrong', () => {
  it('is turned away when its state is of another sign-in, and the right one still counts', async () => {
    const statuses: number[] = [];
    const { way: opening } = person(async (url) => {
      const redirect = new URL(url.searchParams.get('redirect_uri') ?? '');
      redirect.search = '?code=x&state=forged';
      statuses.push((await fetch(redirect)).status, (await stage.browse('amara', url)).status);
    });
    const way = await opening;
    const { token } = await (await signInAt(place(), way)).accessToken(['actions:read']);
    await way.close();
    expect(decodeJwt(token).sub).toBe('amara');
    expect(statuses[0]).toBe(400);
  });

  it('is turned away under another host name', async () => {
    const { way: opening } = person(async () => undefined);
    const way = await opening;
    const { port } = new URL(way.redirectUri);
    const { status } = await fetch(`http://localhost:${port}/callback?state=x`).catch(() => ({ status: 404 }));
    await way.close();
    expect(status).toBe(404);
  });

  /** Somebody in between who changes the question, the answer, or swaps either. */
  const between = async (visit: Way['visit']): Promise<Way> => {
    const real = await sandboxWay({ ...place(), sandbox: sandbox() }, 'ben');
    return { ...real, visit };
  };

  it('is refused when its state is another', async () => {
    const real = await sandboxWay({ ...place(), sandbox: sandbox() }, 'ben');
    const way = await between(async (question) => {
      const answer = await real.visit(question);
      answer.searchParams.set('state', 'another');
      return answer;
    });
    await expect((await signInAt(place(), way)).accessToken(['actions:read'])).rejects.toMatchObject({
      exit: 1,
      code: 'sign_in.refused',
    });
  });

  it('is refused when it was signed for another nonce', async () => {
    const real = await sandboxWay({ ...place(), sandbox: sandbox() }, 'ben');
    const way = await between((question) => {
      const authorizationUrl = new URL(question.authorizationUrl);
      authorizationUrl.searchParams.set('nonce', 'another-decision');
      return real.visit({ ...question, authorizationUrl });
    });
    await expect((await signInAt(place(), way)).voteToken('the-decision')).rejects.toMatchObject({
      exit: 1,
      code: 'sign_in.refused',
    });
  });

  it('is said to be a no when the person cancels', async () => {
    const way = await between(async ({ authorizationUrl, state }) => {
      const answer = new URL(authorizationUrl.searchParams.get('redirect_uri') ?? '');
      answer.search = new URLSearchParams({ error: 'access_denied', state, iss: stage.idp.issuer }).toString();
      return answer;
    });
    await expect((await signInAt(place(), way)).accessToken(['actions:read'])).rejects.toThrow('access_denied');
  });

  it('is waited for only so long', async () => {
    const way = await browserWay({ tell: () => undefined, open: () => undefined, patience: 20 });
    await expect((await signInAt(place(), way)).accessToken(['actions:read'])).rejects.toMatchObject({
      code: 'sign_in.timeout',
    });
    await way.close();
  });
});

describe('signing in as a sandbox person', () => {
  it('walks the real pages: password for reading, both factors for a vote', async () => {
    const signIn = await signInAt(place(), await sandboxWay({ ...place(), sandbox: sandbox() }, 'chen'));
    const { token } = await signIn.accessToken(['approvals:vote']);
    expect(decodeJwt(token)).toMatchObject({ sub: 'chen', amr: ['pwd'] });
    expect(decodeJwt(await signIn.voteToken('n'))).toMatchObject({
      sub: 'chen',
      nonce: 'n',
      amr: ['pwd', 'otp', 'mfa'],
    });
  });

  it.each([
    ['the log is no development log', () => ({ ...place(), sandbox: sandbox('countersign.hospital.example/clinic') })],
    ['the log only looks like one', () => ({ ...place(), sandbox: sandbox('hospital.dev.example/clinic') })],
    ['the issuer is elsewhere', () => ({ api, issuer: 'https://login.example', sandbox: sandbox() })],
    ['the issuer only resolves to here', () => ({ api, issuer: 'http://127.0.0.1.nip.io:1', sandbox: sandbox() })],
    ['there is no state folder', () => place()],
  ])('is refused where %s', async (_what, elsewhere) => {
    await expect(sandboxWay(elsewhere(), 'chen')).rejects.toMatchObject({ exit: 2, code: 'sandbox.refused' });
  });

  it('is refused for somebody whom the sandbox does not know, naming those it does', async () => {
    await expect(sandboxWay({ ...place(), sandbox: sandbox() }, 'mallory')).rejects.toThrow('amara, ben, chen');
  });
});

describe('an identity provider that is away', () => {
  it('is named as the problem', async () => {
    const nowhere = { api, issuer: 'http://127.0.0.1:45999' };
    const way = await browserWay({ tell: () => undefined, open: () => undefined });
    await expect(signInAt(nowhere, way)).rejects.toMatchObject({ exit: 1, code: 'sign_in.unreachable' });
    await way.close();
  });
});
