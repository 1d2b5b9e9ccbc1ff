import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { reconcileScheduleId } from '../../../src/reconcile/types.js';
import { request, resultOf } from '../../support/asking.js';
import { startProcesses, type Processes } from '../../support/processes.js';
import { clinic } from '../../support/stack.js';
import { until } from '../../support/until.js';
import { reconcileStage, type ReconcileStage } from './stage.js';

let processes: Processes;
let at: ReconcileStage;
beforeAll(async () => {
  processes = await startProcesses();
  at = reconcileStage(processes);
  await Promise.all([processes.start('governance'), processes.start('ehr')]);
});
afterAll(() => processes?.stop());

const trigger = () => processes.client.schedule.getHandle(reconcileScheduleId(clinic)).trigger();

describe('the reconciler of a deployment', () => {
  it('puts right what was done while no worker was up', async () => {
    const opened = await at.opened();
    const waiting = await request(processes, 'medications.read');
    await waiting.admitted;
    await processes.kill('governance');
    await at.terminate(waiting.action);
    await Promise.all([at.aged(opened), at.aged(waiting.action)]);
    await processes.start('governance');
    await trigger();
    await until(async () => ((await at.row(waiting.action)).status === 'failed' ? true : undefined));
    await until(async () => ((await at.row(opened)).startedAt === null ? undefined : true));
    expect(await resultOf(processes, opened)).toMatchObject({ status: 'completed' });
    expect(await at.account(waiting.action)).toMatchObject({
      outcome: { status: 'failed', code: 'workflow.terminated' },
      reconciled: [{ finding: 'workflow.terminated' }],
    });
    expect(await at.account(opened)).toMatchObject({ outcome: { status: 'completed' } });
  });

  it('goes on where it was killed, and does nothing twice', async () => {
    const actions = await Promise.all(Array.from({ length: 12 }, () => at.opened()));
    await Promise.all(actions.map((action) => at.aged(action)));
    await trigger();
    await until(async () => {
      const rows = await Promise.all(actions.map((action) => at.row(action)));
      return rows.some(({ startedAt }) => startedAt !== null) ? true : undefined;
    });
    await processes.kill('governance');
    await processes.start('governance');
    for (const action of actions) {
      await until(async () => {
        await trigger();
        return (await at.row(action)).status === 'completed' ? true : undefined;
      });
      const kinds = (await at.leaves(action)).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'action.readmitted')).toHaveLength(1);
      expect(kinds.filter((kind) => kind === 'action.attempt')).toHaveLength(1);
      expect(kinds).not.toContain('security.event');
    }
  });
});
