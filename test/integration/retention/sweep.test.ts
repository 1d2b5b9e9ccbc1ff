import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { release } from '../../../src/action/release.tx.js';
import { retentionWorkflowId, sweepScheduleId } from '../../../src/retention/types.js';
import { request, resultOf, triage } from '../../support/asking.js';
import { startProcesses, type Processes } from '../../support/processes.js';
import { clinic } from '../../support/stack.js';
import { until } from '../../support/until.js';

let processes: Processes;
beforeAll(async () => {
  processes = await startProcesses();
  await Promise.all([processes.start('governance'), processes.start('ehr')]);
});
afterAll(() => processes?.stop());

async function completed(date: string) {
  const { action, admitted } = await request(processes, 'facility.read');
  await admitted;
  await resultOf(processes, action);
  await processes.db.admin.query('UPDATE countersign.action SET retention_date = $2 WHERE action = $1', [action, date]);
  return action;
}

/** After the one that still runs: the Schedule itself would skip it. */
const sweep = () => processes.client.schedule.getHandle(sweepScheduleId(clinic)).trigger('BUFFER_ONE');
const timer = (date: string) => processes.client.workflow.getHandle(retentionWorkflowId(clinic, date));
const statusOf = (date: string) =>
  until(async () => {
    const found = await timer(date)
      .describe()
      .catch(() => undefined);
    return found?.status.name;
  });

describe('the retention sweep', () => {
  const today = new Date().toISOString().slice(0, 10);

  it('starts one timer a date; what is due goes, what is not stays', async () => {
    const due = await completed('2020-02-29');
    const kept = [await completed('2199-01-01'), await completed('2199-01-01')];
    await sweep();
    expect(await timerResult('2020-02-29')).toEqual({ disposed: 1 });
    expect(await statusOf('2199-01-01')).toBe('RUNNING');
    // The other processes hear of it, and drop what they had cached.
    await until(async () => {
      const found = release(processes.api, { tenant: clinic, action: due, agent: triage });
      const code: unknown = await found.then(
        () => undefined,
        (error: { code: unknown }) => error.code,
      );
      return code === 'key.gone' ? code : undefined;
    });
    for (const action of kept)
      expect(await release(processes.api, { tenant: clinic, action, agent: triage })).toMatchObject({
        status: 'completed',
      });
    const disposed = await processes.db.admin.query('SELECT action FROM countersign.disposal');
    expect(disposed.rows).toEqual([{ action: due }]);
  });

  it('leaves a held record alone, and takes it once the hold is lifted', async () => {
    const held = await completed('2020-03-01');
    await processes.db.admin.query(
      `INSERT INTO countersign.hold (tenant, action, reason, set_by) VALUES ('clinic', $1, 'litigation', $2)`,
      [held, processes.people.elif],
    );
    await sweep();
    expect(await timerResult('2020-03-01')).toEqual({ disposed: 0 });
    await processes.db.admin.query('UPDATE countersign.hold SET lifted_at = clock_timestamp()');
    await sweep();
    await until(async () => {
      const gone = await processes.db.admin.query('SELECT FROM countersign.disposal WHERE action = $1', [held]);
      return gone.rowCount === 1 ? true : undefined;
    });
  });

  it('survives the death of its worker', async () => {
    const due = await completed(today);
    await processes.kill('governance');
    await sweep();
    await processes.start('governance');
    await until(async () => {
      const gone = await processes.db.admin.query('SELECT FROM countersign.disposal WHERE action = $1', [due]);
      return gone.rowCount === 1 ? true : undefined;
    });
  });
});

async function timerResult(date: string): Promise<unknown> {
  await statusOf(date);
  return timer(date).result();
}
