/** DESIGN §7 for requests, and who may see what. */
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPair, SignJWT } from 'jose';
import { formatVerifier, openNote, parseVerifier } from '../../../src/audit/note.js';
import { verifyBundle } from '../../../src/audit/verify.js';
import { logSigner } from '../../support/stack.js';
import { unsigned } from '../../support/unsigned.js';
import { apiStage, type ApiStage } from './stage.js';

const logs = [parseVerifier(formatVerifier(logSigner))].flatMap((verifier) => verifier ?? []);

let api: ApiStage;
beforeAll(async () => {
  api = await apiStage();
});
afterAll(() => api?.stop());

let asked = 0;
const key = (): string => `key-${(asked += 1)}`;
const post = async (body: unknown, token?: string) =>
  api.call('POST', '/v1/actions', token ?? (await api.agent()), body);
/** An action that waits for a clinician. */
const waiting = async (): Promise<string> => {
  const opened = await post({ ...(await api.medications()), idempotencyKey: key() });
  expect(opened).toMatchObject({ status: 201, body: { status: 'awaiting_approval', tier: 'T1' } });
  return String(opened.body['id']);
};

describe('a log in which nothing stands yet', () => {
  it('has no checkpoint to show', async () => {
    expect(await api.call('GET', '/v1/log/checkpoint', await api.agent())).toMatchObject({
      status: 503,
      body: { code: 'checkpoint.not_yet' },
    });
  });
});

describe('a request', () => {
  it('answers 201 with where it stands, and where to find it', async () => {
    const { status, body, headers } = await post({ ...(await api.facility()), idempotencyKey: key() });
    expect({ status, type: body['type'], tier: body['tier'] }).toEqual({
      status: 201,
      type: 'facility.read',
      tier: 'T0',
    });
    expect(headers.get('location')).toBe(`/v1/actions/${String(body['id'])}`);
  });

  it.each([
    ['an unknown field', { urgent: true }, '/: 1 unknown field(s)'],
    ['a wrong type', { reason: 7 }, '/reason: invalid_type'],
    ['a malformed purpose', { purpose: 'treat' }, '/purpose: invalid_format'],
    ['a negative deadline', { expiresIn: -1 }, '/expiresIn: too_small'],
    [
      'a patient by name',
      { input: { patient: 'Quillfeather', episode: 'Encounter/1' } },
      '/input/patient: invalid_format',
    ],
    [
      'an extra argument',
      { input: { patient: 'Patient/1', episode: 'Encounter/1', all: true } },
      '/input: 1 unknown field(s)',
    ],
  ])('with %s is refused with a pointer and no value', async (_what, wrong, pointer) => {
    const { status, body, headers } = await post({ ...(await api.medications()), idempotencyKey: key(), ...wrong });
    expect({ status, code: body['code'] }).toEqual({ status: 400, code: 'request.invalid' });
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(body['pointers']).toContain(pointer);
    expect(JSON.stringify(body)).not.toMatch(/Quillfeather|urgent|"7"/);
  });

  it.each([
    ['no JSON', '{"type":', 'request.invalid', 400],
    ['a list', '[]', 'request.invalid', 400],
    ['more than 64 kB', JSON.stringify({ type: 'x'.repeat(70_000) }), 'request.too_large', 413],
  ])('that is %s is refused', async (_what, text, code, status) => {
    expect(await post(text)).toMatchObject({ status, body: { code } });
  });

  it.each([
    ['in a value', { reason: 'Half a character \ud83d' }],
    ['in a value of the input', { input: { patient: 'Patient/1', episode: 'Encounter/\udc00' } }],
    ['in a name', { input: { '\ud83d': 1 } }],
  ])('with half a character %s is refused: it has no bytes that two could bind', async (_where, half) => {
    const answer = await post({ ...(await api.medications()), idempotencyKey: key(), ...half });
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid', pointers: ['/: not_unicode'] } });
  });

  it('of bytes that are no UTF-8 is refused', async () => {
    const headers = { authorization: `Bearer ${await api.agent()}`, 'content-type': 'application/json' };
    const body = Buffer.from([...Buffer.from('{"type":"'), 0xc3, 0x28, ...Buffer.from('"}')]);
    const response = await fetch(`${api.url}/v1/actions`, { method: 'POST', headers, body });
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 400,
      body: { code: 'request.invalid', pointers: ['/: not_unicode'] },
    });
  });

  it('that is no JSON by its own word is refused', async () => {
    const headers = { authorization: `Bearer ${await api.agent()}`, 'content-type': 'text/plain' };
    const response = await fetch(`${api.url}/v1/actions`, { method: 'POST', headers, body: '{}' });
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 415,
      body: { code: 'request.media_type' },
    });
  });

  it.each([
    ['type', { type: 'medication.read' }, 'type.unknown', 'medications.read'],
    ['element', { type: 'record.read', elements: ['alergy_history'] }, 'element.unknown', 'allergy_history'],
    ['purpose', { purpose: 'TREATS' }, 'purpose.unknown', 'TREAT'],
  ])(
    'with an unknown %s is refused with the closest known one, and leaves a leaf',
    async (_what, wrong, code, suggestion) => {
      const answer = await post({ ...(await api.medications()), idempotencyKey: key(), ...wrong });
      expect(answer).toMatchObject({ status: 422, body: { code, suggestion } });
      expect(await api.leaves()).toContainEqual(
        expect.objectContaining({ kind: 'request.refused', data: { agent: 'triage-agent', code } }),
      );
    },
  );

  it('with the same key and body finds the same action; with another body it is a conflict', async () => {
    const body = { ...(await api.medications()), idempotencyKey: key() };
    const first = await post(body);
    const again = await post({ ...body, principal: await api.stack.issuer.principalToken('chen', 'triage-agent') });
    expect(again).toMatchObject({ status: 200, body: { id: first.body['id'] } });
    expect(await post({ ...body, reason: 'Another reason' })).toMatchObject({
      status: 409,
      body: { code: 'idempotency.mismatch' },
    });
  });

  it('sent several times at once is one action', async () => {
    const body = { ...(await api.medications()), idempotencyKey: key() };
    const answers = await Promise.all([post(body), post(body), post(body), post(body)]);
    expect(new Set(answers.map(({ body: { id } }) => id)).size).toBe(1);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  });

  it('of a suspended agent is refused by name of the rule', async () => {
    const { admin } = api.stack.db;
    await admin.query(
      `INSERT INTO countersign.suspension (tenant, kind, subject, reason) VALUES ('clinic', 'agent', 'scheduling-agent', 'incident')`,
    );
    const principal = await api.stack.issuer.principalToken('chen', 'scheduling-agent');
    const facility = await api.facility({ principal });
    const { body } = await post({ ...facility, idempotencyKey: key() }, await api.agent('scheduling-agent'));
    const settled = await api.call(
      'GET',
      `/v1/actions/${String(body['id'])}/wait?seconds=10`,
      await api.agent('scheduling-agent'),
    );
    expect(settled.body['status']).toBe('refused');
    const released = await api.call(
      'POST',
      `/v1/actions/${String(body['id'])}/release`,
      await api.agent('scheduling-agent'),
    );
    expect(released).toMatchObject({ status: 403, body: { code: 'agent.not_current' } });
    expect((await api.leaves(String(body['id']))).map(({ kind }) => kind)).toContain('request.refused');
  });
});

describe('the principal of a request', () => {
  const cases: [string, () => Promise<string>, number, string][] = [
    [
      'who let another agent act',
      () => api.stack.issuer.principalToken('chen', 'scheduling-agent'),
      401,
      'principal.other_agent',
    ],
    ['named by no token at all', () => Promise.resolve('chen'), 401, 'token.issuer'],
    ['by an access token', () => api.person('chen'), 401, 'token.invalid'],
    [
      'who is not in the directory',
      () => api.stack.issuer.principalToken('mallory', 'triage-agent'),
      403,
      'principal.unknown',
    ],
  ];
  it.each(cases)('%s is refused, with a leaf', async (_who, principal, status, code) => {
    const body = await api.medications({ principal: await principal() });
    expect(await post({ ...body, idempotencyKey: key() })).toMatchObject({ status, body: { code } });
    expect(await api.leaves()).toContainEqual(
      expect.objectContaining({ kind: 'request.refused', data: { agent: 'triage-agent', code } }),
    );
  });
});

describe('a token', () => {
  const signed = async (issuer: string, more: object = {}, typ = 'at+jwt'): Promise<string> => {
    const { privateKey } = await generateKeyPair('ES256');
    return new SignJWT({ sub: 'triage-agent', client_id: 'triage-agent', scope: 'actions:read', ...more })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ })
      .setIssuer(issuer)
      .setAudience(api.stack.issuer.audience)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
  };
  const own = (claims: object, typ?: string) =>
    api.stack.issuer.sign(
      { sub: 'triage-agent', client_id: 'triage-agent', aud: api.stack.issuer.audience, ...claims },
      typ,
    );
  const unsigned = async () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = {
      iss: api.stack.issuer.url,
      sub: 'triage-agent',
      client_id: 'triage-agent',
      aud: api.stack.issuer.audience,
      exp: 9e9,
      iat: 1,
    };
    return `${part({ alg: 'none', typ: 'at+jwt' })}.${part(claims)}.${part({})}`;
  };
  // The classic: the issuer's public key, which everybody has, taken for a shared secret.
  const hmac = async () => {
    const jwks = await (await fetch(`${api.stack.issuer.url}/jwks`)).text();
    return new SignJWT({ sub: 'triage-agent', client_id: 'triage-agent' })
      .setProtectedHeader({ alg: 'HS256', kid: 'k1', typ: 'at+jwt' })
      .setIssuer(api.stack.issuer.url)
      .setAudience(api.stack.issuer.audience)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(Buffer.from(jwks));
  };
  const cases: [string, () => Promise<string | undefined>, string][] = [
    ['that is missing', () => Promise.resolve(undefined), 'token.missing'],
    ['that is garbage', () => Promise.resolve('garbage'), 'token.issuer'],
    ['of a foreign issuer', () => signed('https://elsewhere.example'), 'token.issuer'],
    ['forged in the name of ours', () => signed(api.stack.issuer.url), 'token.invalid'],
    ['without a signature', unsigned, 'token.invalid'],
    ['signed by HMAC', hmac, 'token.invalid'],
    ['for another audience', () => own({ aud: 'https://other.example/' }, 'at+jwt'), 'token.audience'],
    ['of another type', () => own({}, 'JWT'), 'token.invalid'],
    ['that has expired', () => own({ exp: Math.floor(Date.now() / 1000) - 60 }, 'at+jwt'), 'token.expired'],
    ['of a principal', () => api.stack.issuer.principalToken('chen', 'triage-agent'), 'token.invalid'],
  ];
  it.each(cases)('%s is refused', async (_what, token, code) => {
    const { status, body, headers } = await api.call('GET', '/v1/actions', await token());
    expect({ status, code: body['code'] }).toEqual({ status: 401, code });
    expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  it('without the scope is refused with 403', async () => {
    const answer = await post(
      { ...(await api.facility()), idempotencyKey: key() },
      await api.agent('triage-agent', 'actions:read'),
    );
    expect(answer).toMatchObject({ status: 403, body: { code: 'token.scope' } });
  });

  it('of a suspended person is refused with 403', async () => {
    const { admin } = api.stack.db;
    const { dora } = api.stack.people;
    await admin.query(
      `INSERT INTO countersign.suspension (tenant, kind, subject, reason) VALUES ('clinic', 'person', $1, 'incident')`,
      [dora],
    );
    expect(await api.call('GET', '/v1/actions', await api.person('dora'))).toMatchObject({
      status: 403,
      body: { code: 'person.inactive' },
    });
    await admin.query(`UPDATE countersign.suspension SET lifted_at = clock_timestamp() WHERE subject = $1`, [dora]);
  });
});

describe('an action', () => {
  it('is not there for another agent: not to see, wait for, cancel, release or prove', async () => {
    const id = await waiting();
    const other = await api.agent('scheduling-agent');
    const answers = await Promise.all([
      api.call('GET', `/v1/actions/${id}`, other),
      api.call('GET', `/v1/actions/${id}/wait?seconds=1`, other),
      api.call('POST', `/v1/actions/${id}/cancel`, other),
      api.call('POST', `/v1/actions/${id}/release`, other),
      api.call('GET', `/v1/actions/${id}/evidence`, other),
    ]);
    expect(answers.map(({ status, body }) => [status, body['code']])).toEqual(answers.map(() => [404, 'not_found']));
  });

  it('is shown to people by scope, without content', async () => {
    const id = await waiting();
    expect(await api.call('GET', `/v1/actions/${id}`, await api.person('ben'))).toMatchObject({
      status: 200,
      body: { id },
    });
    const page = await api.call('GET', '/v1/actions?limit=1&status=awaiting_approval', await api.person('ben'));
    expect(page.body).toMatchObject({ actions: [{ id }] });
    const next = await api.call('GET', `/v1/actions?limit=200&before=${id}`, await api.person('ben'));
    expect(JSON.stringify(next.body)).not.toContain(id);
    const { status } = await api.call('GET', `/v1/actions/${id}`, await api.person('ben', 'approvals:read'));
    expect(status).toBe(403);
  });

  it('is released to nobody before it ends, and to no person', async () => {
    const id = await waiting();
    const early = await api.call('POST', `/v1/actions/${id}/release`, await api.agent());
    expect(early).toMatchObject({ status: 409, body: { code: 'action.not_releasable' } });
    const person = await api.call('POST', `/v1/actions/${id}/release`, await api.person('chen', 'actions:release'));
    expect(person).toMatchObject({ status: 403, body: { code: 'caller.person' } });
  });

  it('is cancelled by a person with the scope, who is named on the log', async () => {
    const id = await waiting();
    expect((await api.call('POST', `/v1/actions/${id}/cancel`, await api.person('ben', 'actions:read'))).status).toBe(
      403,
    );
    expect((await api.call('POST', `/v1/actions/${id}/cancel`, await api.person('ben'))).status).toBe(202);
    const settled = await api.call('GET', `/v1/actions/${id}/wait`, await api.agent());
    expect(settled.body['status']).toBe('cancelled');
    expect(await api.leaves(id)).toContainEqual(
      expect.objectContaining({ kind: 'action.cancel_requested', data: { agent: null, person: api.stack.people.ben } }),
    );
    expect((await api.call('POST', `/v1/actions/${id}/cancel`, await api.agent())).status).toBe(200);
  });

  it('has evidence only when a checkpoint covers it', async () => {
    const { id } = await api.client().request(await api.facility());
    await unsigned(api.stack.db, async () => {
      await api.client().wait(id);
      const { status, body, headers } = await api.call('GET', `/v1/actions/${id}/evidence`, await api.agent());
      expect({ status, code: body['code'], retry: headers.get('retry-after') }).toEqual({
        status: 503,
        code: 'evidence.not_yet',
        retry: '1',
      });
    });
  });

  it('hands its evidence to the agent that asked, and to auditors', async () => {
    const { id } = await api.client().request(await api.facility());
    await api.client().wait(id);
    /** As a caller does who is told to come again. */
    const evidenceFor = async (token: string) => {
      for (;;) {
        const answer = await api.call('GET', `/v1/actions/${id}/evidence`, token);
        if (answer.status !== 503) return answer;
      }
    };
    for (const token of [await api.agent(), await api.person('elif')]) {
      const { status, body } = await evidenceFor(token);
      expect({ status, found: verifyBundle(body, logs).status }).toEqual({ status: 200, found: 'valid' });
    }
    const { status } = await api.call('GET', `/v1/actions/${id}/evidence`, await api.person('elif', 'actions:read'));
    expect(status).toBe(403);
    const { body } = await api.call('GET', '/v1/log/checkpoint', await api.agent());
    expect(openNote(String(body['note']), logs)).toBeDefined();
  });

  it('is counted under its disposal date once it has ended', async () => {
    const { id } = await api.client().request(await api.facility());
    const { retention } = await api.client().wait(id);
    const { body } = await api.call('GET', '/v1/disposals', await api.person('elif'));
    expect(body['disposals']).toContainEqual(
      expect.objectContaining({ ...retention, disposed: 0, status: 'scheduled' }),
    );
    expect((await api.call('GET', '/v1/disposals', await api.agent())).body['code']).toBe('caller.agent');
  });

  it('is waited for by a bounded number of callers', async () => {
    const id = await waiting();
    const token = await api.agent();
    const wait = (seconds: number) => api.call('GET', `/v1/actions/${id}/wait?seconds=${seconds}`, token);
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => wait(1)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 503, 503]);
    expect((await wait(26)).status).toBe(400);
    const held = wait(25);
    await api.call('POST', `/v1/actions/${id}/cancel`, token);
    expect((await held).body['status']).toBe('cancelled');
  });

  it('is no longer waited for by a caller who went away', async () => {
    const id = await waiting();
    const headers = { authorization: `Bearer ${await api.agent()}` };
    const gone = new AbortController();
    const place = async () => (await fetch(`${api.url}/v1/actions/${id}/wait?seconds=0.2`, { headers })).status;
    const held: Promise<number | 'gone'>[] = [];
    const hold = () =>
      fetch(`${api.url}/v1/actions/${id}/wait`, { headers, signal: gone.signal }).then(
        ({ status }) => status,
        () => 'gone' as const,
      );
    while ((await place()) !== 503) held.push(hold()); // another place is taken, until none is left
    gone.abort();
    // A look may have come before the one that it was to count, which then found no place.
    const answers = (await Promise.all(held)).filter((answer) => answer !== 503);
    expect({ places: answers.length >= 4, answers: new Set(answers) }).toEqual({
      places: true,
      answers: new Set(['gone']),
    });
    while ((await place()) !== 200); // long before their 25 seconds are over
  }, 15_000);
});

describe('every answer', () => {
  it('has an id of ours and headers that keep it out of caches and frames', async () => {
    const { headers } = await api.call('GET', '/healthz');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it.each([
    ['an unknown path', '/nowhere', 404],
    ['an id that cannot be', '/v1/actions/..%2F..%2Fetc', 404],
    ['an id that nothing has', `/v1/actions/${'a'.repeat(26)}`, 404],
  ])('for %s is a problem', async (_what, path, status) => {
    expect(await api.call('GET', path, await api.agent())).toMatchObject({
      status,
      body: { code: 'not_found', status },
    });
  });

  it('to a head that is too large is a refusal, and the API lives on', async () => {
    const status = await new Promise((resolve) => {
      const call = httpRequest(`${api.url}/healthz`, { headers: { 'x-long': 'x'.repeat(60_000) } }, (response) =>
        resolve(response.resume().statusCode),
      );
      call.on('error', () => resolve('cut')).end();
    });
    expect([431, 'cut']).toContain(status);
    expect((await api.call('GET', '/healthz')).body).toEqual({ status: 'up' });
    expect((await api.call('GET', '/openapi.json')).body['openapi']).toBe('3.1.0');
  });
});
