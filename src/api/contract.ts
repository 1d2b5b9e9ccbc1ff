/** What the route definitions share. */
import type { z } from '@hono/zod-openapi';
import { problemSchema } from './schema.js';

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
});

const descriptions = {
  400: 'The request does not have the right shape; `pointers` say where.',
  401: 'No valid access token.',
  403: 'The token, or the person, may not do this.',
  404: 'There is nothing here for this caller.',
  409: 'Refused as things stand; `code` says why.',
  410: 'It was there, and is over.',
  413: 'The body is larger than 64 kB.',
  415: 'The body is not JSON.',
  422: 'A word that the rulebook does not know; `suggestion` may name the closest.',
  429: 'Too many came; try again after `Retry-After` seconds.',
  503: 'Try again after `Retry-After` seconds.',
} as const;

type ProblemStatus = keyof typeof descriptions;

/** Every call may hear 401, 403 and 503; name what else this one may. */
export function problems(...more: readonly ProblemStatus[]) {
  const statuses: readonly ProblemStatus[] = [401, 403, 503, ...more];
  return Object.fromEntries([...statuses].sort().map((status) => [status, problem(descriptions[status])]));
}

export function json<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

export function jsonBody<S extends z.ZodType>(schema: S) {
  return { body: { required: true, content: { 'application/json': { schema } } } } as const;
}

/** The scopes of which one is enough. */
export function scopes(...names: readonly string[]) {
  return names.map((name) => ({ bearer: [name] }));
}
