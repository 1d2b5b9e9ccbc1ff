import { OpenAPIHono } from '@hono/zod-openapi';
import { ZodError } from 'zod';
import { invalid } from '../action/request.js';
import type { ApiEnv } from './answer.js';
import { ApiProblem } from './problem.js';

export type ApiRouter = OpenAPIHono<ApiEnv>;

/** A group of routes. Whatever does not fit its route's schema is `request.invalid`: pointers, and no values. */
export function router(): ApiRouter {
  return new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      if (result.error instanceof ZodError) throw invalid(result.error);
      throw new ApiProblem('request.invalid');
    },
  });
}
