/** What would become of a request, without making it. */
import { createRoute, z } from '@hono/zod-openapi';
import { catalogue } from '../action/catalogue.js';
import { Refusal } from '../action/refusal.js';
import { previewRequestSchema, resolveRequest } from '../action/request.js';
import { tierSchema } from '../action/types.js';
import type { Rulebook } from '../rulebook/rulebook.js';
import { ofPrincipal, principalOf } from './ask.js';
import { agentWith } from './caller.js';
import { json, jsonBody, problems, scopes } from './contract.js';
import type { ApiDeps } from './deps.js';
import { lookAhead } from './look-ahead.tx.js';
import { perMinute } from './per-minute.js';
import { ApiProblem } from './problem.js';
import { router, type ApiRouter } from './router.js';
import { factorViewSchema } from './schema.js';
import { unknownWord } from './words.js';

const previewSchema = z
  .object({
    status: z
      .enum(['refused', 'incomplete', 'approvals_needed', 'authorised'])
      .openapi({ description: '`incomplete`: nothing stands against it but what `missing` names.' }),
    tier: tierSchema.nullable(),
    why: z
      .array(z.object({ tier: z.enum([...tierSchema.options, 'above_T3']), why: z.string() }))
      .openapi({ description: 'Everything that has a say about the tier; the highest counts.' }),
    rules: z.array(z.string()),
    nearMisses: z.array(z.object({ rule: z.string(), unmet: z.array(z.string()) })),
    missing: z.array(z.string()).openapi({ description: 'For example `justification.missing:allergy_history`.' }),
    seats: z
      .array(factorViewSchema.extend({ eligible: z.int() }))
      .openapi({ description: 'Who would be asked, and how many people could fill each seat now.' }),
    deadlineSeconds: z.int().nullable(),
    relation: z.enum(['assumed', 'not_needed']).openapi({
      description: '`assumed`: whether the principal treats the patient is asked only once the action is requested.',
    }),
    rulebook: z.string(),
  })
  .openapi('ActionPreview');

export const previewAction = createRoute({
  method: 'post',
  path: '/v1/actions/preview',
  summary: 'What would become of this request. Nothing is started, stored, counted or logged.',
  security: scopes('actions:request'),
  request: jsonBody(previewRequestSchema),
  responses: { 200: json(previewSchema, 'By the rules as they are now.'), ...problems(400, 413, 415, 422, 429) },
});

/** Of one agent in a minute. Looking is free of leaves, and must not become a way to ask the rules for everything. */
const mostPreviews = 60;

export function previewRoutes(deps: ApiDeps, governing: () => Promise<Rulebook>): ApiRouter {
  const mayLook = perMinute(mostPreviews);
  return router().openapi(previewAction, async (c) => {
    const { agent } = agentWith(c.get('caller'), 'actions:request');
    if (!mayLook(agent)) throw new ApiProblem('preview.too_many');
    const request = c.req.valid('json');
    const rulebook = await governing();
    const unknown = unknownWord(request, rulebook);
    if (unknown) throw unknown;
    const resolved = resolveRequest(request, catalogue);
    const principal = await principalOf(deps, rulebook, agent, request.principal).catch((error: unknown) => {
      throw error instanceof Refusal && error.code.startsWith('token.') ? ofPrincipal(error) : error;
    });
    const {
      needs: _,
      tier,
      deadlineSeconds,
      ...found
    } = await lookAhead(deps, rulebook, {
      agent,
      principal,
      request,
      resolved,
    });
    const answer = {
      ...found,
      tier: tier ?? null,
      deadlineSeconds: deadlineSeconds ?? null,
      rulebook: rulebook.digest,
    };
    return c.json(previewSchema.parse(answer), 200);
  });
}
