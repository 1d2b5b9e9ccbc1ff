/** Actions on a clock that can skip, whose activities follow a script. */
import { Context } from '@temporalio/activity';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { actionOfWorkflow, type ActionId } from '../../src/action/ids.js';
import type { Admitted, VoteAnswer } from '../../src/action/types.js';
import type { DecisionEnvelope } from '../../src/approval/envelope.js';
import { ScriptedWorkers, newAdmission, start, type Script } from '../support/scripted.js';
import { timeSkipping } from '../support/temporal.js';

export type Handle = Awaited<ReturnType<typeof start>>;

export interface WorkflowStage {
  readonly env: TestWorkflowEnvironment;
  /** Starts one action under the script and hands its handle and the names of its activities to the test. */
  running(script: Script, test: (handle: Handle, log: readonly string[]) => Promise<void>): Promise<void>;
  /** Waits for what another activity call makes true; bounded by the test's own timeout. */
  until(condition: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

export async function workflowStage(): Promise<WorkflowStage> {
  const env = await timeSkipping();
  const workers = await ScriptedWorkers.start(env);
  return {
    env,
    async running(script, test) {
      const admission = newAdmission();
      const log = workers.script(admission.action, script);
      await test(await start(env, admission), log);
    },
    async until(condition) {
      while (!condition()) await env.sleep(50);
    },
    async stop() {
      await workers.stop();
      await env.teardown();
    },
  };
}

export const admit = (handle: Handle) => handle.executeUpdate<Admitted, []>('admit');

export const vote = (handle: Handle, ballot: DecisionEnvelope) =>
  handle.executeUpdate<VoteAnswer, [DecisionEnvelope]>('vote', { args: [ballot] });

/** The code of a vote that the workflow did not take; undefined for one that it took. */
export async function refusedAs(voting: Promise<VoteAnswer>): Promise<string | null | undefined> {
  const failure = await voting.then(
    () => undefined,
    (error: unknown) => error,
  );
  return failure instanceof WorkflowUpdateFailedError && failure.cause instanceof ApplicationFailure
    ? failure.cause.type
    : undefined;
}

/** The action that a handle's workflow governs. */
export function actionOf({ workflowId }: Handle): ActionId {
  const id = actionOfWorkflow(workflowId);
  if (id === undefined) throw new Error('not the workflow of an action');
  return id;
}

/** An activity that is alive and has no answer; it ends when its cancellation reaches it. */
export async function untilCancelled(): Promise<never> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 100);
  return context.cancelled.finally(() => clearInterval(beat));
}

/** A promise and the way to end it. */
export function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open: () => open() };
}
