/** The app before a database that is not there: it says so, lets nothing through, and stays alive. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { tenant } from '../../../src/action/ids.js';
import { apiApp } from '../../../src/api/app.js';
import type { ApiDeps } from '../../../src/api/deps.js';
import { actionWaits } from '../../../src/api/waits.js';
import { createLog } from '../../../src/config/log.js';
import { rulebookReader } from '../../../src/rulebook/rulebook.store.js';

let app: ReturnType<typeof apiApp>;
let pool: pg.Pool;
beforeAll(() => {
  // Port 1 refuses connections.
  pool = new pg.Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/none', connectionTimeoutMillis: 2_000 });
  const log = createLog('test', 'silent');
  const clinic = tenant('clinic');
  const parts = {
    pool,
    tenant: clinic,
    log,
    rulebook: rulebookReader(),
    waits: actionWaits({ pool, tenant: clinic, log }),
  };
  app = apiApp(parts as unknown as ApiDeps);
});
afterAll(() => pool.end());

describe('an API without a database', () => {
  it('answers every call that needs one with 503 and when to come again', async () => {
    const answer = await app.request('/v1/actions', { headers: { authorization: 'Bearer any.token.here' } });
    expect({
      status: answer.status,
      retry: answer.headers.get('retry-after'),
      body: await answer.json(),
    }).toMatchObject({
      status: 503,
      retry: '1',
      body: { code: 'unavailable', status: 503 },
    });
  });

  it('needs none to refuse a call without a token, and is alive', async () => {
    expect((await app.request('/v1/actions')).status).toBe(401);
    expect((await app.request('/healthz')).status).toBe(200);
  });
});
