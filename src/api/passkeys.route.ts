/** A person's passkeys: an enrolment fixes the challenge, a key made for it and a sign-in for that key are the proof. */
import { createRoute, z } from '@hono/zod-openapi';
import type { PersonId } from '../action/ids.js';
import { passkeySchema, type PasskeyId } from '../passkey/ids.js';
import { openEnrolment } from '../passkey/open-enrolment.tx.js';
import { receiveOffer } from '../passkey/receive-offer.tx.js';
import { offerSchema, type Offer } from '../passkey/registration.js';
import type { EnrolmentAnswer } from '../passkey/enrolment.js';
import { revokeOwnPasskey } from '../passkey/revoke-passkey.tx.js';
import { personWith } from './caller.js';
import { json, jsonBody, problems, scopes } from './contract.js';
import type { ApiDeps } from './deps.js';
import { offerProblem, passing } from './passkey-problem.js';
import { ownPasskeys, passkeyView } from './passkeys.tx.js';
import { passkeyViewSchema } from './passkey-schema.js';
import { ApiProblem } from './problem.js';
import { router, type ApiRouter } from './router.js';

const scope = 'approvals:vote';

export const openAnEnrolment = createRoute({
  method: 'post',
  path: '/v1/passkeys/enrolments',
  summary: 'Opens an enrolment for the person who calls; it is open for five minutes.',
  security: scopes(scope),
  request: jsonBody(z.strictObject({})),
  responses: {
    201: json(
      z.object({
        enrolment: z.uuid(),
        challenge: z.string().openapi({ description: 'base64url of the 32 bytes that the authenticator signs.' }),
        rpId: z.string(),
        user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
        algorithms: z.array(z.int()).openapi({ description: 'COSE algorithm identifiers.' }),
        exclude: z.array(z.string()).openapi({ description: 'Credential ids that the person holds already.' }),
        expiresAt: z.iso.datetime(),
      }),
      'Have the key made, sign in for it, then send both.',
    ),
    ...problems(400, 409, 413, 415),
  },
});

export const enrolPasskey = createRoute({
  method: 'post',
  path: '/v1/passkeys',
  summary: 'Sends registration and ID token. The same may be sent again and hears the same answer.',
  security: scopes(scope),
  request: jsonBody(
    offerSchema.extend({ enrolment: passkeySchema }).openapi({
      description:
        'The ID token’s nonce is base64url SHA-256 of the lines `countersign-enrolment-proof/v1`, challenge, `id`, ' +
        '`clientDataJSON` and `attestationObject`.',
    }),
  ),
  responses: {
    201: json(passkeyViewSchema, 'From now on it may vote for this person.'),
    202: json(z.object({ status: z.literal('pending') }), 'Noted in time, not verified yet: send it again.'),
    ...problems(400, 409, 413, 415),
  },
});

export const listPasskeys = createRoute({
  method: 'get',
  path: '/v1/passkeys',
  summary: 'The passkeys of the person who calls, oldest first, revoked ones included.',
  security: scopes(scope),
  responses: { 200: json(z.object({ passkeys: z.array(passkeyViewSchema) }), 'Public keys stay here.'), ...problems() },
});

export const revokePasskey = createRoute({
  method: 'delete',
  path: '/v1/passkeys/{id}',
  summary: 'Revokes a passkey for good: from now on it signs nothing that counts.',
  security: scopes(scope),
  request: { params: z.object({ id: z.string().openapi({ param: { name: 'id', in: 'path' } }) }) },
  responses: { 200: json(passkeyViewSchema, 'Revoked, now or before.'), ...problems(404) },
});

export function passkeyRoutes(deps: ApiDeps): ApiRouter {
  const { pool, tenant } = deps;
  return router()
    .openapi(openAnEnrolment, async (c) => {
      const { person, displayName: name } = personWith(c.get('caller'), scope).person;
      const { expiresAt, algorithms, exclude, ...opened } = await openEnrolment(deps, { tenant, person, name });
      const lists = { algorithms: [...algorithms], exclude: [...exclude] };
      return c.json({ ...opened, ...lists, expiresAt: expiresAt.toISOString() }, 201);
    })
    .openapi(enrolPasskey, async (c) => {
      const { person } = personWith(c.get('caller'), scope).person;
      const { enrolment, ...offer } = c.req.valid('json');
      const answer = await sendOffer(deps, person, enrolment, offer);
      if (answer.status === 'pending') return c.json({ status: answer.status }, 202);
      if (answer.status === 'refused') throw new ApiProblem(offerProblem(answer.code));
      const made = (await ownPasskeys(pool, tenant, person)).find(({ row }) => row.passkey === answer.passkey);
      if (!made) throw new ApiProblem('internal');
      return c.json(passkeyView(made), 201);
    })
    .openapi(listPasskeys, async (c) => {
      const { person } = personWith(c.get('caller'), scope).person;
      return c.json({ passkeys: (await ownPasskeys(pool, tenant, person)).map(passkeyView) }, 200);
    })
    .openapi(revokePasskey, async (c) => {
      const { person } = personWith(c.get('caller'), scope).person;
      const passkey = passkeySchema.safeParse(c.req.valid('param').id).data;
      if (!passkey || !(await revokeOwnPasskey(deps, { tenant, person, passkey }))) throw new ApiProblem('not_found');
      const revoked = (await ownPasskeys(pool, tenant, person)).find(({ row }) => row.passkey === passkey);
      if (!revoked) throw new ApiProblem('internal');
      return c.json(passkeyView(revoked), 200);
    });
}

/** Noted by the database, verified by the workflow's worker, answered. */
async function sendOffer(
  deps: ApiDeps,
  person: PersonId,
  enrolment: PasskeyId,
  offer: Offer,
): Promise<EnrolmentAnswer | { readonly status: 'pending' }> {
  const { tenant, passkeys } = deps;
  const received = await receiveOffer(deps, { tenant, enrolment, person, offer });
  if (received.status !== 'received') return received;
  return passkeys.enrol({ tenant, enrolment, offer: received.offer }).catch(passing);
}
