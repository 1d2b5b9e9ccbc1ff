/** Asking for actions and seeing where they stand. */
import { createRoute, z } from '@hono/zod-openapi';
import { listActions } from '../action/action.store.js';
import { actionSchema } from '../action/ids.js';
import { requestSchema } from '../action/request.js';
import { statusSchema } from '../action/types.js';
import { inTenant } from '../database/transaction.js';
import type { Rulebook } from '../rulebook/rulebook.js';
import { askForAction } from './ask.js';
import { agentWith, personWith } from './caller.js';
import { json, jsonBody, problems, scopes } from './contract.js';
import type { ApiDeps } from './deps.js';
import { actionFor } from './own-action.js';
import { router, type ApiRouter } from './router.js';
import { actionId, actionViewSchema } from './schema.js';
import { actionView } from './view.js';
import { isSettled } from './waits.js';

const location = { location: { schema: { type: 'string' as const }, description: 'Path of the action.' } };

export const requestAction = createRoute({
  method: 'post',
  path: '/v1/actions',
  summary: 'Ask for an action. The same idempotency key and body find the same action.',
  security: scopes('actions:request'),
  request: jsonBody(requestSchema),
  responses: {
    200: { ...json(actionViewSchema, 'An earlier call opened it.'), headers: location },
    201: { ...json(actionViewSchema, 'Opened and classified.'), headers: location },
    202: { ...json(actionViewSchema, 'Opened; nobody has classified it yet.'), headers: location },
    ...problems(400, 409, 413, 415, 422),
  },
});

export const listOfActions = createRoute({
  method: 'get',
  path: '/v1/actions',
  summary: 'The tenant’s actions, newest first. For people.',
  security: scopes('actions:read'),
  request: {
    query: z.strictObject({
      status: statusSchema.optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
      before: actionSchema.optional().openapi({ description: 'Id of the last action of the page before.' }),
    }),
  },
  responses: {
    200: json(z.object({ actions: z.array(actionViewSchema) }), 'One page.'),
    ...problems(400),
  },
});

export const getAction = createRoute({
  method: 'get',
  path: '/v1/actions/{id}',
  summary: 'Where an action stands. For the agent that asked, and for people.',
  security: scopes('actions:read'),
  request: { params: z.object({ id: actionId }) },
  responses: { 200: json(actionViewSchema, 'No content is part of it.'), ...problems(404) },
});

/** Seconds. Below what proxies usually allow an answer to take. */
const longestWait = 25;

export const waitForAction = createRoute({
  method: 'get',
  path: '/v1/actions/{id}/wait',
  summary: 'Like get, but holds the answer back until the action has settled or the seconds are over.',
  security: scopes('actions:read'),
  request: {
    params: z.object({ id: actionId }),
    query: z.strictObject({ seconds: z.coerce.number().min(0).max(longestWait).default(longestWait) }),
  },
  responses: { 200: json(actionViewSchema, 'Where it stands then.'), ...problems(400, 404) },
});

export function actionRoutes(deps: ApiDeps, governing: () => Promise<Rulebook>): ApiRouter {
  const { pool, tenant, waits } = deps;
  return router()
    .openapi(requestAction, async (c) => {
      const { agent } = agentWith(c.get('caller'), 'actions:request');
      const asked = await askForAction(deps, await governing(), { agent, request: c.req.valid('json') });
      const view = actionView(asked.row);
      c.header('location', `/v1/actions/${view.id}`);
      switch (asked.status) {
        case 'opened':
          return c.json(view, 201);
        case 'pending':
          return c.json(view, 202);
        case 'found':
          return c.json(view, 200);
      }
    })
    .openapi(listOfActions, async (c) => {
      personWith(c.get('caller'), 'actions:read');
      const { status, limit, before } = c.req.valid('query');
      const filter = { limit, ...(status && { status }), ...(before && { before }) };
      const rows = await inTenant(pool, tenant, (tx) => listActions(tx, filter));
      return c.json({ actions: rows.map(actionView) }, 200);
    })
    .openapi(getAction, async (c) => {
      const row = await actionFor(deps, c.get('caller'), c.req.valid('param').id, anybody);
      return c.json(actionView(row), 200);
    })
    .openapi(waitForAction, async (c) => {
      const caller = c.get('caller');
      const { id } = c.req.valid('param');
      const row = await actionFor(deps, caller, id, anybody);
      const milliseconds = c.req.valid('query').seconds * 1000;
      if (isSettled(row.status) || milliseconds === 0) return c.json(actionView(row), 200);
      await waits.settled({
        action: row.action,
        caller: caller.kind === 'agent' ? caller.agent : caller.person.person,
        milliseconds,
        signal: c.req.raw.signal,
      });
      return c.json(actionView(await actionFor(deps, caller, id, anybody)), 200);
    });
}

const anybody = { agent: 'actions:read', person: 'actions:read' } as const;
