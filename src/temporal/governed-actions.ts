/** The calls that the API makes to the workflow of an action: start with admit, vote, cancel. */
import {
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  isGrpcDeadlineError,
  isGrpcServiceError,
  type Client,
} from '@temporalio/client';
import { ApplicationFailure, type SearchAttributePair, type Workflow } from '@temporalio/common';
import { workflowIdOf, type ActionId, type ChallengeId } from '../action/ids.js';
import type { Admission, Admitted, VoteAnswer } from '../action/types.js';
import type { DecisionEnvelope } from '../approval/envelope.js';
import { canonicalDigest } from '../audit/bytes.js';
import { taskQueues } from './queues.js';
import { assertSearchAttributes, searchAttributes } from './search-attributes.js';

/** A worker that is up answers an admit in a few hundred milliseconds; after this the caller hears `pending`. */
const admitWithin = 5_000;
const voteWithin = 10_000;

/** gRPC FAILED_PRECONDITION. */
const failedPrecondition = 9;

/**
 * Three seconds instead of ten: a workflow task whose worker was killed goes to another worker that much sooner.
 * Workflow code here never computes for long.
 */
const workflowTaskTimeout = '3s';

/** What the UI shows before the first task ran. Closed words only; see search-attributes.ts. */
export interface Announced {
  readonly type: string;
  readonly agent: string;
  readonly purpose: string;
}

/** Nobody answered in time; what becomes of it is not known. */
interface Pending {
  readonly status: 'pending';
}

export interface GovernedActions {
  /** Starts the workflow, or finds it running, and asks what classify recorded; `pending` when no worker answered. */
  admit(admission: Admission, announced: Announced): Promise<Admitted | Pending>;
  /**
   * Hands a vote over. `updateId` is the challenge and the digest of the very envelope: a repetition hears the first
   * answer, and a forgery under the same challenge does not answer for the true one. One that the database has counted
   * goes under an id of its own: the first answer may have been that its verification was given up.
   */
  vote(
    action: ActionId,
    challenge: ChallengeId,
    envelope: DecisionEnvelope,
    isCounted?: boolean,
  ): Promise<VoteAnswer | Pending>;
  /** Asks for an end; what becomes of it, conclude says. False when the workflow has ended already. */
  cancel(action: ActionId): Promise<boolean>;
}

export function governedActions(client: Client): GovernedActions {
  const handleOf = (action: ActionId) => client.workflow.getHandle(workflowIdOf(action));
  return {
    async admit(admission, announced) {
      const start = new WithStartWorkflowOperation('governedAction', {
        ...startOfAction(admission, announced),
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
      });
      try {
        return await client.withDeadline(Date.now() + admitWithin, () =>
          client.workflow.executeUpdateWithStart<Workflow, Admitted, []>('admit', {
            args: [],
            updateId: 'admit',
            startWorkflowOperation: start,
          }),
        );
      } catch (error) {
        if (timedOut(error)) return { status: 'pending' };
        throw error;
      }
    },

    async vote(action, challenge, envelope, isCounted = false) {
      const proven = `${challenge}/${canonicalDigest(envelope)}`;
      try {
        return await client.withDeadline(Date.now() + voteWithin, () =>
          handleOf(action).executeUpdate<VoteAnswer, [DecisionEnvelope]>('vote', {
            args: [envelope],
            updateId: isCounted ? `${proven}/counted` : proven,
          }),
        );
      } catch (error) {
        const answer = answerInstead(error);
        if (answer === undefined) throw error;
        return answer;
      }
    },

    async cancel(action) {
      try {
        await handleOf(action).cancel();
        return true;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
  };
}

/** What every start of an action's workflow has in common, whoever asks for it. */
export function startOfAction(admission: Admission, announced: Announced) {
  return {
    workflowId: workflowIdOf(admission.action),
    taskQueue: taskQueues.governance,
    args: [admission],
    workflowTaskTimeout,
    typedSearchAttributes: attributesOf(admission, announced),
    staticSummary: `${announced.type} for ${announced.purpose}, asked by ${announced.agent}`,
  } as const;
}

function attributesOf({ tenant }: Admission, { type, agent, purpose }: Announced): SearchAttributePair[] {
  const pairs: SearchAttributePair[] = [
    { key: searchAttributes.type, value: type },
    { key: searchAttributes.agent, value: agent },
    { key: searchAttributes.tenant, value: tenant },
    { key: searchAttributes.purpose, value: purpose },
    { key: searchAttributes.state, value: 'requested' },
  ];
  assertSearchAttributes(pairs);
  return pairs;
}

/** What a failed call says about a vote; undefined where it says nothing. */
export function answerInstead(error: unknown): Extract<VoteAnswer, { status: 'refused' }> | Pending | undefined {
  if (timedOut(error)) return { status: 'pending' };
  if (error instanceof WorkflowNotFoundError) return { status: 'refused', code: 'vote.late' };
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure)
    return { status: 'refused', code: error.cause.type ?? 'vote.refused' };
  // The server's own limit of Updates to one workflow. Nothing is wrong with the vote.
  if (
    error instanceof ServiceError &&
    isGrpcServiceError(error.cause) &&
    Number(error.cause.code) === failedPrecondition
  )
    return { status: 'refused', code: 'vote.busy' };
  return undefined;
}

function timedOut(error: unknown): boolean {
  return error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcDeadlineError(error);
}
