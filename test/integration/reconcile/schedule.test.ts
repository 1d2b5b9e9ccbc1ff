import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAction } from '../../../src/action/admit.tx.js';
import { agent, type ActionId } from '../../../src/action/ids.js';
import { reconcileScheduleId } from '../../../src/reconcile/types.js';
import { request, resultOf, vote } from '../../support/asking.js';
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

/** A patient's phone, changed. */
async function written(): Promise<ActionId> {
  const [patient] = processes.ehr.demoPatients;
  const by = agent('documentation-agent');
  const admission = await openAction(processes.api, {
    tenant: clinic,
    agent: by,
    principal: processes.people.chen,
    request: {
      type: 'admin.update',
      input: {
        patient: patient?.patient,
        episode: patient?.encounter,
        target: patient?.patient,
        change: { telecom: [{ system: 'phone', value: '555-0142', use: 'home' }] },
      },
      elements: ['demographics.phone'],
      purpose: 'TREAT',
      principal: 'verified by the route',
      reason: 'The patient has a new number',
      idempotencyKey: 'written',
    },
  });
  const { action } = admission;
  await processes.actions.admit(admission, { type: 'admin.update', agent: by, purpose: 'TREAT' });
  await until(async () => ((await at.row(action)).status === 'awaiting_approval' ? true : undefined));
  await until(async () => {
    const answer = await vote(processes, action, 'amara', 'approve'); // the database asks before the workflow listens
    return answer.status === 'counted' ? true : undefined;
  });
  await resultOf(processes, action);
  return action;
}

describe('a write that is to be looked at while no gateway is up', () => {
  const due = async (action: ActionId): Promise<void> => {
    await at.aged(action);
    await processes.db.admin.query(`UPDATE countersign.action SET versions_due = clock_timestamp() WHERE action = $1`, [
      action,
    ]);
  };
  const checked = async (action: ActionId): Promise<unknown[]> =>
    (await at.leaves(action)).filter(({ kind }) => kind === 'version.checked').map(({ data }) => data);

  it('does not keep the reconciliation from its end, and is looked at when one is there', async () => {
    await processes.client.schedule.getHandle(reconcileScheduleId(clinic)).pause(); // it would take the look that is due
    const action = await written();
    await processes.kill('ehr');
    await due(action);
    await expect(at.reconcile()).rejects.toThrow('1 could not be reconciled');
    expect(await checked(action)).toEqual([]);
    await processes.start('ehr');
    await due(action);
    await at.reconcile();
    expect(await checked(action)).toMatchObject([{ finding: 'as_recorded' }]);
  });
});
