import { mkdtempSync } from 'node:fs';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { cloneInOwnRealm } from '../../support/own-realm.js';
import {
  keychainOf,
  signIn,
  startCodecStage,
  startOperators,
  trust,
  type CodecStage,
  type Operators,
} from './stage.js';

cloneInOwnRealm();
let db: TestDatabase;
let operators: Operators;
let stage: CodecStage;
let finn = '';

/** In the place of the Temporal UI: remembers what reached it, and answers with settings like the real ones. */
let reached: {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  body: string;
}[];
const settings = {
  Auth: { Enabled: false },
  Codec: { Endpoint: '', PassAccessToken: true },
  DisableWriteActions: false,
};
const temporalUi = createServer((incoming, response) => {
  const { method = '', url = '', headers } = incoming;
  void text(incoming).then((body) => {
    reached.push({ method, url, headers, body });
    response.setHeader('content-type', 'application/json');
    if (url.startsWith('/broken')) return response.socket?.destroy();
    return response.end(url === '/api/v1/settings' ? JSON.stringify(settings) : '{"from":"ui"}');
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => temporalUi.listen(0, '127.0.0.1', resolve));
  const { port } = temporalUi.address() as AddressInfo;
  db = await testDatabase();
  operators = await startOperators(db);
  await trust(db, operators.idp.issuer, { issuers: [], warrantIssuers: [] });
  const keychain = keychainOf(mkdtempSync(join(tmpdir(), 'codec-keys-')), 'unwrap');
  stage = await startCodecStage({
    db,
    keychain,
    issuer: operators.idp.issuer,
    upstream: `http://127.0.0.1:${port}`,
  });
  finn = (await signIn(stage, operators, 'finn')).cookie ?? 'none';
});
beforeEach(() => {
  reached = [];
});
afterAll(async () => {
  await stage?.stop();
  await operators?.stop();
  await db?.end();
  temporalUi.closeAllConnections();
  temporalUi.close();
});

const at = (path: string) => new URL(path, stage.addresses.ui);
const terminate = '/api/v1/namespaces/countersign/workflows/act%2Fx/terminate?execution.runId=r';

function write(path: string, headers: Readonly<Record<string, string>> = {}, method = 'POST') {
  return fetch(at(path), { method, headers, body: '{"reason":"why"}' });
}

describe('the proxy before the Temporal UI', () => {
  it('points the UI at our codec server, with credentials and with words for whoever lacks them', async () => {
    const answer: unknown = await (await fetch(at('/api/v1/settings'))).json();
    expect(answer).toEqual({
      Auth: { Enabled: false },
      Codec: {
        Endpoint: stage.addresses.codec.origin,
        IncludeCredentials: true,
        PassAccessToken: false,
        DefaultErrorMessage: 'Sign in as an operator to see details.',
        DefaultErrorLink: `${stage.addresses.ui.origin}/countersign/sign-in`,
      },
      DisableWriteActions: true,
    });
  });

  it('shows buttons that write to operators only', async () => {
    const answer: unknown = await (await fetch(at('/api/v1/settings'), { headers: { cookie: finn } })).json();
    expect(answer).toMatchObject({ DisableWriteActions: false });
  });

  it('leads to the sign-in', async () => {
    const response = await fetch(at('/countersign/sign-in'), { redirect: 'manual' });
    expect(response.headers.get('location')).toBe(`${stage.addresses.codec.origin}/sign-in`);
  });

  it('lets everybody read', async () => {
    const response = await fetch(at('/namespaces/countersign/workflows?query=GovTier%3D%22T1%22'));
    expect(await response.text()).toBe('{"from":"ui"}');
    expect(reached[0]).toMatchObject({
      method: 'GET',
      url: '/namespaces/countersign/workflows?query=GovTier%3D%22T1%22',
    });
  });

  it('lets everybody ask for current details, which is a POST that reads', async () => {
    const query = '/api/v1/namespaces/countersign/workflows/act%2Fx/query/__temporal_workflow_metadata';
    expect((await write(query)).status).toBe(200);
    expect(reached[0]).toMatchObject({ method: 'POST', body: '{"reason":"why"}' });
  });

  it.each([
    ['POST', terminate],
    ['POST', '/api/v1/namespaces/countersign/workflows/act%2Fx/signal/vote'],
    ['POST', '/api/v1/namespaces/countersign/workflows/act%2Fx/query/other'],
    ['POST', '/api/v1/namespaces/countersign/workflows/a/query/__temporal_workflow_metadata/../../terminate'],
    ['PUT', '/api/v1/namespaces/countersign'],
    ['PATCH', '/anything'],
    ['DELETE', '/api/v1/namespaces/countersign/schedules/s'],
  ])('refuses %s %s without a session; nothing reaches the UI', async (method, path) => {
    const ours = { origin: stage.addresses.ui.origin };
    const response = await write(path, ours, method);
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 401,
      body: { message: expect.stringMatching(/Sign in as an operator/) },
    });
    expect((await write(path, { ...ours, cookie: `${stage.addresses.cookie.name}=forged` }, method)).status).toBe(401);
    expect(reached).toEqual([]);
  });

  it('refuses a write from another page, even with an operator’s cookie', async () => {
    expect((await write(terminate, { cookie: finn, origin: stage.addresses.codec.origin })).status).toBe(403);
    expect((await write(terminate, { cookie: finn })).status).toBe(403);
    expect(reached).toEqual([]);
  });

  it('lets an operator write, and keeps their cookie from the UI', async () => {
    const cookie = `_csrf=token; ${finn}; theme=dark`;
    const response = await write(terminate, { cookie, origin: stage.addresses.ui.origin, 'x-csrf-token': 'token' });
    expect(response.status).toBe(200);
    expect(reached[0]).toMatchObject({ url: terminate, body: '{"reason":"why"}' });
    expect(reached[0]?.headers).toMatchObject({ cookie: '_csrf=token; theme=dark', 'x-csrf-token': 'token' });
  });

  it('refuses whoever is no operator any more', async () => {
    const revoke = (when: string) =>
      db.admin.query(`UPDATE countersign.role_grant SET revoked_at = ${when} WHERE role = 'operator'`);
    await revoke('clock_timestamp()');
    expect((await write(terminate, { cookie: finn, origin: stage.addresses.ui.origin })).status).toBe(401);
    await revoke('NULL');
    expect((await write(terminate, { cookie: finn, origin: stage.addresses.ui.origin })).status).toBe(200);
  });

  it('answers only to its own host name', async () => {
    const { hostname, port } = stage.addresses.ui;
    const status = await new Promise((resolve, reject) => {
      request({ hostname, port, headers: { host: `evil.example:${port}` } }, (answer) =>
        resolve(answer.resume().statusCode),
      )
        .once('error', reject)
        .end();
    });
    expect(status).toBe(421);
    expect(reached).toEqual([]);
  });

  it('says so when the UI does not answer, and goes on', async () => {
    const response = await fetch(at('/broken'));
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 502,
      body: { message: expect.stringMatching(/does not answer/) },
    });
    expect((await fetch(at('/'))).status).toBe(200);
  });

  it.each(['//evil.example/', 'http://evil.example/', '/%00', '/\\', '/..%2f..', '*'])(
    'stays up for the path %s',
    async (path) => {
      await raw(path);
      expect((await fetch(at('/'))).status).toBe(200);
    },
  );

  it('judges the very path that it sends on', async () => {
    const workflow = '/api/v1/namespaces/n/workflows/w';
    expect(await raw(`${workflow}/query/__temporal_workflow_metadata/../../terminate`, 'POST')).toBe(403);
    expect(await raw(`${workflow}/query/%2e%2e/terminate`, 'POST')).toBe(403);
    expect(await raw(`${workflow}/terminate/../query/__temporal_workflow_metadata`, 'POST')).toBe(200);
    expect(reached.map(({ url }) => url)).toEqual([`${workflow}/query/__temporal_workflow_metadata`]);
  });
});

/** Status of a request whose path no client has normalised. */
function raw(path: string, method = 'GET'): Promise<number | undefined> {
  const { hostname, port, host } = stage.addresses.ui;
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, method, headers: { host } }, (answer) => resolve(answer.resume().statusCode))
      .once('error', reject)
      .end();
  });
}
