/** Changing the rules: a rulebook is proposed, two people sign it with their passkeys, then it is made active. */
import { createRoute, z } from '@hono/zod-openapi';
import { challengeSchema, digestSchema, roleSchema } from '../action/ids.js';
import type { PersonRow } from '../directory/directory.store.js';
import { assertionSchema } from '../passkey/assertion.js';
import { changeVerdictSchema, proposalSchema, statementSchema, type ChangeRefusal } from '../rulebook/change/change.js';
import { rulebookHistory } from '../rulebook/change/history.tx.js';
import { openSignature } from '../rulebook/change/open-signature.tx.js';
import { RulebookError } from '../rulebook/problem.js';
import { proposeRulebook, type ProposedChange } from '../rulebook/change/propose.tx.js';
import { receiveSignature, type ReceivedSignatureCase } from '../rulebook/change/receive-signature.tx.js';
import type { ChangeAnswer } from '../rulebook/change/signature-case.js';
import { personWith, type Caller } from './caller.js';
import { json, jsonBody, problems, scopes } from './contract.js';
import type { ApiDeps } from './deps.js';
import { failureCode } from './outage.js';
import { ApiProblem, voteProblem } from './problem.js';
import { router, type ApiRouter } from './router.js';
import { changeProblem } from './rulebook-problem.js';
import { activatorRefusal, historyView, knownRulebook, logRefusedChange, shadowRulebook } from './rulebooks.tx.js';

const scope = 'rulebook:change';
const instant = z.iso.datetime();
const id = z.string().openapi({ description: 'SHA-256 of the rulebook’s canonical JSON, 64 hex digits.' });
const somebody = z.object({ id: z.uuid(), name: z.string() });
const pending = json(z.object({ status: z.literal('pending') }), 'Noted, not answered yet: send it again.');

const content = z.record(z.string(), z.unknown()).openapi({
  description: 'The documents by name (`policy`, `tiers` …) and `trustRoots`, as JSON.',
});

const differenceSchema = z.object({
  path: z.string().openapi({ description: '`tiers.tiers.T2.deadline`; positions of lists count from 0.' }),
  from: z.unknown().openapi({ description: 'Left out where nothing was.' }),
  to: z.unknown().openapi({ description: 'Left out where nothing is any more.' }),
});

export const proposeARulebook = createRoute({
  method: 'post',
  path: '/v1/rulebooks',
  summary: 'Proposes a rulebook in place of the active one. It is judged here again, and governs nothing yet.',
  security: scopes(scope),
  request: jsonBody(
    z.strictObject({
      content,
      note: z.string().trim().min(1).max(500).optional().openapi({ description: 'Why; no patient data.' }),
    }),
  ),
  responses: {
    201: json(
      z.object({ proposal: z.uuid(), digest: id, base: id, differences: z.array(differenceSchema) }),
      'Stored by its digest.',
    ),
    ...problems(400, 409, 413, 415, 422),
  },
});

const historySchema = z
  .object({
    active: id.nullable(),
    shadow: z
      .object({ proposal: z.uuid(), digest: id, since: instant, judged: z.int(), differed: z.int() })
      .nullable()
      .openapi({ description: 'Judges new actions beside the active one, without effect.' }),
    activations: z.array(
      z.object({ ordinal: z.int(), digest: id, since: instant, proposal: z.uuid().nullable() }).openapi({
        description: 'Without a proposal: the first one of the installation, or one of development.',
      }),
    ),
    proposals: z.array(
      z.object({
        id: z.uuid(),
        digest: id,
        base: id,
        status: z.enum(['open', 'denied', 'superseded', 'activated']),
        proposer: somebody,
        note: z.string().nullable(),
        proposedAt: instant,
        signatures: z.array(
          z.object({ person: somebody, verdict: changeVerdictSchema, roles: z.array(z.string()), at: instant }),
        ),
      }),
    ),
  })
  .openapi('RulebookHistory');

export const listRulebooks = createRoute({
  method: 'get',
  path: '/v1/rulebooks',
  summary: 'What governed since when, who proposed what, and who signed; newest first.',
  security: scopes(scope),
  responses: { 200: json(historySchema, 'The tenant’s own.'), ...problems() },
});

export const showRulebook = createRoute({
  method: 'get',
  path: '/v1/rulebooks/{digest}',
  summary: 'One rulebook that governs, governed or was proposed.',
  security: scopes(scope),
  request: { params: z.object({ digest: z.string().openapi({ param: { name: 'digest', in: 'path' } }) }) },
  responses: {
    200: json(z.object({ digest: id, content }), 'SHA-256 of the canonical JSON of `content` is the digest.'),
    ...problems(404),
  },
});

export const openASignature = createRoute({
  method: 'post',
  path: '/v1/rulebooks/challenges',
  summary: 'Fixes the statement that a person is about to sign; it is open for five minutes.',
  security: scopes(scope),
  request: jsonBody(
    z.strictObject({
      proposal: proposalSchema,
      verdict: z.enum(changeVerdictSchema.options).openapi({ description: 'One `deny` ends the proposal.' }),
      actingRoles: z
        .array(roleSchema)
        .min(1)
        .max(8)
        .optional()
        .openapi({ description: 'Left out: every role held in which one may sign.' }),
    }),
  ),
  responses: {
    201: json(
      z.object({
        challenge: z.uuid(),
        statement: statementSchema,
        hash: z.string().openapi({
          description: 'base64url SHA-256 of `countersign-rulebook/v1`, a line end and the statement (RFC 8785).',
        }),
        rpId: z.string(),
        expiresAt: instant,
      }),
      'Have a passkey sign `hash` that somebody vouched for, then send the assertion.',
    ),
    ...problems(400, 404, 409, 413, 415),
  },
});

export const sendSignature = createRoute({
  method: 'post',
  path: '/v1/rulebooks/signatures',
  summary: 'Sends the assertion. The same may be sent again and hears the same answer.',
  security: scopes(scope),
  request: jsonBody(z.strictObject({ challenge: challengeSchema, assertion: assertionSchema })),
  responses: {
    200: json(z.object({ status: z.literal('signed') }), 'It counts.'),
    202: pending,
    ...problems(400, 404, 409, 413, 415),
  },
});

export const activateProposal = createRoute({
  method: 'post',
  path: '/v1/rulebooks/activations',
  summary: 'Makes a signed proposal the active rulebook. Everything under it is verified once more.',
  security: scopes(scope),
  request: jsonBody(z.strictObject({ proposal: proposalSchema })),
  responses: {
    200: json(
      z.object({ status: z.literal('activated'), ordinal: z.int(), digest: id }),
      'It governs what is asked for from here on; what is open keeps its own and may only be judged more strictly.',
    ),
    202: pending,
    ...problems(400, 404, 409, 413, 415),
  },
});

export const shadowAProposal = createRoute({
  method: 'post',
  path: '/v1/rulebooks/shadow',
  summary: 'Has a proposal judge new actions beside the active rulebook, without effect; null ends that.',
  security: scopes(scope),
  request: jsonBody(z.strictObject({ proposal: proposalSchema.nullable() })),
  responses: {
    200: json(z.object({ shadow: z.uuid().nullable() }), 'From the next action on; what differs is a leaf.'),
    ...problems(400, 404, 409, 413, 415),
  },
});

export function rulebookRoutes(deps: ApiDeps): ApiRouter {
  const { pool, tenant, rulebooks } = deps;

  /** An agent that tries to change the rules is on the log, once for each agent. */
  async function changer(caller: Caller): Promise<PersonRow> {
    if (caller.kind === 'agent') {
      const { agent } = caller;
      await logRefusedChange(pool, tenant, { proposal: null, person: null, agent, code: 'rulebook.agent' });
    }
    return personWith(caller, scope).person;
  }

  /** What cannot be read is on the log as well: somebody tried to have it govern. */
  async function propose(
    { person }: PersonRow,
    asked: { readonly content: unknown; readonly note: string | undefined },
  ) {
    return proposeRulebook(deps, { tenant, person, ...asked }).catch(
      async (error: unknown): Promise<ProposedChange> => {
        if (!(error instanceof RulebookError)) throw error;
        await logRefusedChange(pool, tenant, { proposal: null, person, code: 'rulebook.unreadable' });
        return { status: 'refused', code: 'rulebook.unreadable', problems: error.problems };
      },
    );
  }

  /** Noted by the database, verified by the workflow's worker, answered. */
  async function sign(
    received: ReceivedSignatureCase,
  ): Promise<ChangeAnswer | { readonly status: 'pending' } | { readonly status: 'signed' }> {
    const noted = await receiveSignature(deps, received);
    if (noted.status !== 'received') return noted;
    const { challenge } = received;
    return rulebooks.sign({ tenant, challenge, proof: noted.proof }).catch((error: unknown) => {
      // It passes; nothing was kept, so that the same assertion may be sent again.
      if (failureCode(error) === 'vote.busy') throw new ApiProblem(voteProblem('vote.busy'));
      throw error;
    });
  }

  return router()
    .openapi(proposeARulebook, async (c) => {
      const person = await changer(c.get('caller'));
      const { content: given, note } = c.req.valid('json');
      const proposed = await propose(person, { content: given, note });
      if (proposed.status === 'refused') throw new ApiProblem(changeProblem(proposed.code, proposed.problems));
      const { row, differences } = proposed;
      const { proposal, digest, base } = row;
      return c.json({ proposal, digest, base, differences: [...differences] }, 201);
    })
    .openapi(listRulebooks, async (c) => {
      personWith(c.get('caller'), scope);
      return c.json(historyView(await rulebookHistory(pool, tenant)), 200);
    })
    .openapi(showRulebook, async (c) => {
      personWith(c.get('caller'), scope);
      const digest = digestSchema.safeParse(c.req.valid('param').digest).data;
      const found = digest && (await knownRulebook(pool, tenant, await rulebookHistory(pool, tenant), digest));
      if (!digest || found === undefined) throw new ApiProblem('not_found');
      return c.json({ digest, content: content.parse(found) }, 200);
    })
    .openapi(openASignature, async (c) => {
      const { person } = await changer(c.get('caller'));
      const { proposal, verdict, actingRoles } = c.req.valid('json');
      const opened = await openSignature(deps, { tenant, person, proposal, verdict, actingRoles });
      if (opened.status === 'refused') throw refused(opened.code);
      const { statement, hash, rpId, expiresAt } = opened;
      return c.json({ challenge: statement.challenge, statement, hash, rpId, expiresAt: expiresAt.toISOString() }, 201);
    })
    .openapi(sendSignature, async (c) => {
      const { person } = await changer(c.get('caller'));
      const answer = await sign({ tenant, person, ...c.req.valid('json') });
      if (answer.status === 'pending') return c.json({ status: answer.status }, 202);
      if (answer.status === 'refused') throw refused(answer.code);
      return c.json({ status: 'signed' as const }, 200);
    })
    .openapi(shadowAProposal, async (c) => {
      const { person } = await changer(c.get('caller'));
      const { proposal } = c.req.valid('json');
      const code = await shadowRulebook(deps, { proposal, person });
      if (code !== undefined) throw refused(code);
      return c.json({ shadow: proposal }, 200);
    })
    .openapi(activateProposal, async (c) => {
      const { person } = await changer(c.get('caller'));
      const { proposal } = c.req.valid('json');
      const code = await activatorRefusal(deps, { proposal, person });
      if (code !== undefined) throw refused(code);
      const answer = await rulebooks.activate({ tenant, proposal });
      if (answer.status === 'pending') return c.json({ status: answer.status }, 202);
      if (answer.status === 'refused') throw refused(answer.code);
      if (answer.status !== 'activated') throw new ApiProblem('internal');
      return c.json(answer, 200);
    });
}

function refused(code: ChangeRefusal): ApiProblem {
  return new ApiProblem(changeProblem(code));
}
