import { get } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { FaultSwitch } from '../../../sandbox/src/ehr/faults.js';
import { startEhr, type RunningEhr } from '../../../sandbox/src/ehr/server.js';
import { assertion, fhirClient, newKey, requestToken } from './ehr-client.js';

let ehr: RunningEhr;
let call: ReturnType<typeof fhirClient>;
let authorization: string;
const controlToken = 'control-token-of-this-test';
const onOrders = (fault: FaultSwitch['fault'], times: FaultSwitch['times'] = 1): void =>
  ehr.faults.set({ match: { path: '/fhir/MedicationRequest' }, times, fault });
const orders = 'MedicationRequest?patient=canary';

beforeAll(async () => {
  const key = await newKey('ES384');
  ehr = await startEhr({
    port: 0,
    seed: 'faults',
    clients: [{ id: 'worker', jwks: key.jwks, scope: 'system/*.crus' }],
    controlToken,
  });
  const { body } = await requestToken(ehr.tokenUrl, await assertion(key, { audience: ehr.tokenUrl }), 'system/*.crus');
  authorization = `Bearer ${String(body['access_token'])}`;
  call = fhirClient(ehr.url, String(body['access_token']));
});
afterEach(() => ehr.faults.clear());
afterAll(() => ehr.close());

describe('a fault switch', () => {
  it('meets as many matching requests as it says, and no others', async () => {
    ehr.faults.set({ match: { method: 'GET', path: '/fhir/Medi' }, times: 2, fault: { kind: 'status', status: 500 } });
    const statuses = [];
    for (const path of ['Location', orders, orders, orders]) statuses.push((await call(path)).status);
    expect(statuses).toEqual([200, 500, 500, 200]);
  });

  it('can mean always, until cleared', async () => {
    onOrders({ kind: 'status', status: 503 }, 'always');
    const statuses = [(await call(orders)).status, (await call(orders)).status];
    ehr.faults.clear();
    expect([...statuses, (await call(orders)).status]).toEqual([503, 503, 200]);
  });

  it('status: answers with Retry-After, and nothing happens', async () => {
    ehr.faults.set({ match: { method: 'POST' }, fault: { kind: 'status', status: 429, retryAfter: 7 } });
    const body = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'status' },
      identifier: [{ value: 'f1' }],
    };
    const answer = await call('Observation', { method: 'POST', body });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '7']);
    expect((await call('Observation?identifier=f1')).json()).not.toHaveProperty('entry');
  });

  it('delay: answers late', async () => {
    onOrders({ kind: 'delay', ms: 150 });
    const began = performance.now();
    expect((await call(orders)).status).toBe(200);
    expect(performance.now() - began).toBeGreaterThanOrEqual(145);
  });

  it('hold: waits until released, visibly, and only then happens', async () => {
    ehr.faults.set({ match: { method: 'POST' }, fault: { kind: 'hold' } });
    const body = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'hold' },
      identifier: [{ value: 'f2' }],
    };
    const held = call('Observation', { method: 'POST', body });
    await ehr.faults.whenHeld();
    expect(ehr.faults.held).toBe(1);
    expect(ehr.requests('fhir').at(-1)).not.toHaveProperty('status');
    expect((await call('Observation?identifier=f2')).json()).not.toHaveProperty('entry');
    ehr.faults.release();
    expect([(await held).status, ehr.faults.held]).toEqual([201, 0]);
  });

  it('drop: does it and closes the connection', async () => {
    ehr.faults.set({ match: { method: 'POST' }, fault: { kind: 'drop' } });
    const body = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'drop' },
      identifier: [{ value: 'f3' }],
    };
    await expect(call('Observation', { method: 'POST', body })).rejects.toThrow('fetch failed');
    expect((await call('Observation?identifier=f3')).json().entry).toHaveLength(1);
    expect(ehr.requests().find(({ fault }) => fault === 'drop')?.status).toBe(201);
  });

  it.each([[orders], ['MedicationRequest/canary-medication-1']])(
    'wrong_patient: %s is of somebody else',
    async (path) => {
      onOrders({ kind: 'wrong_patient' });
      const answer = await call(path);
      expect([
        answer.status,
        answer.text.includes('"reference":"Patient/'),
        answer.text.includes('"Patient/canary"'),
      ]).toEqual([200, true, false]);
    },
  );

  it('ignore_elements: gives everything', async () => {
    onOrders({ kind: 'ignore_elements' });
    const [entry] = (await call(`${orders}&_elements=status`)).json().entry;
    expect(entry.resource).toHaveProperty('dosageInstruction');
    expect(entry.resource.meta).not.toHaveProperty('tag');
  });

  it('endless_paging: there is always a further link, never the same', async () => {
    onOrders({ kind: 'endless_paging' }, 'always');
    const links = new Set<string>();
    let url = orders;
    for (let page = 0; page < 20; page++) {
      const bundle = (await call(url)).json();
      expect(bundle.entry).toHaveLength(2);
      url = bundle.link.find(({ relation }: { relation: string }) => relation === 'next').url;
      links.add(url);
    }
    expect(links.size).toBe(20);
  });

  it('redirect: points elsewhere', async () => {
    onOrders({ kind: 'redirect', to: 'http://127.0.0.1:9/fhir' });
    const answer = await call(orders);
    expect([answer.status, answer.headers.get('location')]).toEqual([307, 'http://127.0.0.1:9/fhir']);
  });

  it('huge: gives a valid answer of that size', async () => {
    onOrders({ kind: 'huge', bytes: 3_000_001 });
    const answer = await call(orders);
    expect([answer.text.length, answer.json().entry.length]).toEqual([3_000_001, 2]);
  });

  it('huge: stops when the client has had enough', async () => {
    onOrders({ kind: 'huge', bytes: 2_000_000_000 });
    const before = process.memoryUsage.rss();
    await new Promise<void>((resolve, reject) => {
      const request = get(`${ehr.url}/${orders}`, { headers: { authorization } }, (response) => {
        response.once('data', () => request.destroy());
        response.once('close', resolve);
      });
      request.once('error', reject);
    });
    expect((await call(orders)).status).toBe(200);
    expect(process.memoryUsage.rss() - before).toBeLessThan(200_000_000);
  });

  it('not_json: a page that calls itself FHIR', async () => {
    onOrders({ kind: 'not_json' });
    const answer = await call(orders);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/fhir+json; charset=utf-8']);
    expect(answer.json).toThrow(SyntaxError);
  });

  it('meets token requests too', async () => {
    ehr.faults.set({ match: { path: '/auth/token' }, fault: { kind: 'status', status: 503 } });
    expect((await fetch(ehr.tokenUrl, { method: 'POST' })).status).toBe(503);
  });

  it.each([
    [{ kind: 'status', status: 200 } as const],
    [{ kind: 'delay', ms: -1 } as const],
    [{ kind: 'huge', bytes: 0 } as const],
  ])('that could do nothing is refused: %j', (fault) => {
    expect(() => onOrders(fault)).toThrow(expect.objectContaining({ name: 'ZodError' }));
  });
});

describe('the request log', () => {
  it('tells who asked what with which scopes, and how it ended', async () => {
    await call(orders, { headers: { 'x-request-id': 'act-7/2' } });
    expect(ehr.requests('fhir').at(-1)).toMatchObject({
      kind: 'fhir',
      method: 'GET',
      path: '/fhir/MedicationRequest',
      query: 'patient=canary',
      client: 'worker',
      scopes: ['system/*.crus'],
      requestId: 'act-7/2',
      status: 200,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  it('marks token requests and discovery, and names the client that proved itself', async () => {
    await fetch(`${ehr.url}/metadata`);
    expect(ehr.requests('discovery').at(-1)).toMatchObject({ path: '/fhir/metadata' });
    expect(ehr.requests('token')[0]).toMatchObject({ path: '/auth/token', client: 'worker', status: 200 });
    expect(ehr.requests('fhir').filter(({ path }) => path === '/auth/token' || path === '/fhir/metadata')).toEqual([]);
  });

  it('names nobody for a refused request', async () => {
    await fetch(`${ehr.url}/Patient/canary`);
    const last = ehr.requests('fhir').at(-1);
    expect(last).toMatchObject({ status: 401, scopes: [] });
    expect(last).not.toHaveProperty('client');
  });
});

describe('the control routes', () => {
  const control = (path: string, method = 'GET', { token = controlToken, body = '' } = {}) =>
    fetch(`${ehr.controlUrl}/${path}`, {
      method,
      headers: { 'x-sandbox-control': token },
      ...(body !== '' && { body }),
    });

  it('do by HTTP what tests do in process, and are not logged', async () => {
    const before = ehr.requests().length;
    const rule = { match: { path: '/fhir/Location' }, fault: { kind: 'hold' } };
    expect((await control('faults', 'POST', { body: JSON.stringify(rule) })).status).toBe(204);
    const held = call('Location');
    await ehr.faults.whenHeld();
    expect(await (await control('faults')).json()).toEqual({ held: 1 });
    expect((await control('faults/release', 'POST')).status).toBe(204);
    expect((await held).status).toBe(200);
    expect((await control('faults', 'DELETE')).status).toBe(204);
    expect(ehr.requests().length).toBe(before + 1);
    expect(await (await control('requests?kind=fhir')).json()).toEqual(ehr.requests('fhir'));
    expect(await (await control('demo')).json()).toEqual(ehr.demoPatients);
    expect((await control('requests', 'DELETE')).status).toBe(204);
    expect(ehr.requests()).toEqual([]);
  });

  it.each([
    ['another token', 'requests', 'GET', { token: 'guessed' }, 403],
    ['an empty token', 'requests', 'GET', { token: '' }, 403],
    ['an unknown route', 'unheard', 'GET', {}, 404],
    ['an unknown kind', 'requests?kind=all', 'GET', {}, 400],
    ['a switch that is not understood', 'faults', 'POST', { body: '{"fault":{"kind":"unheard"}}' }, 400],
    ['what is no JSON', 'faults', 'POST', { body: '{' }, 400],
  ])('refuse %s', async (_what, path, method, more, status) => {
    expect((await control(path, method, more)).status).toBe(status);
  });
});
