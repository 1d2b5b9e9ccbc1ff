/** A second person's word for a passkey: looked at, opened, signed with a passkey of their own, sent. */
import { createRoute, z } from '@hono/zod-openapi';
import { assertionSchema, type Assertion } from '../passkey/assertion.js';
import { passkeySchema, vouchingSchema, type VouchingId } from '../passkey/ids.js';
import { openVouching } from '../passkey/open-vouching.tx.js';
import { receiveWord } from '../passkey/receive-word.tx.js';
import { statementSchema, type VouchingAnswer } from '../passkey/vouching.js';
import type { PersonId } from '../action/ids.js';
import { personWith } from './caller.js';
import { json, jsonBody, problems, scopes } from './contract.js';
import type { ApiDeps } from './deps.js';
import { passing, wordProblem } from './passkey-problem.js';
import { othersPasskeySchema } from './passkey-schema.js';
import { anyPasskey, othersPasskeyView } from './passkeys.tx.js';
import { ApiProblem } from './problem.js';
import { router, type ApiRouter } from './router.js';

const scope = 'approvals:vote';
const ofPath = { params: z.object({ id: z.string().openapi({ param: { name: 'id', in: 'path' } }) }) };

export const getPasskey = createRoute({
  method: 'get',
  path: '/v1/passkeys/{id}',
  summary: 'One passkey, anybody’s, for whoever is asked to vouch for it.',
  security: scopes(scope),
  request: ofPath,
  responses: { 200: json(othersPasskeySchema, 'Compare the fingerprint with its owner.'), ...problems(404) },
});

export const openAVouching = createRoute({
  method: 'post',
  path: '/v1/passkeys/{id}/vouchings',
  summary: 'Opens a vouching for the person who calls; it is open for five minutes.',
  security: scopes(scope),
  request: { ...ofPath, ...jsonBody(z.strictObject({})) },
  responses: {
    201: json(
      z.object({
        statement: statementSchema,
        hash: z.string().openapi({
          description:
            'base64url SHA-256 of `countersign-vouching/v1`, a line feed, and the statement’s canonical JSON.',
        }),
        rpId: z.string(),
        credentials: z.array(z.string()).openapi({ description: 'Credential ids of the caller’s that may sign.' }),
        expiresAt: z.iso.datetime(),
      }),
      'The statement is exactly what is signed: have a passkey of your own sign its hash, then send the assertion.',
    ),
    ...problems(400, 404, 409, 413, 415),
  },
});

export const sendWord = createRoute({
  method: 'post',
  path: '/v1/vouchings',
  summary: 'Sends the assertion. The same may be sent again and hears the same answer.',
  security: scopes(scope),
  request: jsonBody(z.strictObject({ vouching: vouchingSchema, assertion: assertionSchema })),
  responses: {
    200: json(othersPasskeySchema, 'From now on it may vote at T3 too.'),
    202: json(z.object({ status: z.literal('pending') }), 'Noted in time, not verified yet: send it again.'),
    ...problems(400, 409, 413, 415),
  },
});

export function vouchingRoutes(deps: ApiDeps): ApiRouter {
  const { pool, tenant } = deps;
  return router()
    .openapi(getPasskey, async (c) => {
      personWith(c.get('caller'), scope);
      const passkey = passkeySchema.safeParse(c.req.valid('param').id).data;
      const found = passkey && (await anyPasskey(pool, tenant, passkey));
      if (!found) throw new ApiProblem('not_found');
      return c.json(othersPasskeyView(found), 200);
    })
    .openapi(openAVouching, async (c) => {
      const { person: voucher } = personWith(c.get('caller'), scope).person;
      const passkey = passkeySchema.safeParse(c.req.valid('param').id).data;
      const opened = passkey && (await openVouching(deps, { tenant, passkey, voucher }));
      if (!opened) throw new ApiProblem('not_found');
      const { credentials, expiresAt, ...vouching } = opened;
      return c.json({ ...vouching, credentials: [...credentials], expiresAt: expiresAt.toISOString() }, 201);
    })
    .openapi(sendWord, async (c) => {
      const { person } = personWith(c.get('caller'), scope).person;
      const { vouching, assertion } = c.req.valid('json');
      const answer = await send(deps, person, vouching, assertion);
      if (answer.status === 'pending') return c.json({ status: answer.status }, 202);
      if (answer.status === 'refused') throw new ApiProblem(wordProblem(answer.code));
      const found = await anyPasskey(pool, tenant, answer.passkey);
      if (!found) throw new ApiProblem('internal');
      return c.json(othersPasskeyView(found), 200);
    });
}

/** Noted by the database, verified by the workflow's worker, answered. */
async function send(
  deps: ApiDeps,
  voucher: PersonId,
  vouching: VouchingId,
  word: Assertion,
): Promise<VouchingAnswer | { readonly status: 'pending' }> {
  const { tenant, passkeys } = deps;
  const received = await receiveWord(deps, { tenant, vouching, voucher, word });
  if (received.status !== 'received') return received;
  return passkeys.vouch({ tenant, vouching, word: received.word }).catch(passing);
}
