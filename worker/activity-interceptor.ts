import { ApplicationFailure, CancelledFailure, type TemporalFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { defect } from '../src/action/failure-code.js';
import { actionOfWorkflow, type ActionId } from '../src/action/ids.js';
import { Refusal, isRetryable } from '../src/action/refusal.js';
import { errorFacts, type Logger } from '../src/config/log.js';

export interface InterceptorDeps {
  readonly log: Logger;
  /** Brings the action's history key into the codec's cache, so that encoding the result cannot fail after an effect. */
  readonly pin: (action: ActionId) => Promise<void>;
}

/**
 * Stands around every activity: pins the action's key before the effect, and turns errors into codes afterwards, so
 * that neither a message nor a stack reaches a history.
 */
export function activityInterceptors({ log, pin }: InterceptorDeps): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const action = info.workflowExecution && actionOfWorkflow(info.workflowExecution.workflowId);
        try {
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
