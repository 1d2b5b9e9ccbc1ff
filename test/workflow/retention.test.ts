import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { RetentionActivities } from '../../activities/governance/retention.js';
import { tenant } from '../../src/action/ids.js';
import { retentionWorkflowId, type DisposalDay } from '../../src/retention/types.js';
import { workflowBundle } from '../../worker/bundle.js';
import { timeSkipping } from '../support/temporal.js';

const clinic = tenant('clinic');

/** What the database would say: how many batches each day still holds, and which days are open. */
const database = {
  batches: new Map<string, number>(),
  days: [] as DisposalDay[],
  calls: [] as [asOf: string, at: number][],
};

let env: TestWorkflowEnvironment;
let worker: Worker;
let run: Promise<void>;
beforeAll(async () => {
  env = await timeSkipping();
  const activities: RetentionActivities = {
    async disposeBatch({ asOf }) {
      database.calls.push([asOf, await env.currentTimeMs()]);
      const left = (database.batches.get(asOf) ?? 0) - 1;
      database.batches.set(asOf, left);
      return { disposed: 50, more: left > 0 };
    },
    disposalDays: async () => database.days,
  };
  worker = await Worker.create({
    connection: env.nativeConnection,
    namespace: env.namespace ?? 'default',
    taskQueue: 'governance',
    workflowBundle: await workflowBundle(),
    activities: { ...activities },
  });
  run = worker.run();
});
afterAll(async () => {
  worker?.shutdown();
  await run;
  await env?.teardown();
});

/** The same day some years from the server's clock on, at midnight UTC. */
async function yearsFromNow(years: number): Promise<DisposalDay> {
  const day = new Date(await env.currentTimeMs());
  day.setUTCFullYear(day.getUTCFullYear() + years);
  const date = day.toISOString().slice(0, 10);
  return { tenant: clinic, date, startsAt: `${date}T00:00:00.000Z` };
}

const start = (day: unknown, date: string) =>
  env.client.workflow.start('retention', {
    workflowId: retentionWorkflowId(clinic, date),
    taskQueue: 'governance',
    args: [day],
  });

describe('the timer of a disposal date', () => {
  it('waits six years, disposes batch by batch on that date and not before, and holds few events', async () => {
    const day = await yearsFromNow(6);
    database.batches.set(day.date, 3);
    database.calls.length = 0;
    const handle = await start(day, day.date);
    expect(await handle.result()).toEqual({ disposed: 150 });
    expect(database.calls.map(([asOf]) => asOf)).toEqual([day.date, day.date, day.date]);
    // The server's skipped clock drifts by some ten milliseconds.
    for (const [, at] of database.calls) expect(at).toBeGreaterThan(Date.parse(day.startsAt) - 1_000);
    const { events } = await handle.fetchHistory();
    expect(events?.length).toBeLessThanOrEqual(30);
  });

  it('begins at once for a date that is over', async () => {
    const day = await yearsFromNow(-1);
    database.batches.set(day.date, 1);
    database.calls.length = 0;
    const before = await env.currentTimeMs();
    expect(await (await start(day, day.date)).result()).toEqual({ disposed: 50 });
    expect((database.calls[0]?.[1] ?? 0) - before).toBeLessThan(60_000);
  });

  it('disposes of nothing when its argument cannot be read', async () => {
    database.calls.length = 0;
    const handle = await start({ $unreadable: 'altered' }, '2099-01-01');
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'retention.unreadable' } });
    expect(database.calls).toEqual([]);
  });
});

describe('the sweeper', () => {
  it('starts the timer of each open date, and leaves alone the one that runs', async () => {
    const [first, second] = [await yearsFromNow(7), await yearsFromNow(8)];
    for (const { date } of [first, second]) database.batches.set(date, 1);
    const running = await start(first, first.date);
    const { runId } = await running.describe();
    database.days = [first, second];
    // A client of its own: waiting by the environment's lets years pass.
    const { workflow } = new Client({ connection: env.connection });
    const sweep = (workflowId: string) =>
      workflow.execute('retentionSweep', { workflowId, taskQueue: 'governance', args: [clinic] });
    expect(await sweep('sweep-1')).toEqual({ dates: 2 });
    expect(await sweep('sweep-2')).toEqual({ dates: 2 }); // again changes nothing
    expect((await running.describe()).runId).toBe(runId);
    expect(await running.result()).toEqual({ disposed: 50 });
    const other = env.client.workflow.getHandle(retentionWorkflowId(clinic, second.date));
    expect(await other.result()).toEqual({ disposed: 50 });
  });
});
