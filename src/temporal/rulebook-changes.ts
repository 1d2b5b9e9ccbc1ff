/** The calls that the API makes to have a signature under a rulebook verified, and a signed rulebook made active. */
import { WorkflowExecutionAlreadyStartedError, isGrpcDeadlineError, type Client } from '@temporalio/client';
import {
  changeAnswerSchema,
  changeWorkflowId,
  type ActivationCase,
  type ChangeAnswer,
  type ChangeCase,
  type SignatureCase,
} from '../rulebook/change/signature-case.js';
import { taskQueues } from './queues.js';

/** A worker that is up answers within a second; after this the caller hears `pending`. */
const answerWithin = 10_000;

type Answer = ChangeAnswer | { readonly status: 'pending' };

export interface RulebookChanges {
  /** Starts the workflow of this signature, or finds it, and waits for its answer; `pending` when there is none in time. */
  sign(of: Omit<SignatureCase, 'step'>): Promise<Answer>;
  /** The same for an activation, which may be asked for again: what was refused once may be signed by now. */
  activate(of: Omit<ActivationCase, 'step'>): Promise<Answer>;
}

export function rulebookChanges(
  client: Client,
  { within = answerWithin }: { readonly within?: number } = {},
): RulebookChanges {
  async function start(of: ChangeCase): Promise<void> {
    try {
      await client.workflow.start('changeRulebook', {
        workflowId: changeWorkflowId(of),
        taskQueue: taskQueues.governance,
        args: [of],
        workflowIdConflictPolicy: 'USE_EXISTING',
        // An assertion that was verified has its answer; one that failed did so because the database was away.
        workflowIdReusePolicy: of.step === 'sign' ? 'ALLOW_DUPLICATE_FAILED_ONLY' : 'ALLOW_DUPLICATE',
        workflowTaskTimeout: '3s',
        staticSummary: of.step === 'sign' ? 'a person signs a rulebook' : 'a rulebook becomes active',
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }

  async function answer(of: ChangeCase): Promise<Answer> {
    try {
      const found: unknown = await client.withDeadline(Date.now() + within, async () => {
        await start(of);
        return client.workflow.getHandle(changeWorkflowId(of)).result();
      });
      return changeAnswerSchema.parse(found);
    } catch (error) {
      if (isGrpcDeadlineError(error)) return { status: 'pending' };
      throw error;
    }
  }

  return {
    sign: (of) => answer({ step: 'sign', ...of }),
    activate: (of) => answer({ step: 'activate', ...of }),
  };
}
