import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAction } from '../../../src/action/admit.tx.js';
import { agent, workflowIdOf, type ActionId } from '../../../src/action/ids.js';
import { release } from '../../../src/action/release.tx.js';
import { resultOf, vote } from '../../support/asking.js';
import { clinic, startStack, type Stack } from '../../support/stack.js';
import { until } from '../../support/until.js';
import { reconcileStage, type ReconcileStage } from './stage.js';

const documentation = agent('documentation-agent');
const onWrite = { method: 'POST', path: '/fhir', exact: true };

let stack: Stack;
let at: ReconcileStage;
beforeAll(async () => {
  stack = await startStack();
  at = reconcileStage(stack);
});
afterAll(() => stack?.stop());

/** A change of the patient's phone that a clinician has approved; the request that writes meets the fault. */
async function approvedWrite(fault: Parameters<Stack['ehr']['faults']['set']>[0]['fault']): Promise<ActionId> {
  const [patient] = stack.ehr.demoPatients;
  const admission = await openAction(stack.api, {
    tenant: clinic,
    agent: documentation,
    principal: stack.people.chen,
    request: {
      type: 'admin.update',
      input: {
        patient: patient?.patient,
        episode: patient?.encounter,
        target: patient?.patient,
        change: { telecom: [{ system: 'phone', value: `555-${randomUUID().slice(0, 4)}`, use: 'home' }] },
      },
      elements: ['demographics.phone'],
      purpose: 'TREAT',
      principal: 'verified by the route',
      reason: 'The patient has a new number',
      idempotencyKey: randomUUID(),
    },
  });
  const { action } = admission;
  await stack.actions.admit(admission, { type: 'admin.update', agent: documentation, purpose: 'TREAT' });
  await until(async () => ((await at.row(action)).status === 'awaiting_approval' ? true : undefined));
  stack.ehr.faults.set({ match: onWrite, fault });
  // The database asks before the workflow listens.
  await until(async () => {
    const answer = await vote(stack, action, 'amara', 'approve');
    if (answer.status === 'refused' && answer.code === 'vote.not_open') return undefined;
    expect(answer).toMatchObject({ status: 'counted' });
    return true;
  });
  return action;
}

const writes = (): number => stack.ehr.requests('fhir').filter(({ written }) => written !== undefined).length;
const outcomes = async (action: ActionId): Promise<unknown[]> =>
  (await at.leaves(action)).filter(({ kind }) => kind === 'action.outcome').map(({ data }) => data);

describe('a write whose workflow is terminated while the EHR writes', () => {
  it('is unknown first, gets its workflow back, and ends as what the EHR shows: written once', async () => {
    const before = writes();
    const action = await approvedWrite({ kind: 'hold', when: 'after' });
    await stack.ehr.faults.whenHeld();
    await at.terminate(action);
    await at.aged(action);
    await at.reconcile();
    expect((await at.row(action)).status).toBe('outcome_unknown');
    const { status } = await stack.client.workflow.getHandle(workflowIdOf(action)).describe();
    expect(status.name).toBe('RUNNING');
    stack.ehr.faults.release();
    expect(await resultOf(stack, action)).toMatchObject({ status: 'completed' });
    expect(writes()).toBe(before + 1);
    expect(await outcomes(action)).toMatchObject([{ status: 'outcome_unknown' }, { status: 'completed' }]);
    expect(await at.account(action)).toMatchObject({
      outcome: { status: 'completed', modified: true },
      reconciled: [{ finding: 'workflow.terminated' }],
    });
    expect(await release(stack.api, { tenant: clinic, action, agent: documentation })).toMatchObject({
      status: 'completed',
      modified: [{ version: expect.any(String) }],
    });
  });

  it('or before it writes: what comes late is found, and is still one write', async () => {
    const before = writes();
    const action = await approvedWrite({ kind: 'hold' });
    await stack.ehr.faults.whenHeld();
    await at.terminate(action);
    await at.aged(action);
    await at.reconcile();
    expect((await at.row(action)).status).toBe('outcome_unknown'); // it was on its way
    expect(writes()).toBe(before);
    stack.ehr.faults.release();
    expect(await resultOf(stack, action)).toMatchObject({ status: 'completed' });
    expect(writes()).toBe(before + 1);
    expect(await outcomes(action)).toMatchObject([{ status: 'outcome_unknown' }, { status: 'completed' }]);
  });

  it('and once more while it asks again: it gets its workflow back each time', async () => {
    const before = writes();
    const action = await approvedWrite({ kind: 'hold', when: 'after' });
    await stack.ehr.faults.whenHeld();
    await at.terminate(action);
    await at.aged(action);
    await at.reconcile();
    await at.remove(action);
    await at.reconcile();
    expect((await at.row(action)).status).toBe('outcome_unknown');
    stack.ehr.faults.release();
    expect(await resultOf(stack, action)).toMatchObject({ status: 'completed' });
    expect(writes()).toBe(before + 1);
    expect((await at.account(action)).reconciled.map(({ finding }) => finding)).toEqual([
      'workflow.terminated',
      'workflow.deleted',
    ]);
  });
});
