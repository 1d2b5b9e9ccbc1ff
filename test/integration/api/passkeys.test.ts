import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { softwarePasskey } from '@countersign/sandbox';
import { digest } from '../../../src/action/ids.js';
import { enrolmentWorkflowId } from '../../../src/passkey/enrolment.js';
import { passkeySchema, vouchingSchema } from '../../../src/passkey/ids.js';
import { enrolmentNonce, registrationSchema } from '../../../src/passkey/registration.js';
import { statementSchema, vouchingHash } from '../../../src/passkey/vouching.js';
import { passkeyWorkflows } from '../../../src/temporal/passkey-workflows.js';
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

describe('a person vouches for a passkey', () => {
  const sign = (by: Name, hash: unknown) =>
    softwarePasskey(stateDir, by).get({ challenge: String(hash), rpId: 'localhost', origin });
  const vouchings = (passkey: string, by: Name) => call('POST', `/v1/passkeys/${passkey}/vouchings`, by, {});
  const wordOf = ({ body }: Answer, assertion: object) => ({
    vouching: Object(body['statement'])['vouching'],
    assertion,
  });
  let [theirs, own] = ['', ''];
  beforeAll(async () => {
    [theirs, own] = [await enrolled('amara'), await enrolled('ben')];
  });

  it('after seeing whose it is, and the fingerprint that its owner sees too', async () => {
    const { status, body } = await call('GET', `/v1/passkeys/${theirs}`, 'ben');
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { id: theirs, owner: 'amara', rpId: 'localhost', revokedAt: null, vouched: null },
    });
    expect(Object.keys(body)).not.toContain('credential');
    const list = (await call('GET', '/v1/passkeys', 'amara')).body['passkeys'];
    expect(list).toContainEqual(
      expect.objectContaining({ id: theirs, fingerprint: body['fingerprint'], vouched: null }),
    );
  });

  it('with a passkey of their own, once: from then on it says by whom', async () => {
    const opened = await vouchings(theirs, 'ben');
    expect(opened).toMatchObject({
      status: 201,
      body: {
        statement: { v: 1, passkey: theirs, person: api.stack.people.amara, voucher: api.stack.people.ben },
        rpId: 'localhost',
      },
    });
    expect(opened.body['hash']).toBe(vouchingHash(statementSchema.parse(opened.body['statement']), sha256));
    const word = wordOf(opened, sign('ben', opened.body['hash']));
    const vouched = {
      status: 200,
      body: { id: theirs, owner: 'amara', vouched: { by: 'ben', at: expect.any(String) } },
    };
    expect(await call('POST', '/v1/vouchings', 'ben', word)).toMatchObject(vouched);
    expect(await call('POST', '/v1/vouchings', 'ben', word)).toMatchObject(vouched);
    const list = (await call('GET', '/v1/passkeys', 'amara')).body['passkeys'];
    expect(list).toContainEqual(
      expect.objectContaining({ id: theirs, vouched: expect.objectContaining({ by: 'ben' }) }),
    );
    expect(await api.leaves()).toContainEqual(expect.objectContaining({ kind: 'passkey.vouched', key: word.vouching }));
    expect(await vouchings(theirs, 'ben')).toMatchObject({ status: 409, body: { code: 'vouching.duplicate' } });
  });

  it('and not for their own, nor while nobody vouched for theirs', async () => {
    expect(await vouchings(own, 'ben')).toMatchObject({ status: 409, body: { code: 'vouching.own' } });
    const another = await enrolled('elif');
    expect(await vouchings(another, 'ben')).toMatchObject({ status: 409, body: { code: 'vouching.not_vouched' } });
  });

  it('and not with a signature for something else, nor under the vouching of somebody else', async () => {
    const opened = await vouchings(own, 'amara');
    const other = wordOf(opened, sign('amara', 'A'.repeat(43)));
    const refused = { status: 409, body: { code: 'vouching.other_statement' } };
    expect(await call('POST', '/v1/vouchings', 'amara', other)).toMatchObject(refused);
    expect(await call('POST', '/v1/vouchings', 'amara', other)).toMatchObject(refused);
    const word = wordOf(opened, sign('amara', opened.body['hash']));
    const unknown = { status: 409, body: { code: 'vouching.unknown' } };
    expect(await call('POST', '/v1/vouchings', 'chen', word)).toMatchObject(unknown);
    expect(await call('POST', '/v1/vouchings', 'amara', { ...word, vouching: randomUUID() })).toMatchObject(unknown);
    expect(await call('POST', '/v1/vouchings', 'amara', word)).toMatchObject({ status: 200 });
  });

  it.each<[what: string, id: () => string]>([
    ['that does not exist', randomUUID],
    ['by no id', () => 'first'],
  ])('and not for one %s', async (_what, id) => {
    const nothing = { status: 404, body: { code: 'not_found' } };
    expect(await call('GET', `/v1/passkeys/${id()}`, 'ben')).toMatchObject(nothing);
    expect(await vouchings(id(), 'ben')).toMatchObject(nothing);
  });

  it('and no agent does', async () => {
    const token = await api.agent('triage-agent', 'approvals:vote');
    const agents = { status: 403, body: { code: 'caller.agent' } };
    expect(await api.call('GET', `/v1/passkeys/${theirs}`, token)).toMatchObject(agents);
    expect(await api.call('POST', `/v1/passkeys/${theirs}/vouchings`, token, {})).toMatchObject(agents);
  });

  it('through a workflow that answers that a word is unknown which nobody noted', async () => {
    const of = { tenant: clinic, vouching: vouchingSchema.parse(randomUUID()), word: digest('00'.repeat(32)) };
    const answer = await passkeyWorkflows(api.stack.client).vouch(of);
    expect(answer).toEqual({ status: 'refused', code: 'vouching.unknown' });
    expect(await passkeyWorkflows(api.stack.client).vouch(of)).toEqual(answer);
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
    expect(await passkeyWorkflows(nobody, { within: 500 }).enrol(of)).toEqual({ status: 'pending' });
    await nobody.workflow.getHandle(enrolmentWorkflowId(of)).terminate();
  });

  it('of an offer that nobody noted answers that it is unknown', async () => {
    const of = { tenant: clinic, enrolment: passkeySchema.parse(randomUUID()), offer: digest('00'.repeat(32)) };
    const answer = await passkeyWorkflows(api.stack.client).enrol(of);
    expect(answer).toEqual({ status: 'refused', code: 'passkey.unknown' });
    expect(await passkeyWorkflows(api.stack.client).enrol(of)).toEqual(answer);
  });
});
