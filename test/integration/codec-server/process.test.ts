import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort, startOwn } from '@countersign/sandbox';
import { testDatabase, type TestDatabase } from '../../support/database.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db?.end());

/** As `countersign dev` starts it; the UI and the identity provider are not there yet. */
async function start(changes: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'codec-process-'));
  const [codec, ui] = [await freePort(), await freePort()];
  return startOwn({
    name: 'codec-server',
    module: join(process.cwd(), 'dist/src/codec-server/main.js'),
    logFile: join(folder, 'log'),
    env: {
      PATH: process.env['PATH'],
      COUNTERSIGN_MODE: 'development',
      COUNTERSIGN_TENANT: 'clinic',
      COUNTERSIGN_DATABASE_URL: db.url('codec'),
      COUNTERSIGN_KEYRING: `folder:${folder}`,
      COUNTERSIGN_API_URL: 'http://127.0.0.1:8787/v1',
      COUNTERSIGN_ISSUER: 'http://localhost:9',
      COUNTERSIGN_CODEC_CLIENT_ID: 'countersign-codec',
      COUNTERSIGN_CODEC_PORT: String(codec),
      COUNTERSIGN_CODEC_URL: `http://localhost:${codec}`,
      COUNTERSIGN_UI_URL: 'http://127.0.0.1:9',
      COUNTERSIGN_UI_PROXY_PORT: String(ui),
      ...changes,
    },
  });
}

describe('the process of the codec server', () => {
  it('tells both addresses when it is ready, before provider and UI are there, and ends when told to', async () => {
    const { child, ready } = await start();
    expect(ready).toMatchObject({ codec: expect.stringMatching(/localhost/), ui: expect.stringMatching(/localhost/) });
    const page = await fetch(String(ready['codec']));
    expect({ status: page.status, page: await page.text() }).toMatchObject({
      status: 200,
      page: expect.stringMatching(/Sign in as an operator/),
    });
    expect((await fetch(`${String(ready['codec'])}/sign-in`, { redirect: 'manual' })).status).toBe(503);
    expect((await fetch(String(ready['ui']))).status).toBe(502);
    await child.stop();
    expect(await child.exited).toBe(0);
  });

  it.each([
    [{ COUNTERSIGN_CODEC_URL: 'http://codec.example' }, /must be https/],
    [{ COUNTERSIGN_UI_PROXY_URL: 'http://127.0.0.1:8233' }, /share protocol and host/],
    [{ COUNTERSIGN_MODE: 'production' }, /issuer over https/],
    [{ COUNTERSIGN_KEYRING: 'folder:/nowhere' }, /keyring folder does not exist/],
    [{ COUNTERSIGN_ISSUER: '' }, /COUNTERSIGN_ISSUER is missing/],
  ])('does not start with %j, and says what to mend', async (changes, words) => {
    await expect(start(changes)).rejects.toThrow(words);
  });
});
