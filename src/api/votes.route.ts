/** Voting: a challenge fixes the bytes, a proof made for them is the vote. */
import { createRoute, z } from '@hono/zod-openapi';
import { findAction } from '../action/action.store.js';
import { actionSchema, roleSchema, type RoleName } from '../action/ids.js';
import { decisionSchema, meaningSchema, usualMeaning, verdictSchema } from '../approval/decision.js';
import { proofSchema } from '../approval/envelope.js';
import { mayDeny } from '../approval/eligible-votes.store.js';
import { countingRoles } from '../approval/eligibility.js';
import { openChallenge } from '../approval/open-challenge.tx.js';
import { inTenant } from '../database/transaction.js';
import type { PersonRow } from '../directory/directory.store.js';
import { rolesHeld } from '../rulebook/rulebook.js';
import { personWith, type Caller } from './caller.js';
import { json, jsonBody, problems, scopes } from './contract.js';
import type { ApiDeps } from './deps.js';
import { ApiProblem, voteProblem } from './problem.js';
import { logRefusedVote } from './refused-vote.tx.js';
import { router, type ApiRouter } from './router.js';
import { sendVote } from './vote.js';
import { voteBrake } from './vote-brake.js';
import { unknownRole } from './words.js';

export const openAChallenge = createRoute({
  method: 'post',
  path: '/v1/challenges',
  summary: 'Fixes the decision that a person is about to sign; it is open for five minutes.',
  security: scopes('approvals:vote'),
  request: jsonBody(
    z.strictObject({
      action: actionSchema,
      verdict: verdictSchema,
      meaning: meaningSchema.optional(),
      reason: z
        .string()
        .trim()
        .min(1)
        .max(2_000)
        .regex(/[\p{L}\p{N}]/u)
        .optional()
        .openapi({ description: 'Needed unless it is approve.' }),
      actingRoles: z
        .array(roleSchema)
        .min(1)
        .max(8)
        .optional()
        .openapi({ description: 'Left out: every role held that is asked for.' }),
      confirmation: z
        .string()
        .max(200)
        .optional()
        .openapi({ description: 'What was typed, where the tier asks for it.' }),
    }),
  ),
  responses: {
    201: json(
      z.object({
        challenge: z.uuid(),
        decision: decisionSchema,
        hash: z.string().openapi({ description: 'base64url SHA-256 of the decision: the nonce of the ID token.' }),
        expiresAt: z.iso.datetime(),
      }),
      'Sign `hash`, then send the vote.',
    ),
    ...problems(400, 404, 409, 413, 415, 422),
  },
});

export const castVote = createRoute({
  method: 'post',
  path: '/v1/votes',
  summary: 'Sends the proof. The same vote may be sent again and hears the same answer.',
  security: scopes('approvals:vote'),
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            challenge: z.string().max(64),
            // Any value passes here, so that a vote without a proof is refused by its own code and leaves its leaf.
            proof: z
              .unknown()
              .optional()
              .openapi({ ...openApiOf(), description: 'Made by the person for the challenge’s hash.' }),
          }),
        },
      },
    },
  },
  responses: {
    200: json(z.object({ status: z.literal('counted') }), 'It counts.'),
    202: json(z.object({ status: z.literal('pending') }), 'Noted in time, not counted yet: send it again.'),
    ...problems(400, 409, 413, 415, 429),
  },
});

function openApiOf() {
  const text = { type: 'string' as const };
  return {
    oneOf: proofSchema.options.map(({ shape }) => ({
      type: 'object' as const,
      required: Object.entries(shape).flatMap(([name, schema]) => (schema.isOptional() ? [] : [name])),
      properties: Object.fromEntries(
        Object.keys(shape).map((name) => [name, name === 'kind' ? { const: shape.kind.value } : text]),
      ),
    })),
  };
}

export function voteRoutes(deps: ApiDeps): ApiRouter {
  const { pool, tenant } = deps;
  const brake = voteBrake(() => performance.now());

  /** An agent that tries to vote is on the log, once for each agent. */
  async function voter(caller: Caller): Promise<PersonRow> {
    if (caller.kind === 'agent') {
      const { agent } = caller;
      await logRefusedVote(pool, tenant, { action: null, challenge: null, approver: null, agent, code: 'vote.agent' });
    }
    return personWith(caller, 'approvals:vote').person;
  }

  return router()
    .openapi(openAChallenge, async (c) => {
      const person = await voter(c.get('caller'));
      const { verdict, ...asked } = c.req.valid('json');
      const { action, meaning = usualMeaning[verdict], reason, actingRoles, confirmation } = asked;
      const roles = await actingRolesOf(deps, person, { action, verdict, meaning, actingRoles });
      const opened = await openChallenge(deps, {
        tenant,
        action,
        approver: person.person,
        verdict,
        meaning,
        reason,
        actingRoles: roles,
        confirmation,
      });
      const { decision, hash, expiresAt } = opened;
      return c.json({ challenge: decision.challenge, decision, hash, expiresAt: expiresAt.toISOString() }, 201);
    })
    .openapi(castVote, async (c) => {
      const person = await voter(c.get('caller'));
      const result = await sendVote({ ...deps, brake }, person.person, c.req.valid('json'));
      switch (result.status) {
        case 'counted':
          return c.json({ status: result.status }, 200);
        case 'pending':
          return c.json({ status: result.status }, 202);
        case 'refused':
          if (result.code === 'vote.malformed') throw new ApiProblem(result.code, { pointers: ['/proof'] });
          throw new ApiProblem(voteProblem(result.code, result.retryAfter));
      }
    });
}

interface Acting {
  readonly action: z.infer<typeof actionSchema>;
  readonly verdict: z.infer<typeof verdictSchema>;
  readonly meaning: z.infer<typeof meaningSchema>;
  readonly actingRoles: readonly RoleName[] | undefined;
}

/** What the person named, or else every role that they hold and that counts here; perhaps none, which is refused. */
async function actingRolesOf(deps: ApiDeps, person: PersonRow, asked: Acting): Promise<readonly RoleName[]> {
  const { pool, tenant } = deps;
  const { row, rulebook } = await inTenant(pool, tenant, async (tx) => {
    const found = await findAction(tx, asked.action);
    if (!found) throw new ApiProblem('not_found');
    return { row: found, rulebook: await deps.rulebook(tx, found.rulebook) };
  });
  if (asked.actingRoles) {
    const unknown = unknownRole(asked.actingRoles, rulebook);
    if (!unknown) return asked.actingRoles;
    const { action } = asked;
    await logRefusedVote(pool, tenant, { action, challenge: null, approver: person.person, code: 'role.unknown' });
    throw unknown;
  }
  const { verdict, meaning } = asked;
  const counting = countingRoles({ needs: row.needs ?? { status: 'nobody' }, verdict, meaning, mayDeny });
  return rolesHeld(rulebook, person.roles).filter((role) => counting.includes(role));
}
