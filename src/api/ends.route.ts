/** How an action ends for its callers: cancel, release, evidence. */
import { createRoute, z } from '@hono/zod-openapi';
import { release } from '../action/release.tx.js';
import { bundleSchema } from '../audit/bundle.js';
import { evidenceOf } from '../audit/evidence.tx.js';
import { json, problems, scopes } from './contract.js';
import { onceCovered } from './covered.js';
import type { ApiDeps } from './deps.js';
import { actionFor } from './own-action.js';
import { ApiProblem } from './problem.js';
import { logRefusedRequest } from './refused-request.tx.js';
import { requestCancel } from './request-cancel.tx.js';
import { router, type ApiRouter } from './router.js';
import { actionId, actionViewSchema, finalResultSchema } from './schema.js';
import { mayReceive } from './standing.tx.js';
import { actionView } from './view.js';

const request = { params: z.object({ id: actionId }) };

export const cancelAction = createRoute({
  method: 'post',
  path: '/v1/actions/{id}/cancel',
  summary: 'Asks for an end; it counts only before the first use of the warrant. Look at what the action becomes.',
  security: scopes('actions:request', 'actions:cancel'),
  request,
  responses: {
    200: json(actionViewSchema, 'It had ended already.'),
    202: json(actionViewSchema, 'Asked; where it stands now.'),
    ...problems(404),
  },
});

export const releaseAction = createRoute({
  method: 'post',
  path: '/v1/actions/{id}/release',
  summary:
    'How the action ended, with its output when it completed. For the agent that asked, for fifteen minutes. From T2, and for writes, once a signed checkpoint covers the outcome.',
  security: scopes('actions:release'),
  request,
  responses: { 200: json(finalResultSchema, 'The end, by `status`.'), ...problems(404, 409, 410) },
});

export const getEvidence = createRoute({
  method: 'get',
  path: '/v1/actions/{id}/evidence',
  summary: 'The evidence bundle of an action that has ended; `countersign audit verify` checks it without this server.',
  security: scopes('actions:read', 'audit:read'),
  request,
  responses: { 200: json(bundleSchema, 'Leaves, proofs, votes, and the keys that signed them.'), ...problems(404) },
});

export function endRoutes(deps: ApiDeps): ApiRouter {
  const { pool, tenant, actions } = deps;
  return router()
    .openapi(cancelAction, async (c) => {
      const caller = c.get('caller');
      const { id } = c.req.valid('param');
      const access = { agent: 'actions:request', person: 'actions:cancel' };
      const { action } = await actionFor(deps, caller, id, access);
      const by =
        caller.kind === 'agent' ? { agent: caller.agent, person: null } : { agent: null, person: caller.person.person };
      // The leaf first: an end that was asked for and did not come shows on the log.
      const asked = await requestCancel(pool, { tenant, action, ...by });
      if (asked) await actions.cancel(action);
      return c.json(actionView(await actionFor(deps, caller, id, access)), asked ? 202 : 200);
    })
    .openapi(releaseAction, async (c) => {
      const { action, agent } = await actionFor(deps, c.get('caller'), c.req.valid('param').id, {
        agent: 'actions:release',
      });
      if (!(await mayReceive(pool, tenant, agent))) {
        await logRefusedRequest(pool, { tenant, agent, code: 'agent.not_current', of: { action } });
        throw new ApiProblem('agent.not_current');
      }
      const released = await onceCovered(() => release(deps, { tenant, action, agent }), c.req.raw.signal);
      return c.json(finalResultSchema.parse(released), 200);
    })
    .openapi(getEvidence, async (c) => {
      const { action } = await actionFor(deps, c.get('caller'), c.req.valid('param').id, {
        agent: 'actions:read',
        person: 'audit:read',
      });
      return c.json(await evidenceOf(pool, tenant, action), 200);
    });
}
