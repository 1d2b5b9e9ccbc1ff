import { ApplicationFailure, CancelledFailure, type TemporalFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { defect } from '../src/action/failure-code.js';
import { actionOfWorkflow, type ActionId, type TenantId } from '../src/action/ids.js';
import { Refusal, isRetryable } from '../src/action/refusal.js';
import { errorFacts, type Logger } from '../src/config/log.js';

export interface InterceptorDeps {
  readonly log: Logger;
  /** The one that this process serves. */
  readonly tenant: TenantId;
  /** Brings the action's history key into the codec's cache, so that encoding the result cannot fail after an effect. */
  readonly pin: (action: ActionId) => Promise<void>;
}

/**
 * Stands around every activity: refuses work of another tenant, pins the action's key before the effect, and turns errors into codes afterwards, so
 * that neither a message nor a stack reaches a history.
 */
export function activityInterceptors({ log, tenant, pin }: InterceptorDeps): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const action = info.workflowExecution && actionOfWorkflow(info.workflowExecution.workflowId);
        try {
          if (tenantOf(input.args) !== tenant) throw new Refusal('tenant.other', 'This worker serves another tenant.');
          if (action) await pin(action);
          return await next(input);
        } catch (error) {
          throw coded(error, log.child({ activity: info.activityType, action, attempt: info.attempt }));
        }
      },
    },
  });
}

/** A refusal keeps its code. What we did not foresee becomes `internal.defect` and is retried within its time. */
function coded(error: unknown, log: Logger): TemporalFailure {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  if (error instanceof Refusal) {
    log.info({ code: error.code }, 'activity refused');
    return ApplicationFailure.create({
      type: error.code,
      message: error.code,
      nonRetryable: !isRetryable(error.code),
      ...pauseOf(error),
    });
  }
  log.error({ error: errorFacts(error) }, 'activity failed');
  return ApplicationFailure.create({ type: defect, message: defect });
}

/** A busy EHR that says when to come back is taken at its word, up to a minute. */
function pauseOf({ details: { retryAfter } }: Refusal): { nextRetryDelay?: number } {
  return typeof retryAfter === 'number' && retryAfter > 0 ? { nextRetryDelay: Math.min(retryAfter, 60) * 1_000 } : {};
}

/** Every activity of ours says its tenant first: as such, or in its admission or day. */
function tenantOf([first]: readonly unknown[]): unknown {
  return typeof first === 'object' && first !== null && 'tenant' in first ? first.tenant : first;
}
