/** The API as a process of its own: `node dist/src/api/main.js`. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inTenant } from '../../../src/database/transaction.js';
import { tenant } from '../../../src/action/ids.js';
import { activateRulebook, storeRulebook } from '../../../src/rulebook/rulebook.store.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { engines } from '../../support/engines.js';
import { testRulebook } from '../../support/rulebook.js';

let db: TestDatabase;
let keys: string;
const children: ChildProcess[] = [];
beforeAll(async () => {
  keys = mkdtempSync(join(tmpdir(), 'countersign-api-'));
  db = await testDatabase();
  const rulebook = testRulebook();
  await inTenant(db.admin, tenant('clinic'), async (tx) => {
    await storeRulebook(tx, rulebook);
    await activateRulebook(tx, rulebook.digest);
  });
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await db?.end();
  rmSync(keys, { recursive: true });
});

function start(more: NodeJS.ProcessEnv = {}) {
  const child = fork('dist/src/api/main.js', {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      PATH: process.env['PATH'],
      COUNTERSIGN_MODE: 'development',
      COUNTERSIGN_TENANT: 'clinic',
      COUNTERSIGN_DATABASE_URL: db.url('api'),
      COUNTERSIGN_TEMPORAL_ADDRESS: engines().temporal,
      COUNTERSIGN_TEMPORAL_NAMESPACE: 'countersign',
      COUNTERSIGN_KEYRING: `folder:${keys}`,
      COUNTERSIGN_API_PORT: '0',
      COUNTERSIGN_API_URL: 'https://api.example/',
      ...more,
    },
  });
  children.push(child);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  // Not `close`: nobody reads standard output to its end.
  const ends = [once(child, 'exit'), ...(child.stderr ? [once(child.stderr, 'end')] : [])];
  const exited = Promise.all(ends).then(() => ({ code: child.exitCode, said }));
  return { child, exited };
}

async function ready(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('no output to read');
  for await (const line of createInterface({ input: child.stdout })) {
    const { url } = JSON.parse(line) as { url: string };
    return url;
  }
  throw new Error('ended before it was ready');
}

describe('the API process', () => {
  it.each<[string, (child: ChildProcess) => void]>([
    ['SIGTERM', (child) => void child.kill('SIGTERM')],
    ['the loss of its parent', (child) => child.disconnect()],
  ])('says when it is ready, and ends in order at %s', async (_what, end) => {
    const { child, exited } = start();
    const url = await ready(child);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/v1/actions`)).status).toBe(401);
    end(child);
    expect((await exited).code).toBe(0);
  });

  it('names what its environment lacks', async () => {
    const { code, said } = await start({ COUNTERSIGN_KEYRING: '' }).exited;
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining('COUNTERSIGN_KEYRING is missing') });
  });

  it('refuses an older schema, and says what to type', async () => {
    await db.admin.query(`UPDATE public.countersign_migration SET name = name || '.not' WHERE name LIKE '0009%'`);
    const { code, said } = await start().exited;
    await db.admin.query(`UPDATE public.countersign_migration SET name = replace(name, '.not', '')`);
    expect(code).toBe(1);
    expect(said).toMatch(/0009-retention\.sql.*countersign migrate/);
  });

  it('refuses a database that was never migrated', async () => {
    const url = new URL(engines().postgres);
    const { code, said } = await start({ COUNTERSIGN_DATABASE_URL: url.href }).exited;
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining('countersign migrate') });
  });
});
