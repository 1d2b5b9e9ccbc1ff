import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fileJournal, noJournal } from '../../../sandbox/src/ehr/journal.js';
import { planSearch } from '../../../sandbox/src/ehr/search.js';
import { FhirStore } from '../../../sandbox/src/ehr/store.js';

const clock = () => new Date('2026-03-02T09:00:00Z');
const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' } };
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
    store.create(observation);
    store.update('a', { ...observation, id: 'a', status: 'amended' });
    const second = store.search('Observation', page(`_count=2&_after=${first.next}`));
    expect([...first.resources, ...second.resources].map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('ends its paging', () => {
    const { next, total } = filled().search('Observation', page('_count=5'));
    expect({ next, total }).toEqual({ next: undefined, total: 5 });
  });

  it('numbers versions 1, 2, 3 and keeps each as it was', () => {
    const store = filled();
    store.update('a', { ...observation, id: 'a', status: 'amended' }, '1');
    store.update('a', { ...observation, id: 'a', status: 'corrected' }, '2');
    expect(store.history('Observation', 'a').map(({ meta, status }) => [meta.versionId, status])).toEqual([
      ['3', 'corrected'],
      ['2', 'amended'],
      ['1', 'final'],
    ]);
  });

  it('is not changed by what a caller does to a resource afterwards', () => {
    const store = filled();
    const mine = { ...observation, code: { text: 'x' } };
    const { resource } = store.create(mine);
    mine.code.text = 'changed';
    expect(store.read('Observation', resource.id)).toMatchObject({ code: { text: 'x' } });
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
    const { resource } = store.create(observation);
    store.update(resource.id, { ...resource, status: 'amended' });
    expect(reopened().history('Observation', resource.id)).toEqual(store.history('Observation', resource.id));
  });

  it('drops a last line that was torn, and goes on behind it', () => {
    const { resource } = reopened().create(observation);
    appendFileSync(join(folder, 'ehr.jsonl'), '{"resourceType":"Obs');
    const second = reopened().create(observation).resource;
    expect(
      reopened()
        .search('Observation', page(''))
        .resources.map(({ id }) => id),
    ).toEqual([resource.id, second.id]);
  });

  it('refuses to start on a damaged line elsewhere', () => {
    reopened().create(observation);
    appendFileSync(join(folder, 'ehr.jsonl'), 'damaged\n');
    expect(reopened).toThrow(SyntaxError);
  });

  it('is written by nothing that was refused', () => {
    const store = reopened();
    const before = store.create(observation).resource;
    expect(() => store.update(before.id, { ...before, status: 'amended' }, '9')).toThrow(
      expect.objectContaining({ status: 412 }),
    );
    expect(readFileSync(join(folder, 'ehr.jsonl'), 'utf8').trim().split('\n')).toHaveLength(1);
  });
});
