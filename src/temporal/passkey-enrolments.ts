/** The call that the API makes to have one offer for an enrolment verified. */
import { WorkflowExecutionAlreadyStartedError, isGrpcDeadlineError, type Client } from '@temporalio/client';
import {
  enrolmentAnswerSchema,
  enrolmentWorkflowId,
  type EnrolmentAnswer,
  type OfferCase,
} from '../passkey/enrolment.js';
import { taskQueues } from './queues.js';

/** A worker that is up answers within a second; after this the caller hears `pending`. */
const recordWithin = 10_000;

export interface PasskeyEnrolments {
  /** Starts the workflow of this offer, or finds it, and waits for its answer; `pending` when there is none in time. */
  record(of: OfferCase): Promise<EnrolmentAnswer | { readonly status: 'pending' }>;
}

export function passkeyEnrolments(
  client: Client,
  { within = recordWithin }: { readonly within?: number } = {},
): PasskeyEnrolments {
  async function start(of: OfferCase): Promise<void> {
    try {
      await client.workflow.start('enrolPasskey', {
        workflowId: enrolmentWorkflowId(of),
        taskQueue: taskQueues.governance,
        args: [of],
        workflowIdConflictPolicy: 'USE_EXISTING',
        // What failed did so because somebody was unreachable; what completed has its answer.
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
        workflowTaskTimeout: '3s',
        staticSummary: 'a person enrols a passkey',
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }

  return {
    async record(of) {
      try {
        const answer: unknown = await client.withDeadline(Date.now() + within, async () => {
          await start(of);
          return client.workflow.getHandle(enrolmentWorkflowId(of)).result();
        });
        return enrolmentAnswerSchema.parse(answer);
      } catch (error) {
        if (isGrpcDeadlineError(error)) return { status: 'pending' };
        throw error;
      }
    },
  };
}
