/** What is kept of actions: disposal dates, and the log's newest checkpoint. */
import { createRoute, z } from '@hono/zod-openapi';
import { checkpointCovering } from '../audit/leaf.store.js';
import { inTenant } from '../database/transaction.js';
import { personWith } from './caller.js';
import { json, problems, scopes } from './contract.js';
import type { ApiDeps } from './deps.js';
import { disposals } from './disposals.tx.js';
import { ApiProblem } from './problem.js';
import { router, type ApiRouter } from './router.js';

const disposalSchema = z
  .object({
    date: z.iso.date().openapi({ description: 'Calendar day of the tenant’s zone.' }),
    class: z.string(),
    records: z.int(),
    held: z.int(),
    disposed: z.int(),
    status: z.enum(['scheduled', 'due', 'held', 'done']),
  })
  .openapi('Disposal');

export const listDisposals = createRoute({
  method: 'get',
  path: '/v1/disposals',
  summary: 'Records by disposal date and class, soonest first.',
  security: scopes('audit:read'),
  responses: { 200: json(z.object({ disposals: z.array(disposalSchema) }), 'Counts only.'), ...problems() },
});

export const newestCheckpoint = createRoute({
  method: 'get',
  path: '/v1/log/checkpoint',
  summary: 'The newest signed checkpoint of the tenant’s log. For any valid token.',
  security: [{ bearer: [] }],
  responses: {
    200: json(
      z.object({ size: z.int(), note: z.string().openapi({ description: 'C2SP signed note.' }) }).openapi('Checkpoint'),
      'Keep it: a later log that does not contain it was rewritten.',
    ),
    ...problems(),
  },
});

export function recordRoutes({ pool, tenant }: ApiDeps): ApiRouter {
  return router()
    .openapi(listDisposals, async (c) => {
      personWith(c.get('caller'), 'audit:read');
      return c.json({ disposals: await disposals(pool, tenant) }, 200);
    })
    .openapi(newestCheckpoint, async (c) => {
      const newest = await inTenant(pool, tenant, (tx) => checkpointCovering(tx, 0));
      if (!newest) throw new ApiProblem('checkpoint.not_yet');
      return c.json({ size: newest.size, note: newest.note }, 200);
    });
}
