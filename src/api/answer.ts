/** How every answer that is no success is made: a problem, its headers, and one line in the log. */
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { Refusal } from '../action/refusal.js';
import { errorFacts, type Logger } from '../config/log.js';
import { RulebookError } from '../rulebook/problem.js';
import type { Caller } from './caller.js';
import { isOutage } from './outage.js';
import { ApiProblem, apiProblem, problemOf } from './problem.js';
import type { Problem } from './problem-codes.js';

/** What the routes find in a request's context. */
export interface ApiEnv {
  readonly Variables: { requestId: string; caller: Caller };
}

/** Status → seconds after which a caller may come again, where the problem names none. */
const retryAfter: ReadonlyMap<number, number> = new Map([
  [429, 60],
  [503, 1],
]);

export function answerProblem(c: Context, problem: Problem): Response {
  const status = problem.status as ContentfulStatusCode;
  const later = retryAfter.get(status);
  return c.body(JSON.stringify(problem), status, {
    'content-type': 'application/problem+json',
    ...(later !== undefined && { 'retry-after': String(problem['retryAfter'] ?? later) }),
    // RFC 6750 §3: the challenge, and why a token was not enough.
    ...(status === 401 && { 'www-authenticate': challengeOf(problem.code) }),
    ...(problem.code === 'token.scope' && { 'www-authenticate': 'Bearer error="insufficient_scope"' }),
  });
}

function challengeOf(code: string): string {
  return code === 'token.missing' ? 'Bearer' : 'Bearer error="invalid_token"';
}

/** What is unforeseen is `internal`, and only its kind and place are logged. */
export function errorAnswer(log: Logger): (error: unknown, c: Context<ApiEnv>) => Response {
  return (error, c) => {
    const problem = problemFor(error);
    if (problem.status >= 500 && !(error instanceof ApiProblem))
      log.error({ requestId: c.get('requestId'), problem: problem.code, error: errorFacts(error) }, 'a call failed');
    return answerProblem(c, problem);
  };
}

function problemFor(error: unknown): Problem {
  if (error instanceof ApiProblem) return error.problem;
  if (error instanceof Refusal) return problemOf(error);
  if (error instanceof RulebookError) return apiProblem('rulebook.unreadable');
  // The only exceptions of the framework that get here are about bodies that are not JSON.
  if (error instanceof HTTPException && error.status === 400)
    return apiProblem('request.invalid', { pointers: ['/: not_json'] });
  return apiProblem(isOutage(error) ? 'unavailable' : 'internal');
}
