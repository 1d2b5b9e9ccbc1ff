import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { WithStartWorkflowOperation, WorkflowUpdateFailedError } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { workflowIdOf } from '../../../src/action/ids.js';
import type { Admission, Admitted, Concluded, VoteAnswer } from '../../../src/action/types.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import { devServer } from '../../support/temporal.js';
import {
  ScriptedWorkers,
  asksFirst,
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
  const soon = { deadlineIn: 2_000, remindIn: 0 };

  /** Waits until the workflow has been told that the deadline is over, in a task that has ended. */
  async function deadlineSeen(of: Admission): Promise<void> {
    for (;;) {
      const events = await eventsIn(of);
      const fired = events.findIndex((event) => event.timerFiredEventAttributes);
      const after = fired < 0 ? [] : events.slice(fired);
      if (after.some((event) => event.workflowTaskCompletedEventAttributes)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

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
    await deadlineSeen(admission);
    verification.open();
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
    await deadlineSeen(admission);
    verification.open();
    expect(await voting).toEqual({ status: 'refused', code: 'vote.late' });
    expect(await resultOf(admission)).toEqual({ status: 'expired' });
    expect(log).not.toContain('perform');
  });
});

describe('a vote that comes while the database is asked at the deadline, on a real server', () => {
  const codeOf = (voting: Promise<VoteAnswer>): Promise<unknown> =>
    voting.then(
      () => undefined,
      (error: unknown) => error instanceof WorkflowUpdateFailedError && error.cause,
    );

  it('is told to come again, and that it is late when the database has answered', async () => {
    const admission = newAdmission();
    const [asked, ending] = [gate(), gate()];
    const log = workers.script(admission.action, {
      classify: async () => waits({ deadlineIn: 500, remindIn: 0 }),
      expire: async () => {
        await asked.passed;
        return { status: 'expired' };
      },
      conclude: async () => {
        await ending.passed;
        return { status: 'expired' };
      },
    });
    await admitted(admission);
    const own = envelope(admission.action, 'ada');
    while (!log.includes('expire')) await new Promise((resolve) => setImmediate(resolve));
    expect(await codeOf(vote(admission, own))).toMatchObject({ type: 'vote.not_open' });
    asked.open();
    while (!log.includes('conclude')) await new Promise((resolve) => setImmediate(resolve));
    expect(await codeOf(vote(admission, own))).toMatchObject({ type: 'vote.late' });
    ending.open();
    expect(await resultOf(admission)).toEqual({ status: 'expired' });
    expect(log).not.toContain('recordVote');
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
    const admission = newAdmission();
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
  const read = async () => waits(two);
  const write = async () => waits({ ...two, writes: true });

  it.each([
    ['thirty-two for a read that two people approve', 32, read, 1],
    ['forty for a write that two people approve, with its preparation', 40, write, 2],
  ])('holds at most %s, the treatment relationship being known', async (_what, most, classify, revision) => {
    expect(await eventsOf(newAdmission(), { classify }, revision)).toBeLessThanOrEqual(most);
  });

  /** Where the EHR is asked about principal and patient: a marker, three events of an activity, three of a task. */
  const question = 7;

  it.each([
    ['a read', 32, read, 1],
    ['a write', 40, write, 2],
  ])('holds seven more for %s that has the EHR asked for it', async (_what, most, classifyAsked, revision) => {
    const script = { ...asksFirst, classifyAsked };
    expect(await eventsOf(newAdmission(), script, revision)).toBeLessThanOrEqual(most + question);
  });
});
