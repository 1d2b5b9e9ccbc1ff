import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { FaultSwitch } from '../../../sandbox/src/ehr/faults.js';
import { startEhr, type RunningEhr } from '../../../sandbox/src/ehr/server.js';
import { assertion, fhirClient, newKey, requestToken } from './ehr-client.js';
import { entry, order, provenance, putOf, transactionOf } from './ehr-records.js';

let ehr: RunningEhr;
let call: ReturnType<typeof fhirClient>;
const controlToken = 'control-token-of-this-test';
const onWrites = (fault: FaultSwitch['fault'], path = '/fhir/MedicationRequest', method = 'PUT'): void =>
  ehr.faults.set({ match: { method, path }, fault });
const create = async () => (await call('MedicationRequest', { method: 'POST', body: order() })).json();
const change = async (id: string, version = 1, requestId = 'act/1') =>
  call(`MedicationRequest/${id}`, {
    method: 'PUT',
    body: { ...order(), id, status: 'stopped' },
    headers: { 'if-match': `W/"${version}"`, 'x-request-id': requestId },
  });
const versionOf = async (id: string): Promise<string> => (await call(`MedicationRequest/${id}`)).json().meta.versionId;
const lastWrite = () => ehr.requests('fhir').findLast(({ method }) => method !== 'GET');

beforeAll(async () => {
  const key = await newKey('ES384');
  const clients = [{ id: 'worker', jwks: key.jwks, scope: 'system/*.crus' }];
  ehr = await startEhr({ port: 0, seed: 'write-faults', clients, controlToken });
  const { body } = await requestToken(ehr.tokenUrl, await assertion(key, { audience: ehr.tokenUrl }), 'system/*.crus');
  call = fhirClient(ehr.url, String(body['access_token']));
});
afterEach(() => ehr.faults.clear());
afterAll(() => ehr.close());

describe('a fault in a write', () => {
  it('drop: it is done, nobody is told, and the log knows', async () => {
    const { id } = await create();
    onWrites({ kind: 'drop' });
    await expect(change(id)).rejects.toThrow('fetch failed');
    expect(await versionOf(id)).toBe('2');
    expect(lastWrite()).toMatchObject({ fault: 'drop', status: 200, written: [`MedicationRequest/${id}/_history/2`] });
    expect((await change(id)).status).toBe(412);
  });

  it('fail_after: it is done, and the answer says that it failed', async () => {
    const { id } = await create();
    onWrites({ kind: 'fail_after', status: 503, retryAfter: 3 });
    const answer = await change(id);
    expect([answer.status, answer.headers.get('retry-after'), answer.json().resourceType]).toEqual([
      503,
      '3',
      'OperationOutcome',
    ]);
    expect(await versionOf(id)).toBe('2');
    expect(lastWrite()).toMatchObject({
      fault: 'fail_after',
      status: 503,
      written: [`MedicationRequest/${id}/_history/2`],
    });
  });

  it('status: it is not done', async () => {
    const { id } = await create();
    onWrites({ kind: 'status', status: 500 });
    expect([(await change(id)).status, await versionOf(id)]).toEqual([500, '1']);
    expect(lastWrite()).not.toHaveProperty('written');
  });

  it.each([
    ['before', '1', undefined],
    ['after', '2', 1],
  ] as const)('hold %s: what others see meanwhile is version %s', async (when, seen, written) => {
    const { id } = await create();
    onWrites({ kind: 'hold', when });
    const held = change(id);
    await ehr.faults.whenHeld();
    expect([await versionOf(id), lastWrite()?.written?.length, lastWrite()?.status]).toEqual([
      seen,
      written,
      undefined,
    ]);
    ehr.faults.release();
    expect([(await held).status, await versionOf(id)]).toEqual([200, '2']);
  });

  it.each(['before', 'after'] as const)('delay %s: it is done late, or told late', async (when) => {
    const { id } = await create();
    onWrites({ kind: 'delay', ms: 150, when });
    const began = performance.now();
    expect((await change(id)).status).toBe(200);
    expect(performance.now() - began).toBeGreaterThanOrEqual(145);
  });

  it('meets transactions alone when it names the whole path', async () => {
    ehr.faults.set({
      match: { method: 'POST', path: '/fhir', exact: true },
      fault: { kind: 'fail_after', status: 502 },
    });
    const { id } = await create();
    const bundle = transactionOf(
      putOf({ ...order(), id }, 'W/"1"'),
      entry(provenance('act-1', { reference: `MedicationRequest/${id}` })),
    );
    expect((await call(ehr.url, { method: 'POST', body: bundle })).status).toBe(502);
    expect([await versionOf(id), lastWrite()?.written?.length]).toEqual(['2', 2]);
  });

  it('that could not be one is refused', () => {
    for (const fault of [{ kind: 'fail_after', status: 404 } as const, { kind: 'fail_after', status: 200 } as const])
      expect(() => onWrites(fault)).toThrow(expect.objectContaining({ name: 'ZodError' }));
  });
});

describe('somebody else', () => {
  it('changes a record between a read and the write that was based on it', async () => {
    const { id } = await create();
    onWrites({ kind: 'hold' });
    const held = change(id);
    await ehr.faults.whenHeld();
    expect(ehr.edit(`MedicationRequest/${id}`, { status: 'on-hold' })).toEqual({ versionId: '2' });
    ehr.faults.release();
    expect((await held).status).toBe(412);
    expect((await call(`MedicationRequest/${id}`)).json()).toMatchObject({
      status: 'on-hold',
      meta: { versionId: '2' },
    });
    expect((await change(id, 2)).status).toBe(200);
  });

  it.each<[what: string, body: object, token: string, status: number]>([
    ['with the control token', { elements: { status: 'on-hold' } }, controlToken, 200],
    ['with another token', { elements: {} }, 'guessed', 403],
    ['an unknown record', { elements: {}, reference: 'MedicationRequest/nobody' }, controlToken, 404],
    ['an unknown type', { elements: {}, reference: 'Unheard/1' }, controlToken, 404],
    ['no reference', { elements: {}, reference: 'MedicationRequest/1/2' }, controlToken, 400],
    ['what would be another type', { elements: { resourceType: 'Patient' } }, controlToken, 400],
    ['no elements', {}, controlToken, 400],
  ])('does so by HTTP %s, unseen by the request log', async (_what, body, token, status) => {
    const { id } = await create();
    const seen = ehr.requests().length;
    const response = await fetch(`${ehr.controlUrl}/edit`, {
      method: 'POST',
      body: JSON.stringify({ reference: `MedicationRequest/${id}`, ...body }),
      headers: { 'x-sandbox-control': token },
    });
    expect([response.status, ehr.requests().length - seen]).toEqual([status, 0]);
    expect(await versionOf(id)).toBe(status === 200 ? '2' : '1');
  });
});

describe('the request log of a write', () => {
  it('has its conditions, its id and the version that it made', async () => {
    const { id } = await create();
    await change(id, 1, 'act-9/1');
    const path = `/fhir/MedicationRequest/${id}`;
    expect(lastWrite()).toMatchObject({
      method: 'PUT',
      path,
      ifMatch: 'W/"1"',
      requestId: 'act-9/1',
      status: 200,
      written: [`MedicationRequest/${id}/_history/2`],
    });
    await change(id, 1, 'act-9/2');
    expect(lastWrite()).toMatchObject({ ifMatch: 'W/"1"', requestId: 'act-9/2', status: 412 });
    expect(lastWrite()).not.toHaveProperty('written');
  });

  it('tells a creation from finding what was there', async () => {
    const headers = { 'if-none-exist': 'identifier=urn:action|log-1' };
    const post = () => call('MedicationRequest', { method: 'POST', body: order('log-1'), headers });
    const { id } = (await post()).json();
    expect(lastWrite()).toMatchObject({
      ifNoneExist: headers['if-none-exist'],
      written: [`MedicationRequest/${id}/_history/1`],
    });
    await post();
    expect(lastWrite()).toMatchObject({ status: 200, written: [] });
  });

  it('lists what a transaction asked for, even one that was refused', async () => {
    const { id } = await create();
    const put = putOf({ ...order(), id }, 'W/"7"');
    await call('', { method: 'POST', body: transactionOf(put, entry(order(), { ifNoneExist: '_id=1' })) });
    expect(lastWrite()).toMatchObject({
      status: 412,
      entries: [
        { method: 'PUT', url: `MedicationRequest/${id}`, ifMatch: 'W/"7"' },
        { method: 'POST', url: 'MedicationRequest', ifNoneExist: '_id=1' },
      ],
    });
    expect(lastWrite()).not.toHaveProperty('written');
  });
});

describe('an EHR that ends', () => {
  it('does not do afterwards what it held', async () => {
    const key = await newKey('ES384');
    const clients = [{ id: 'worker', jwks: key.jwks, scope: 'system/*.crus' }];
    const other = await startEhr({ port: 0, clients });
    const { body } = await requestToken(
      other.tokenUrl,
      await assertion(key, { audience: other.tokenUrl }),
      'system/*.crus',
    );
    other.faults.set({ match: { method: 'POST' }, fault: { kind: 'hold' } });
    const held = fhirClient(other.url, String(body['access_token']))('MedicationRequest', {
      method: 'POST',
      body: order(),
    });
    const gone = held.then(
      () => 'answered',
      String, // an error of the platform's realm is none of ours
    );
    await other.faults.whenHeld();
    await other.close();
    expect(await gone).toContain('fetch failed');
    expect(other.requests('fhir').at(-1)).not.toHaveProperty('written');
  });
});
