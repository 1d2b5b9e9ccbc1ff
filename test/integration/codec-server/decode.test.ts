import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Payload } from '@temporalio/common';
import { actionIdOf } from '../../../src/action/admit.tx.js';
import { workflowIdOf, type ActionId } from '../../../src/action/ids.js';
import { leavesOf } from '../../../src/audit/leaf.store.js';
import { leafOf } from '../../../src/audit/leaf.js';
import { jsonOf, maxBody, maxPayloads } from '../../../src/codec-server/payloads.js';
import { inTenant } from '../../../src/database/transaction.js';
import { nodeAead } from '../../../src/keys/aead.node.js';
import { historyCodec, type HistoryCodec } from '../../../src/temporal/history-codec.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { cloneInOwnRealm } from '../../support/own-realm.js';
import {
  clinic,
  keychainOf,
  signIn,
  startCodecStage,
  startOperators,
  trust,
  walkToCallback,
  type CodecStage,
  type Operators,
} from './stage.js';

cloneInOwnRealm();
const folder = mkdtempSync(join(tmpdir(), 'codec-keys-'));
const apiKeychain = keychainOf(folder, 'wrap', 'unwrap', 'destroy');
let db: TestDatabase;
let operators: Operators;
let stage: CodecStage;
let history: HistoryCodec;
let finn = '';

beforeAll(async () => {
  db = await testDatabase();
  operators = await startOperators(db);
  await trust(db, operators.idp.issuer, { issuers: [], warrantIssuers: [] });
  history = await historyCodec({
    pool: db.pool('api'),
    keychain: apiKeychain,
    aead: nodeAead,
    tenant: clinic,
    mayCreate: true,
  });
  const keychain = keychainOf(folder, 'unwrap');
  stage = await startCodecStage({ db, keychain, issuer: operators.idp.issuer, upstream: 'http://127.0.0.1:9' });
  finn = (await signIn(stage, operators, 'finn')).cookie ?? 'none';
});
afterAll(async () => {
  await stage?.stop();
  await operators?.stop();
  await db?.end();
});

async function newAction(): Promise<ActionId> {
  const action = actionIdOf(nodeAead.random(26));
  await inTenant(db.pool('api'), clinic, (tx) => apiKeychain.create(tx, clinic, action, '2026-03'));
  return action;
}

async function encoded(action: ActionId, value: unknown): Promise<Payload> {
  const plain = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(value)) };
  const context = { type: 'workflow', workflowId: workflowIdOf(action), namespace: 'clinic' } as const;
  const [payload] = await history.codec.encode([plain], context);
  return payload ?? {};
}

interface Ask {
  readonly cookie?: string;
  readonly origin?: string | undefined;
  readonly path?: string;
}

function post(body: string, { cookie = finn, origin = stage.addresses.ui.origin, path = '/decode' }: Ask = {}) {
  const headers = { 'content-type': 'application/json', ...(cookie && { cookie }), ...(origin && { origin }) };
  return fetch(new URL(path, stage.addresses.codec), { method: 'POST', headers, body });
}

const decode = (payloads: readonly Payload[], ask?: Ask) => post(JSON.stringify(jsonOf(payloads)), ask);

async function valuesOf(response: Response): Promise<unknown[]> {
  expect(response.status).toBe(200);
  const { payloads } = (await response.json()) as { payloads: { data: string }[] };
  return payloads.map(({ data }): unknown => JSON.parse(Buffer.from(data, 'base64').toString()));
}

async function leaves(action: ActionId) {
  const rows = await inTenant(db.pool('api'), clinic, (tx) => leavesOf(tx, action));
  return rows.map(({ bytes }) => leafOf(bytes));
}

describe('decoding for an operator', () => {
  it('answers what was encoded, and lets nobody keep it', async () => {
    const action = await newAction();
    const response = await decode([await encoded(action, { tier: 'T1' }), await encoded(action, 'two')]);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('access-control-allow-origin')).toBe(stage.addresses.ui.origin);
    expect(response.headers.get('access-control-allow-credentials')).toBe('true');
    expect(await valuesOf(response)).toEqual([{ tier: 'T1' }, 'two']);
  });

  it('leaves one leaf for many requests, in the chain of the action', async () => {
    const action = await newAction();
    const payload = await encoded(action, 'x');
    const answers = await Promise.all(Array.from({ length: 24 }, () => decode([payload])));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const read = await leaves(action);
    expect(read.map(({ kind }) => kind)).toEqual(['history.viewed']);
    const { rows } = await db.admin.query<{ person: string }>(
      `SELECT person FROM countersign.person WHERE subject = 'finn'`,
    );
    expect(read[0]?.data).toEqual({ operator: rows[0]?.person, payloads: maxPayloads });
  });

  it('decodes nothing when the leaf cannot be written', async () => {
    const action = await newAction();
    const append = 'countersign.audit_append(text, text, text, text)';
    await db.admin.query(`REVOKE EXECUTE ON FUNCTION ${append} FROM countersign_codec`);
    try {
      const response = await decode([await encoded(action, 'unseen')]);
      expect(response.status).toBe(500);
      expect(await response.json()).not.toHaveProperty('payloads');
    } finally {
      await db.admin.query(`GRANT EXECUTE ON FUNCTION ${append} TO countersign_codec`);
    }
    expect(await leaves(action)).toEqual([]);
    expect(await valuesOf(await decode([await encoded(action, 'seen')]))).toEqual(['seen']);
    expect(await leaves(action)).toHaveLength(1);
  });

  it('opens nothing of an erased action, also when it was open a moment ago', async () => {
    const [erased, kept] = [await newAction(), await newAction()];
    const payloads = [await encoded(erased, 'gone'), await encoded(kept, 'here')];
    expect(await valuesOf(await decode(payloads))).toEqual(['gone', 'here']);
    await inTenant(db.pool('governance'), clinic, (tx) => apiKeychain.destroy(tx, clinic, erased));
    expect(await valuesOf(await decode(payloads))).toEqual([{ $unreadable: 'erased' }, 'here']);
  });

  it('answers payloads that it cannot read with the reason, one by one', async () => {
    const action = await newAction();
    const good = await encoded(action, 'good');
    const altered = { ...good, data: Buffer.from(good.data ?? []).fill(1, 60, 62) };
    const keyed = (key: string): Payload => ({ ...good, metadata: { ...good.metadata, key: Buffer.from(key) } });
    const strange = [
      altered,
      keyed(`action/other/${action}`),
      keyed('action/clinic/../../x'),
      keyed('\u0000'),
      { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"clear"') },
      { metadata: {}, data: null },
      {
        metadata: { encoding: Buffer.from('binary/encrypted'), key: Buffer.from('system/clinic') },
        data: Buffer.of(7),
      },
    ];
    expect(await valuesOf(await decode([...strange, good]))).toEqual([
      { $unreadable: 'altered' },
      ...['foreign', 'foreign', 'foreign', 'plain', 'plain', 'altered'].map((reason) => ({ $unreadable: reason })),
      'good',
    ]);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{"payloads":'],
    ['no payloads', '{"payloads":[]}'],
    ['another shape', '[1,2]'],
    ['null', 'null'],
    ['data that are no base64', '{"payloads":[{"data":"%%%"}]}'],
    ['metadata that are no texts', '{"payloads":[{"metadata":{"encoding":7}}]}'],
    ['deep nesting', '['.repeat(100_000)],
    [
      'too many payloads',
      JSON.stringify({ payloads: Array.from({ length: maxPayloads + 1 }, () => ({ data: 'AA==' })) }),
    ],
  ])('refuses %s and stays up', async (_, body) => {
    const response = await post(body);
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 400,
      body: { code: 'malformed' },
    });
  });

  it('refuses a body that is too large', async () => {
    expect((await post('x'.repeat(maxBody + 1))).status).toBe(413);
  });
});

describe('whoever is no operator', () => {
  it('without a session is told where to sign in, and leaves no leaf', async () => {
    const action = await newAction();
    const response = await decode([await encoded(action, 'x')], { cookie: '' });
    expect(response.status).toBe(401);
    expect(response.headers.get('access-control-allow-origin')).toBe(stage.addresses.ui.origin);
    expect(await response.json()).toMatchObject({
      code: 'sign_in',
      title: `Sign in as an operator at ${stage.addresses.codec.origin}/sign-in to see this.`,
    });
    expect(await leaves(action)).toEqual([]);
  });

  it.each(['forged', ''])('with the cookie “%s” is nobody', async (value) => {
    const cookie = `${stage.addresses.cookie.name}=${value}`;
    expect((await decode([{ data: Buffer.of(1) }], { cookie })).status).toBe(401);
  });

  it.each([['http://localhost:1'], ['http://127.0.0.1:8233'], ['null'], [undefined]])(
    'from the origin %s is refused with a good cookie',
    async (origin) => {
      const action = await newAction();
      const payloads = [await encoded(action, 'x')];
      const response = await (origin === undefined
        ? fetch(new URL('/decode', stage.addresses.codec), {
            method: 'POST',
            headers: { cookie: finn },
            body: JSON.stringify(jsonOf(payloads)),
          })
        : decode(payloads, { origin }));
      expect(response.status).toBe(403);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      expect(await leaves(action)).toEqual([]);
    },
  );

  it('by another host name is refused: other sites may resolve to us', async () => {
    const { hostname, port } = stage.addresses.codec;
    const status = await new Promise((resolve, reject) => {
      const headers = { host: `evil.example:${port}`, cookie: finn };
      request({ hostname, port, path: '/', headers }, (answer) => resolve(answer.resume().statusCode))
        .once('error', reject)
        .end();
    });
    expect(status).toBe(421);
  });

  it('finds nothing that encodes', async () => {
    expect((await post('{"payloads":[]}', { path: '/encode' })).status).toBe(404);
  });

  it('reads no sealed content with this login, whatever keys it holds', async () => {
    const sealed = inTenant(db.pool('codec'), clinic, (tx) => tx.query('SELECT FROM countersign.sealed'));
    await expect(sealed).rejects.toMatchObject({ code: '42501' });
  });
});

describe('signing in', () => {
  it('shows a page that says who, with a strict cookie that scripts cannot read', async () => {
    const { response, page } = await signIn(stage, operators, 'finn');
    expect(page).toMatch(/signed in as Finn Berg/);
    const cookie = response.headers.getSetCookie().find((each) => each.startsWith(stage.addresses.cookie.name));
    expect(cookie).toMatch(/; HttpOnly/i);
    expect(cookie).toMatch(/; SameSite=Strict/i);
    const policy = response.headers.get('content-security-policy');
    const style = /<style>(.*)<\/style>/s.exec(page)?.[1] ?? 'missing';
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).toContain(`style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`);
  });

  it('refuses a person who is no operator, and opens no session', async () => {
    const { response, cookie, page } = await signIn(stage, operators, 'amara');
    expect(response.status).toBe(403);
    expect(cookie).toBeUndefined();
    expect(page).toMatch(/lacks the scope operator/);
  });

  it('counts once, and only in the browser that began', async () => {
    const { callback, pending } = await walkToCallback(stage.addresses, operators, 'finn');
    expect((await fetch(callback)).status).toBe(400);
    const other = await walkToCallback(stage.addresses, operators, 'finn');
    // The other browser's state does not fit this one's code.
    expect((await fetch(callback, { headers: { cookie: other.pending } })).status).toBe(403);
    expect((await fetch(callback, { headers: { cookie: pending } })).status).toBe(200);
    expect((await fetch(callback, { headers: { cookie: pending } })).status).toBe(400);
  });

  it('does not take a code or state that nobody gave', async () => {
    const { callback, pending } = await walkToCallback(stage.addresses, operators, 'finn');
    const forged = new URL(callback);
    forged.searchParams.set('code', 'forged');
    expect((await fetch(forged, { headers: { cookie: pending } })).status).toBe(403);
  });

  it('ends by signing out, from our own page only', async () => {
    const { cookie = '' } = await signIn(stage, operators, 'finn');
    const leave = (origin: string) =>
      fetch(new URL('/sign-out', stage.addresses.codec), {
        method: 'POST',
        headers: { cookie, origin },
        redirect: 'manual',
      });
    const action = await newAction();
    const payloads = [await encoded(action, 'x')];
    expect((await leave(stage.addresses.ui.origin)).status).toBe(403);
    expect((await decode(payloads, { cookie })).status).toBe(200);
    expect((await leave(stage.addresses.codec.origin)).status).toBe(303);
    expect((await decode(payloads, { cookie })).status).toBe(401);
  });

  it('holds no longer than the directory says', async () => {
    const payloads = [await encoded(await newAction(), 'x')];
    const active = (yes: boolean) =>
      db.admin.query(`UPDATE countersign.person SET active = $1 WHERE subject = 'finn'`, [yes]);
    await active(false);
    expect((await decode(payloads)).status).toBe(401);
    const { response, page } = await signIn(stage, operators, 'finn');
    expect({ status: response.status, page }).toMatchObject({ status: 403, page: expect.stringMatching(/directory/) });
    await active(true);
    expect((await decode(payloads)).status).toBe(200);
  });
});
