/**
 * Codes of activities that failed for good. The worker's interceptor writes them as the type of an ApplicationFailure;
 * messages and stacks stay out of histories.
 */

/** Any error that an activity failure may wrap, as far as this file looks at it. */
interface FailureLike {
  readonly name?: unknown;
  readonly type?: unknown;
  readonly cause?: unknown;
}

/** The type of failures that we did not foresee: a defect, told in the worker's log, never in the history. */
export const defect = 'internal.defect';

/**
 * The code of a failed activity: the refusal's own (`warrant.expired`), `activity.timeout` when Temporal gave up
 * waiting, or undefined for anything that is no activity failure and so a defect of the workflow itself.
 */
export function failureCode(error: unknown): string | undefined {
  if (!isFailure(error) || error.name !== 'ActivityFailure' || !isFailure(error.cause)) return undefined;
  const { name, type } = error.cause;
  if (name === 'TimeoutFailure') return 'activity.timeout';
  if (name === 'ApplicationFailure' && typeof type === 'string') return type;
  return undefined;
}

function isFailure(value: unknown): value is FailureLike {
  return typeof value === 'object' && value !== null;
}
