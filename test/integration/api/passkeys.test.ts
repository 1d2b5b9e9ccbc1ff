import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { softwarePasskey } from '@countersign/sandbox';
import { digest } from '../../../src/action/ids.js';
import { enrolmentWorkflowId } from '../../../src/passkey/enrolment.js';
import { passkeySchema } from '../../../src/passkey/ids.js';
import { enrolmentNonce, registrationSchema } from '../../../src/passkey/registration.js';
import { passkeyEnrolments } from '../../../src/temporal/passkey-enrolments.js';
import { clinic } from '../../support/stack.js';
import { apiStage, type Answer, type ApiStage, type Name } from './stage.js';

let api: ApiStage;
const stateDir = mkdtempSync(join(tmpdir(), 'passkeys-'));
beforeAll(async () => {
  api = await apiStage();
});
afterAll(async () => {
  await api?.stop();
  rmSync(stateDir, { recursive: true });
});

const origin = 'http://localhost:8787';
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
const call = async (method: 'GET' | 'POST' | 'DELETE', path: string, by: Name, body?: unknown): Promise<Answer> =>
  api.call(method, path, await api.person(by), body);
const open = (by: Name) => call('POST', '/v1/passkeys/enrolments', by, {});

/** What a browser and the identity provider make of an enrolment. */
async function offerFor({ body }: Answer, by: Name, signsIn: Name = by) {
  const { challenge, rpId, user } = body as { challenge: string; rpId: string; user: { id: string } };
  const made = softwarePasskey(stateDir, by).create({ challenge, rpId, origin, userHandle: user.id });
  const registration = registrationSchema.parse(made);
  const idToken = await api.stack.issuer.voteToken(signsIn, enrolmentNonce(challenge, registration, sha256));
  return { enrolment: String(body['enrolment']), registration, idToken };
}

async function enrolled(by: Name): Promise<string> {
  const { status, body } = await call('POST', '/v1/passkeys', by, await offerFor(await open(by), by));
  expect({ status, code: body['code'] }).toEqual({ status: 201, code: undefined });
  return String(body['id']);
}

describe('a person enrols a passkey', () => {
  it('with a key made for the enrolment and a sign-in for that key', async () => {
    const opened = await open('amara');
    expect(opened).toMatchObject({
      status: 201,
      body: {
        rpId: 'localhost',
        user: { id: Buffer.from(api.stack.people.amara).toString('base64url'), name: 'amara', displayName: 'amara' },
        algorithms: [-7, -8, -257],
        exclude: [],
      },
    });
    const offer = await offerFor(opened, 'amara');
    const made = await call('POST', '/v1/passkeys', 'amara', offer);
    expect(made).toMatchObject({
      status: 201,
      body: {
        id: offer.enrolment,
        credential: offer.registration.id,
        rpId: 'localhost',
        transports: ['internal', 'hybrid'],
        lastUsedAt: null,
        revokedAt: null,
      },
    });
    expect(await call('POST', '/v1/passkeys', 'amara', offer)).toMatchObject({ status: 201, body: made.body });
    expect((await call('GET', '/v1/passkeys', 'amara')).body).toEqual({ passkeys: [made.body] });
    expect((await api.leaves()).map(({ kind }) => kind)).toContain('passkey.enrolled');
    expect((await open('amara')).body['exclude']).toEqual([offer.registration.id]);
  });

  it('and votes with it', async () => {
    await enrolled('ben');
    const action = (await api.client().request(await api.medications())).id;
    const { body } = await call('POST', '/v1/challenges', 'ben', { action, verdict: 'approve' });
    const assertion = softwarePasskey(stateDir, 'ben').get({
      challenge: String(body['hash']),
      rpId: 'localhost',
      origin,
    });
    const vote = { challenge: body['challenge'], proof: { kind: 'passkey', ...assertion } };
    expect(await call('POST', '/v1/votes', 'ben', vote)).toMatchObject({ status: 200, body: { status: 'counted' } });
    expect(await api.leaves(action)).toContainEqual(
      expect.objectContaining({ kind: 'vote.counted', data: expect.objectContaining({ method: 'passkey' }) }),
    );
  });

  it('and not with another person’s sign-in: the code says why, once and again', async () => {
    const offer = await offerFor(await open('ben'), 'ben', 'amara');
    const refused = { status: 409, body: { code: 'passkey.other_person' } };
    expect(await call('POST', '/v1/passkeys', 'ben', offer)).toMatchObject(refused);
    expect(await call('POST', '/v1/passkeys', 'ben', offer)).toMatchObject(refused);
  });

  it('and not under another person’s enrolment, nor under none', async () => {
    const offer = await offerFor(await open('amara'), 'amara');
    const unknown = { status: 409, body: { code: 'passkey.unknown' } };
    expect(await call('POST', '/v1/passkeys', 'ben', offer)).toMatchObject(unknown);
    const none = { ...offer, enrolment: randomUUID() };
    expect(await call('POST', '/v1/passkeys', 'amara', none)).toMatchObject(unknown);
  });

  it.each<[what: string, change: (offer: Awaited<ReturnType<typeof offerFor>>) => unknown, pointer: string]>([
    ['without a token', ({ enrolment, registration }) => ({ enrolment, registration }), '/idToken'],
    ['with an id that is none', (offer) => ({ ...offer, enrolment: 'first' }), '/enrolment'],
    ['with a person', (offer) => ({ ...offer, person: randomUUID() }), '/: 1 unknown field'],
    [
      'with padding',
      ({ registration, ...offer }) => ({ ...offer, registration: { ...registration, id: 'AA==' } }),
      '/registration/id',
    ],
  ])('and not %s: 400, with a pointer', async (_what, change, pointer) => {
    const offer = await offerFor(await open('chen'), 'chen');
    const { status, body } = await call('POST', '/v1/passkeys', 'chen', change(offer));
    expect({ status, code: body['code'] }).toEqual({ status: 400, code: 'request.invalid' });
    expect(JSON.stringify(body['pointers'])).toContain(pointer);
  });

  it('and no agent does', async () => {
    const token = await api.agent('triage-agent', 'approvals:vote');
    const answers = [
      await api.call('POST', '/v1/passkeys/enrolments', token, {}),
      await api.call('GET', '/v1/passkeys', token),
    ];
    expect(answers).toMatchObject(answers.map(() => ({ status: 403, body: { code: 'caller.agent' } })));
    const reader = await api.person('amara', 'approvals:read');
    expect(await api.call('GET', '/v1/passkeys', reader)).toMatchObject({ status: 403, body: { code: 'token.scope' } });
  });
});

describe('a person revokes a passkey', () => {
  it('for good, and it is on the log; again changes nothing', async () => {
    const id = await enrolled('dora');
    const revoked = await call('DELETE', `/v1/passkeys/${id}`, 'dora');
    expect(revoked).toMatchObject({ status: 200, body: { id, revokedAt: expect.any(String) } });
    expect((await call('DELETE', `/v1/passkeys/${id}`, 'dora')).body).toEqual(revoked.body);
    expect((await api.leaves()).filter(({ kind }) => kind === 'passkey.revoked')).toMatchObject([
      { data: { passkey: id, person: api.stack.people.dora } },
    ]);
  });

  it('and nobody else’s', async () => {
    const id = await enrolled('chen');
    for (const path of [id, randomUUID(), 'first'])
      expect(await call('DELETE', `/v1/passkeys/${path}`, 'elif')).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
    expect((await call('GET', '/v1/passkeys', 'chen')).body).toMatchObject({ passkeys: [{ id, revokedAt: null }] });
  });
});

describe('the workflow of an enrolment', () => {
  it('carries references only', async () => {
    const offer = await offerFor(await open('elif'), 'elif');
    expect(await call('POST', '/v1/passkeys', 'elif', offer)).toMatchObject({ status: 201 });
    const found = await api.stack.db.admin.query<{ name: string }>(
      `SELECT encode(offer_sha256, 'hex') AS name FROM countersign.enrolment_offer WHERE enrolment = $1`,
      [offer.enrolment],
    );
    const of = { enrolment: passkeySchema.parse(offer.enrolment), offer: digest(found.rows[0]?.name ?? '') };
    const handle = api.stack.client.workflow.getHandle(enrolmentWorkflowId(of));
    expect(await handle.result()).toEqual({ status: 'enrolled', passkey: offer.enrolment });
    const { events } = await handle.fetchHistory();
    const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    expect(input.map(({ metadata }) => Buffer.from(metadata?.['encoding'] ?? []).toString())).toEqual([
      'binary/encrypted',
    ]);
    const [decoded] = await api.stack.codec.decode(input);
    expect(JSON.parse(Buffer.from(decoded?.data ?? []).toString())).toEqual({ tenant: clinic, ...of });
  });

  it('is pending for a caller whom no worker answers in time', async () => {
    const nobody = new Client({ connection: api.stack.env.connection, namespace: 'default' });
    const of = { tenant: clinic, enrolment: passkeySchema.parse(randomUUID()), offer: digest('00'.repeat(32)) };
    expect(await passkeyEnrolments(nobody, { within: 500 }).record(of)).toEqual({ status: 'pending' });
    await nobody.workflow.getHandle(enrolmentWorkflowId(of)).terminate();
  });

  it('of an offer that nobody noted answers that it is unknown', async () => {
    const of = { tenant: clinic, enrolment: passkeySchema.parse(randomUUID()), offer: digest('00'.repeat(32)) };
    const answer = await passkeyEnrolments(api.stack.client).record(of);
    expect(answer).toEqual({ status: 'refused', code: 'passkey.unknown' });
    expect(await passkeyEnrolments(api.stack.client).record(of)).toEqual(answer);
  });
});
