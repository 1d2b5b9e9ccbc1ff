/** The calls that the API makes to have what came for a passkey verified: an offer for an enrolment, a word for a vouching. */
import { WorkflowExecutionAlreadyStartedError, isGrpcDeadlineError, type Client } from '@temporalio/client';
import type { z } from 'zod';
import {
  enrolmentAnswerSchema,
  enrolmentWorkflowId,
  type EnrolmentAnswer,
  type OfferCase,
} from '../passkey/enrolment.js';
import { vouchingAnswerSchema, vouchingWorkflowId, type VouchingAnswer, type WordCase } from '../passkey/vouching.js';
import { taskQueues } from './queues.js';

/** A worker that is up answers within a second; after this the caller hears `pending`. */
const recordWithin = 10_000;

interface Pending {
  readonly status: 'pending';
}

/** Each starts the workflow of this case, or finds it, and waits for its answer; `pending` when there is none in time. */
export interface PasskeyWorkflows {
  enrol(of: OfferCase): Promise<EnrolmentAnswer | Pending>;
  vouch(of: WordCase): Promise<VouchingAnswer | Pending>;
}

interface Run<T> {
  readonly type: 'enrolPasskey' | 'vouchPasskey';
  readonly workflowId: string;
  readonly input: OfferCase | WordCase;
  readonly answer: z.ZodType<T>;
  readonly summary: string;
}

export function passkeyWorkflows(
  client: Client,
  { within = recordWithin }: { readonly within?: number } = {},
): PasskeyWorkflows {
  async function start<T>({ type, workflowId, input, summary }: Run<T>): Promise<void> {
    try {
      await client.workflow.start(type, {
        workflowId,
        taskQueue: taskQueues.governance,
        args: [input],
        workflowIdConflictPolicy: 'USE_EXISTING',
        // What failed did so because somebody was unreachable; what completed has its answer.
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
        workflowTaskTimeout: '3s',
        staticSummary: summary,
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }

  async function answerTo<T>(run: Run<T>): Promise<T | Pending> {
    try {
      const answer: unknown = await client.withDeadline(Date.now() + within, async () => {
        await start(run);
        return client.workflow.getHandle(run.workflowId).result();
      });
      return run.answer.parse(answer);
    } catch (error) {
      if (isGrpcDeadlineError(error)) return { status: 'pending' };
      throw error;
    }
  }

  return {
    enrol: (input) =>
      answerTo({
        type: 'enrolPasskey',
        workflowId: enrolmentWorkflowId(input),
        input,
        answer: enrolmentAnswerSchema,
        summary: 'a person enrols a passkey',
      }),
    vouch: (input) =>
      answerTo({
        type: 'vouchPasskey',
        workflowId: vouchingWorkflowId(input),
        input,
        answer: vouchingAnswerSchema,
        summary: 'a person vouches for the passkey of another',
      }),
  };
}
