/** What waits for a person's vote. */
import { createRoute, z } from '@hono/zod-openapi';
import { meanings, meaningSchema, verdictOf, verdictSchema } from '../approval/decision.js';
import { showApproval, waitingFor, type Waiting } from './approvals.tx.js';
import { personWith } from './caller.js';
import { json, problems, scopes } from './contract.js';
import type { ApiDeps } from './deps.js';
import { actionOfPath } from './own-action.js';
import { ApiProblem } from './problem.js';
import { router, type ApiRouter } from './router.js';
import { actionId, actionViewSchema } from './schema.js';
import { actionView } from './view.js';

const waitingSchema = actionViewSchema
  .extend({
    revision: z.int(),
    kind: z.enum(['asked', 'prepared', 'resolution']).openapi({
      description: 'The request as asked, what exactly a write would change, or what became of one.',
    }),
    may: z.object({ roles: z.array(z.string()), verdicts: z.array(verdictSchema), meanings: z.array(meaningSchema) }),
  })
  .openapi('Waiting');

const approvalSchema = waitingSchema
  .extend({
    shown: z
      .record(z.string(), z.unknown())
      .openapi({ description: 'Exactly what the vote binds: its canonical JSON is committed to.' }),
    principalName: z.string(),
    rulebook: z.string(),
    requestCommitment: z.string(),
    displayCommitment: z
      .string()
      .openapi({ description: 'HMAC-SHA-256 of the canonical JSON of `shown` under `salt`.' }),
    salt: z.base64(),
    meanings: z.array(z.object({ meaning: meaningSchema, verdict: verdictSchema, text: z.string() })),
    proof: z.object({ method: z.enum(['idp', 'passkey']), fresh: z.boolean(), vouched: z.boolean() }).openapi({
      description:
        'How the vote is proven; `fresh`: a passkey and a sign-in for this very vote; `vouched`: a passkey for ' +
        'which somebody vouched.',
    }),
    credentials: z
      .array(z.string())
      .openapi({ description: 'Ids of this person’s passkeys that may sign, base64url.' }),
    rpId: z.string().nullable(),
    confirmation: z.string().nullable().openapi({ description: 'To be typed to approve; null for nothing.' }),
  })
  .openapi('Approval');

export const listApprovals = createRoute({
  method: 'get',
  path: '/v1/approvals',
  summary: 'Actions that wait for a vote which this person could cast.',
  security: scopes('approvals:read'),
  responses: {
    200: json(z.object({ approvals: z.array(waitingSchema) }), 'Newest first; no content is part of it.'),
    ...problems(),
  },
});

export const getApproval = createRoute({
  method: 'get',
  path: '/v1/approvals/{id}',
  summary: 'What exactly is asked, for somebody who may vote on it. Each look is on the log.',
  security: scopes('approvals:read'),
  request: { params: z.object({ id: actionId }) },
  responses: { 200: json(approvalSchema, 'The content.'), ...problems(404, 409, 410) },
});

export function approvalRoutes(deps: ApiDeps): ApiRouter {
  const { tenant } = deps;
  return router()
    .openapi(listApprovals, async (c) => {
      const { person } = personWith(c.get('caller'), 'approvals:read');
      return c.json({ approvals: (await waitingFor(deps, tenant, person)).map(waitingView) }, 200);
    })
    .openapi(getApproval, async (c) => {
      const { person } = personWith(c.get('caller'), 'approvals:read');
      const action = actionOfPath(c.req.valid('param').id);
      const looked = await showApproval(deps, { tenant, action, person });
      if (!looked) throw new ApiProblem('not_found');
      if (looked.status === 'closed') throw new ApiProblem('approval.closed');
      if (looked.status === 'not_yours') throw new ApiProblem('approval.not_yours', { reason: looked.code });
      const { row, kind, may, shown, salt, principalName, requestCommitment, displayCommitment } = looked;
      const { proof, credentials, rpId, confirmation } = looked;
      const approval = {
        ...waitingView({ row, kind, may }),
        shown: z.record(z.string(), z.unknown()).parse(JSON.parse(shown)),
        principalName,
        rulebook: row.rulebook,
        requestCommitment,
        displayCommitment,
        salt: Buffer.from(salt).toString('base64'),
        meanings: may.meanings.map((meaning) => ({ meaning, verdict: verdictOf(meaning), text: meanings[meaning] })),
        proof,
        credentials: [...credentials],
        rpId,
        confirmation,
      };
      return c.json(approval, 200);
    });
}

function waitingView({ row, kind, may: { roles, verdicts, meanings: own } }: Waiting) {
  const may = { roles: [...roles], verdicts: [...verdicts], meanings: [...own] };
  return { ...actionView(row), revision: row.revision, kind, may };
}
