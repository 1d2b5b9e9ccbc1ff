import { Worker, type NativeConnection, type WorkerOptions } from '@temporalio/worker';
import { ehrActivities } from '../activities/ehr/activities.js';
import { governanceActivities, type GovernanceActivityDeps } from '../activities/governance/activities.js';
import { enrolmentActivities } from '../activities/governance/enrolment.js';
import { reconcileActivities, type ReconcileDeps } from '../activities/governance/reconcile.js';
import { rulebookActivities } from '../activities/governance/rulebook.js';
import { retentionActivities } from '../activities/governance/retention.js';
import { vouchingActivities } from '../activities/governance/vouching.js';
import type { TenantId } from '../src/action/ids.js';
import type { EhrDeps } from '../src/ehr/deps.js';
import type { Logger } from '../src/config/log.js';
import { taskQueues } from '../src/temporal/queues.js';
import { activityInterceptors } from './activity-interceptor.js';
import { workflowBundle } from './bundle.js';
import type { HistoryCodec } from '../src/temporal/history-codec.js';

export interface WorkerContext {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly tenant: TenantId;
  readonly codec: HistoryCodec;
  readonly log: Logger;
}

export type GovernanceWorkerDeps = GovernanceActivityDeps & Pick<ReconcileDeps, 'runs'>;

/** Runs workflows, their local activities, passkeys, changes of the rules, retention, and the reconciler. */
export async function governanceWorker(context: WorkerContext, deps: GovernanceWorkerDeps): Promise<Worker> {
  return Worker.create({
    ...common(context),
    taskQueue: taskQueues.governance,
    workflowBundle: await workflowBundle(),
    activities: {
      ...governanceActivities(deps),
      ...enrolmentActivities(deps),
      ...rulebookActivities(deps),
      ...vouchingActivities(deps),
      ...retentionActivities(deps),
      ...reconcileActivities({ ...deps, log: context.log }),
    },
  });
}

/** Runs what reaches the EHR; no workflow, no rule. */
export function ehrWorker(context: WorkerContext, deps: EhrDeps): Promise<Worker> {
  return Worker.create({ ...common(context), taskQueue: taskQueues.ehr, activities: ehrActivities(deps) });
}

function common({ connection, namespace, tenant, codec, log }: WorkerContext): Omit<WorkerOptions, 'taskQueue'> {
  return {
    connection,
    namespace,
    dataConverter: codec.dataConverter,
    interceptors: { activity: [activityInterceptors({ log, tenant, pin: codec.pin })] },
    shutdownGraceTime: '5s',
  };
}
