import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fileJournal, noJournal } from '../../../sandbox/src/ehr/journal.js';
import { planSearch } from '../../../sandbox/src/ehr/search.js';
import { FhirStore } from '../../../sandbox/src/ehr/store.js';

const clock = () => new Date('2026-03-02T09:00:00Z');
const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' } };
const create = (store: FhirStore) => {
  const [made] = store.transact([{ kind: 'create', resource: observation }], () => undefined);
  if (!made) throw new Error('nothing was made');
  return made.resource;
};
const amend = (store: FhirStore, id: string, ifMatch: string, status = 'amended') =>
  store.transact([{ kind: 'update', id, resource: { ...observation, id, status }, ifMatch }], () => undefined);
const page = (query: string) => planSearch('Observation', new URLSearchParams(query));

describe('the store', () => {
  const filled = () => {
    const store = new FhirStore(noJournal, clock);
    store.fill(['a', 'b', 'c', 'd', 'e'].map((id) => ({ ...observation, id })));
    return store;
  };

  it('pages through the same records whatever is written meanwhile', () => {
    const store = filled();
    const first = store.search('Observation', page('_count=2'));
    create(store);
    amend(store, 'a', '1');
    const second = store.search('Observation', page(`_count=2&_after=${first.next}`));
    expect([...first.resources, ...second.resources].map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('ends its paging', () => {
    const { next, total } = filled().search('Observation', page('_count=5'));
    expect({ next, total }).toEqual({ next: undefined, total: 5 });
  });

  it('numbers versions 1, 2, 3 and keeps each as it was', () => {
    const store = filled();
    amend(store, 'a', '1');
    amend(store, 'a', '2', 'corrected');
    expect(
      store.versions({ type: 'Observation', id: 'a' }).map(({ meta, status }) => [meta.versionId, status]),
    ).toEqual([
      ['1', 'final'],
      ['2', 'amended'],
      ['3', 'corrected'],
    ]);
  });

  it('is not changed by what a caller does to a resource afterwards', () => {
    const store = filled();
    const mine = { ...observation, code: { text: 'x' } };
    const [made] = store.transact([{ kind: 'create', resource: mine }], () => undefined);
    mine.code.text = 'changed';
    expect(store.read('Observation', made?.resource.id ?? '')).toMatchObject({ code: { text: 'x' } });
  });
});

describe('the journal', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sandbox-journal-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const reopened = () => new FhirStore(fileJournal(folder), clock);

  it('brings back every version after a restart', () => {
    const store = reopened();
    const resource = create(store);
    amend(store, resource.id, '1');
    const address = { type: 'Observation', id: resource.id };
    expect(reopened().versions(address)).toEqual(store.versions(address));
  });

  it('drops a last line that was torn, and goes on behind it', () => {
    const resource = create(reopened());
    appendFileSync(join(folder, 'ehr.jsonl'), '{"resourceType":"Obs');
    const second = create(reopened());
    expect(
      reopened()
        .search('Observation', page(''))
        .resources.map(({ id }) => id),
    ).toEqual([resource.id, second.id]);
  });

  it('refuses to start on a damaged line elsewhere', () => {
    create(reopened());
    appendFileSync(join(folder, 'ehr.jsonl'), 'damaged\n');
    expect(reopened).toThrow(SyntaxError);
  });

  it('is written by nothing that was refused', () => {
    const store = reopened();
    const before = create(store);
    expect(() => amend(store, before.id, '9')).toThrow(expect.objectContaining({ status: 412 }));
    expect(readFileSync(join(folder, 'ehr.jsonl'), 'utf8').trim().split('\n')).toHaveLength(1);
  });
});
