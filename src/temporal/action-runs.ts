/** What the reconciler asks Temporal about the workflows of actions, raw: nothing is decoded, and no key is needed. */
import {
  WorkflowExecutionAlreadyStartedError,
  isGrpcServiceError,
  type Client,
  type WorkflowStartOptions,
} from '@temporalio/client';
import proto, { type temporal } from '@temporalio/proto';
import { actionOfWorkflow, workflowIdOf, type ActionId } from '../action/ids.js';
import type { LatestRun, RunStatus } from '../reconcile/finding.js';
import type { ActionRun, ClosedHistory, ClosedRun, StartOrder } from '../reconcile/types.js';
import { startOfAction } from './governed-actions.js';
import { historyDigest } from './history-digest.js';

/** Milliseconds for one answer. */
const answerWithin = 10_000;
const pageSize = 100;
/** gRPC NOT_FOUND. */
const notFound = 5;

export interface RunPage {
  readonly runs: readonly ClosedRun[];
  /** Absent on the last page. */
  readonly next?: string;
}

export interface ActionRuns {
  /** The latest run under the action's id; undefined for none. */
  latest(action: ActionId): Promise<LatestRun | undefined>;
  /** Runs under ids of actions that closed since then, whatever became of them; latest first, as the server lists them. */
  closedSince(since: Date, page?: string): Promise<RunPage>;
  /** Digest of a closed run's whole history; undefined when the server has none. */
  history(of: ActionRun): Promise<ClosedHistory | undefined>;
  /** Milliseconds for which the namespace keeps closed histories; undefined when it does not say. */
  keepsHistoriesFor(): Promise<number | undefined>;
  /** Starts what the API did not start. Nothing happens where a run is or was. */
  start(order: StartOrder): Promise<void>;
  /** Starts a workflow after one that is gone. Nothing happens where a run is open. */
  resume(order: StartOrder): Promise<void>;
}

export function actionRuns(client: Client): ActionRuns {
  const { namespace } = client.options;
  const service = client.workflowService;
  const within = <T>(call: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + answerWithin, call);
  const executionOf = ({ action, run }: ActionRun) => ({ workflowId: workflowIdOf(action), runId: run });

  async function start({ admission, ...announced }: StartOrder, again: boolean): Promise<void> {
    const options: WorkflowStartOptions = {
      ...startOfAction(admission, announced),
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: again ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
    };
    try {
      await within(() => client.workflow.start('governedAction', options));
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }

  return {
    async latest(action) {
      const execution = { workflowId: workflowIdOf(action) };
      const answer = await found(within(() => service.describeWorkflowExecution({ namespace, execution })));
      const told = answer?.workflowExecutionInfo;
      const run = told?.execution?.runId;
      if (!told || !run) return undefined;
      return { run, first: told.firstRunId || run, status: statusOf(told.status) };
    },

    async closedSince(since, page) {
      const answer = await within(() =>
        service.listWorkflowExecutions({
          namespace,
          pageSize,
          query: `WorkflowId STARTS_WITH "act/" AND CloseTime > "${since.toISOString()}"`,
          ...(page !== undefined && { nextPageToken: Buffer.from(page, 'base64') }),
        }),
      );
      const runs = answer.executions.flatMap(({ execution, status }) => {
        const action = actionOfWorkflow(execution?.workflowId ?? '');
        return action && execution?.runId ? [{ action, run: execution.runId, status: statusOf(status) }] : [];
      });
      const { nextPageToken } = answer;
      return { runs, ...(nextPageToken.length > 0 && { next: Buffer.from(nextPageToken).toString('base64') }) };
    },

    async history(of) {
      const digest = historyDigest();
      let first: string | undefined;
      let nextPageToken: Uint8Array = new Uint8Array();
      do {
        const asked = { namespace, execution: executionOf(of), maximumPageSize: pageSize, nextPageToken };
        const answer = await found(within(() => service.getWorkflowExecutionHistory(asked)));
        if (!answer) return undefined;
        const events = answer.history?.events ?? [];
        first ??= events[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId || undefined;
        digest.add(events);
        ({ nextPageToken } = answer);
      } while (nextPageToken.length > 0);
      const { events, sha256 } = digest.done();
      return events === 0 ? undefined : { first: first ?? of.run, events, sha256 };
    },

    async keepsHistoriesFor() {
      const { config } = await within(() => service.describeNamespace({ namespace }));
      const kept = config?.workflowExecutionRetentionTtl?.seconds;
      return kept ? Number(kept) * 1_000 : undefined;
    },

    start: (order) => start(order, false),
    resume: (order) => start(order, true),
  };
}

/** The answer, or undefined where the server does not know such a thing. */
async function found<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isGrpcServiceError(error) && Number(error.code) === notFound) return undefined;
    throw error;
  }
}

const { WorkflowExecutionStatus: Status } = proto.temporal.api.enums.v1;

function statusOf(status: temporal.api.enums.v1.WorkflowExecutionStatus | null | undefined): RunStatus {
  switch (status) {
    case Status.WORKFLOW_EXECUTION_STATUS_RUNNING:
    case Status.WORKFLOW_EXECUTION_STATUS_PAUSED:
      return 'open';
    case Status.WORKFLOW_EXECUTION_STATUS_COMPLETED:
      return 'workflow.completed';
    case Status.WORKFLOW_EXECUTION_STATUS_FAILED:
      return 'workflow.failed';
    case Status.WORKFLOW_EXECUTION_STATUS_CANCELED:
      return 'workflow.cancelled';
    case Status.WORKFLOW_EXECUTION_STATUS_TERMINATED:
      return 'workflow.terminated';
    case Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
      return 'workflow.timed_out';
    default:
      return 'unknown';
  }
}
