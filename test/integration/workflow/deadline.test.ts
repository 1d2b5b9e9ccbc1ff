import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WithStartWorkflowOperation } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { workflowIdOf } from '../../../src/action/ids.js';
import type { Admission, Admitted, Concluded, VoteAnswer } from '../../../src/action/types.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import { devServer } from '../../support/temporal.js';
import { ScriptedWorkers, counted, envelope, minted, newAdmission, waits } from '../../support/scripted.js';

let env: TestWorkflowEnvironment;
let workers: ScriptedWorkers;
beforeAll(async () => {
  env = await devServer();
  workers = await ScriptedWorkers.start(env);
});
afterAll(async () => {
  await workers?.stop();
  await env?.teardown();
});

/** Starts as the API does: the start and the question for the classification in one call. */
async function admitted(admission: Admission): Promise<Admitted> {
  return env.client.workflow.executeUpdateWithStart<Workflow, Admitted, []>('admit', {
    args: [],
    updateId: 'admit',
    startWorkflowOperation: new WithStartWorkflowOperation('governedAction', {
      workflowId: workflowIdOf(admission.action),
      taskQueue: 'governance',
      args: [admission],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowTaskTimeout: '3s',
    }),
  });
}

const vote = (of: Admission, ballot: DecisionEnvelope) =>
  env.client.workflow
    .getHandle(workflowIdOf(of.action))
    .executeUpdate<VoteAnswer, [DecisionEnvelope]>('vote', { args: [ballot] });
const resultOf = (of: Admission): Promise<Concluded> => env.client.workflow.getHandle(workflowIdOf(of.action)).result();

/** A promise and the way to end it. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open: () => open() };
}

describe('a vote that races the deadline, on a real server', () => {
  const soon = { deadlineIn: 2_000, remindIn: 1_000 };

  it('counts when its verification began before the deadline and ended after it', async () => {
    const admission = newAdmission();
    const verification = gate();
    const log = workers.script(admission.action, {
      classify: async () => waits(soon),
      recordVote: async (_, ballot) => {
        await verification.passed;
        return counted(ballot);
      },
    });
    await admitted(admission);
    const voting = vote(admission, envelope(admission.action, 'ada'));
    setTimeout(verification.open, 2_500); // half a second past the deadline
    expect(await voting).toMatchObject({ status: 'counted' });
    expect(await resultOf(admission)).toEqual({ status: 'completed' });
    expect(log).toContain('perform');
  });

  it('does not count when the database had it after the deadline, though the workflow still listened', async () => {
    const admission = newAdmission();
    const verification = gate();
    const log = workers.script(admission.action, {
      classify: async () => waits(soon),
      recordVote: async () => {
        await verification.passed;
        return { status: 'refused', code: 'vote.late' };
      },
    });
    await admitted(admission);
    const voting = vote(admission, envelope(admission.action, 'ada'));
    setTimeout(verification.open, 2_500);
    expect(await voting).toEqual({ status: 'refused', code: 'vote.late' });
    expect(await resultOf(admission)).toEqual({ status: 'expired' });
    expect(log).not.toContain('perform');
  });
});

describe('the history of an action', () => {
  it('holds sixteen events for one that nobody approves, and a repeated admit hears the first answer', async () => {
    const admission = newAdmission(false);
    workers.script(admission.action, {
      classify: async () => ({ status: 'authorised', tier: 'T0', warrant: minted }),
    });
    const first = await admitted(admission);
    expect(first).toEqual({ status: 'accepted', tier: 'T0', needs: { status: 'nobody' } });
    expect(await resultOf(admission)).toEqual({ status: 'completed' });
    expect(await admitted(admission)).toEqual(first);
    const { events } = await env.client.workflow.getHandle(workflowIdOf(admission.action)).fetchHistory();
    expect(events).toHaveLength(16);
  });
});
