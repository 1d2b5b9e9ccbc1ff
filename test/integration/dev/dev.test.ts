import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { summaryFile, type DevSummary } from '../../../src/cli/dev/summary.js';
import { searchAttributeTypes } from '../../../src/temporal/search-attributes.js';
import {
  countersign,
  endStarted,
  familyOf,
  livingOf,
  newState,
  startDevProcess,
  until,
  writtenSummary,
  type DevProcess,
} from './dev-process.js';

afterAll(endStarted);

async function query(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

const holds = (state: string) => existsSync(join(state, summaryFile));

describe('a stack that is up', () => {
  const state = newState();
  let dev: DevProcess;
  let summary: DevSummary;
  beforeAll(async () => {
    dev = startDevProcess('--state', state);
    summary = await dev.up;
  });

  it('says so in one line and in dev.json, which only its owner may read', () => {
    const written = writtenSummary(state);
    expect(written.summary).toEqual(summary);
    expect(written.mode).toBe(0o600);
    expect(summary.origin).toMatch(/^dev\./);
    expect(Object.keys(summary.processes).sort()).toEqual([
      'api',
      'codec-server',
      'ehr',
      'idp',
      'postgres',
      'signer',
      'temporal',
      'worker-ehr',
      'worker-governance',
    ]);
    expect(summary.people.flatMap(({ roles }) => roles).sort()).toEqual([
      'clinical_staff',
      'clinical_staff',
      'operator',
      'pharmacist',
      'privacy_officer',
      'security_officer',
      'senior_clinician',
      'senior_clinician',
    ]);
  });

  it('has the directory, the rulebook and the search attributes', async () => {
    const agents = await query(summary.urls.database, 'SELECT agent FROM countersign.agent ORDER BY 1');
    expect(agents).toEqual(
      ['documentation-agent', 'scheduling-agent', 'throwaway-agent', 'triage-agent'].map((agent) => ({ agent })),
    );
    const zone = await query(summary.urls.database, 'SELECT zone, log_origin FROM countersign.tenant');
    expect(zone).toEqual([{ zone: 'America/New_York', log_origin: 'dev.countersign/clinic' }]);
    const connection = await Connection.connect({ address: summary.urls.temporal });
    const known = await connection.operatorService.listSearchAttributes({ namespace: summary.namespace });
    await connection.close();
    expect(known.customAttributes).toMatchObject(searchAttributeTypes);
  });

  it('answers at every URL that it printed', async () => {
    const status = async (url: string) => (await fetch(url, { redirect: 'manual' })).status;
    expect(await status(`${summary.urls.api}/healthz`)).toBe(200);
    expect(await status(`${summary.urls.issuer}/.well-known/openid-configuration`)).toBe(200);
    expect(await status(`${summary.urls.fhir}/metadata`)).toBe(200);
    expect(await status(summary.urls.ui)).toBeLessThan(400);
  });

  it('is found well by doctor', () => {
    const { status, out } = countersign('doctor', '--json', '--state', state);
    const findings: unknown = JSON.parse(out);
    expect(findings).toMatchObject({ status: 'ok' });
    expect(status).toBe(0);
  });

  it('hands out one-time codes of its people', () => {
    expect(countersign('dev', 'code', 'amara', '--state', state)).toEqual({
      status: 0,
      out: expect.stringMatching(/^\d{6}\n$/),
    });
    expect(countersign('dev', 'code', 'nobody', '--state', state).status).toBe(1);
  });

  it('lets no other stack onto its folder, and names the one that is there', async () => {
    const second = startDevProcess('--state', state);
    expect(await second.exited).toBe(1);
    expect(second.told()).toContain(`pid ${summary.pid}`);
    expect(second.told()).toContain(summary.urls.api);
    expect(writtenSummary(state).summary.pid).toBe(summary.pid);
  });

  it.each(['ehr', 'worker-ehr', 'temporal', 'postgres'])('starts %s again when it is killed', async (name) => {
    const before = summary.processes[name] ?? 0;
    process.kill(before, 'SIGKILL');
    const now = await until(() => {
      const pid = writtenSummary(state).summary.processes[name];
      return pid !== before && pid;
    });
    expect(now).toBeGreaterThan(0);
    const database = await query(summary.urls.database, 'SELECT 1 AS up');
    expect(database).toEqual([{ up: 1 }]);
  });

  it('ends at Ctrl-C within seconds, and leaves no process and no dev.json', async () => {
    const family = familyOf(writtenSummary(state).summary);
    expect(family.length).toBeGreaterThan(9);
    const began = performance.now();
    dev.child.kill('SIGINT');
    expect(await dev.exited).toBe(0);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(livingOf(family)).toEqual([]);
    expect(holds(state)).toBe(false);
  });
});

describe('kill -9 of the supervisor', () => {
  it('leaves no process; the next start works and keeps its data, people, keys and ports', async () => {
    const state = newState();
    const first = startDevProcess('--state', state);
    const before = await first.up;
    await query(before.urls.database, 'CREATE TABLE public.kept AS SELECT 7 AS number');
    const family = familyOf(before);
    first.child.kill('SIGKILL');
    await first.exited;
    await until(() => livingOf(family).length === 0);
    expect(holds(state)).toBe(true);
    expect(countersign('doctor', '--state', state).out).toMatch(/was killed/);

    const second = startDevProcess('--state', state);
    const after = await second.up;
    expect(await query(after.urls.database, 'SELECT number FROM public.kept')).toEqual([{ number: 7 }]);
    expect({ ...after, pid: 0, processes: {} }).toEqual({ ...before, pid: 0, processes: {} });
    second.child.kill('SIGINT');
    expect(await second.exited).toBe(0);

    // Somebody takes the API's port meanwhile.
    const port = Number(new URL(before.urls.api).port);
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve));
    try {
      const refused = startDevProcess('--state', state, '--port', String(port));
      expect(await refused.exited).toBe(1);
      expect(refused.told()).toContain(`Port ${port} is taken`);
      const third = startDevProcess('--state', state);
      const moved = await third.up;
      expect(moved.urls.api).not.toBe(before.urls.api);
      expect(moved.urls.issuer).toBe(before.urls.issuer);
      third.child.kill('SIGTERM');
      expect(await third.exited).toBe(0);
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  }, 120_000);
});

describe('a stack that cannot live', () => {
  it('is called off by Ctrl-C while it starts, and leaves nothing', async () => {
    const dev = startDevProcess('--state', newState());
    await until(() => dev.told().includes('up'));
    const family = familyOf({ pid: dev.child.pid ?? 0, processes: {} });
    expect(family.length).toBeGreaterThan(3);
    dev.child.kill('SIGINT');
    expect(await dev.exited).toBe(0);
    expect(livingOf(family)).toEqual([]);
  });

  it('ends as a whole, with the last words of the process that died too often', async () => {
    const dev = startDevProcess('--ephemeral');
    const summary = await dev.up;
    const { state } = summary;
    const family = familyOf(summary);
    let last = 0;
    for (let times = 0; times < 4; times++) {
      last = await until(() => {
        const now = holds(state) ? (writtenSummary(state).summary.processes['idp'] ?? 0) : 0;
        return now !== last && now;
      });
      process.kill(last, 'SIGKILL');
    }
    expect(await dev.exited).toBe(1);
    expect(dev.told()).toMatch(/idp ended \(SIGKILL\) 4 times within a minute/);
    expect(livingOf(family)).toEqual([]);
    expect(existsSync(state)).toBe(false);
  });
});
