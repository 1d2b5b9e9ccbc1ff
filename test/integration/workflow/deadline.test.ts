import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { WithStartWorkflowOperation } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { workflowIdOf } from '../../../src/action/ids.js';
import type { Admission, Admitted, Concluded, VoteAnswer } from '../../../src/action/types.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import { devServer } from '../../support/temporal.js';
import {
  ScriptedWorkers,
  counted,
  envelope,
  minted,
  newAdmission,
  waits,
  type Script,
} from '../../support/scripted.js';

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

const eventsIn = async (of: Admission) =>
  (await env.client.workflow.getHandle(workflowIdOf(of.action)).fetchHistory()).events ?? [];

/** A promise and the way to end it. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open: () => open() };
}

/** An activity that is alive and has no answer; it ends when its cancellation reaches it. */
async function untilCancelled(): Promise<never> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 100);
  return context.cancelled.finally(() => clearInterval(beat));
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

describe('a cancel that comes while a transaction runs, on a real server', () => {
  it.each(['classify', 'recordVote', 'authorise', 'conclude'] as const)(
    'of %s ends the action once: the effect does not begin, or is told to stop, or had happened',
    async (step) => {
      const admission = newAdmission();
      const held = gate();
      let stored: Concluded | undefined; // first writer wins, as in the database
      const holding =
        <T>(answer: T) =>
        async (): Promise<T> => {
          await held.passed;
          return answer;
        };
      const own = envelope(admission.action, 'ada');
      const log = workers.script(admission.action, {
        ...(step === 'classify' && { classify: holding(waits()) }),
        ...(step === 'recordVote' && { recordVote: holding(counted(own)) }),
        ...(step === 'authorise' && { authorise: holding({ status: 'authorised', warrant: minted }) }),
        // The server hands the cancel over with the next task, and by then this may have been scheduled.
        ...(step !== 'conclude' && { perform: untilCancelled }),
        conclude: async (_, { status }) => {
          stored ??= { status: status === 'performed' ? 'completed' : 'cancelled' };
          if (step === 'conclude') await held.passed;
          return stored;
        },
      });
      const admitting = admitted(admission);
      if (step !== 'classify') {
        await admitting;
        void vote(admission, own).catch(() => undefined);
      }
      while (!log.includes(step)) await new Promise((resolve) => setImmediate(resolve));
      await env.client.workflow.getHandle(workflowIdOf(admission.action)).cancel();
      held.open();
      expect(await resultOf(admission)).toEqual({ status: step === 'conclude' ? 'completed' : 'cancelled' });
      if (step === 'classify') expect(log).not.toContain('perform');
      await admitting; // whoever asked is told, whatever became of it
    },
  );
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
    expect(await eventsIn(admission)).toHaveLength(16);
  });

  /** Events of one that two people approved by Update, one after the other. */
  async function eventsOf(admission: Admission, script: Script, revision: number): Promise<number> {
    const log = workers.script(admission.action, script);
    await admitted(admission);
    // A vote that came too early would be refused, and leave a task behind.
    while (!(await eventsIn(admission)).some((event) => event.timerStartedEventAttributes))
      await new Promise((resolve) => setTimeout(resolve, 20));
    await vote(admission, envelope(admission.action, 'ada', 'approve', { revision }));
    await vote(admission, envelope(admission.action, 'bo', 'approve', { revision }));
    expect(await resultOf(admission)).toEqual({ status: 'completed' });
    expect(log.filter((name) => name === 'recordVote')).toHaveLength(2);
    return (await eventsIn(admission)).length;
  }
  const two = { tier: 'T2', count: 2, remindIn: 0 } as const;
  /** The question for the treatment relationship: a marker, an activity, a task. */
  const relation = 7;

  it.each<[string, number, Script, number]>([
    ['thirty-two for a read that two people approve', 32, { classify: async () => waits(two) }, 1],
    [
      'forty for a write that two people approve, with its preparation',
      40,
      { classify: async () => waits({ ...two, writes: true }) },
      2,
    ],
  ])(
    'holds at most %s, and seven more where the treatment relationship is asked',
    async (_what, most, script, revision) => {
      expect(await eventsOf(newAdmission(false), script, revision)).toBeLessThanOrEqual(most);
      expect(await eventsOf(newAdmission(), script, revision)).toBeLessThanOrEqual(most + relation);
    },
  );
});
