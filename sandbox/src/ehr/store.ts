/** The records: every version of every resource, numbered 1, 2, 3. Each call is one step; Node runs them one by one. */
import { randomUUID } from 'node:crypto';
import type { Address } from './address.js';
import type { Journal } from './journal.js';
import { FhirError, parseWritten, type Resource, type StoredResource } from './resource.js';
import { resourceType, type SearchPlan } from './search.js';
import { stage, versioned, type Judge, type Outcome, type Write } from './staging.js';

interface Shelf {
  /** Order of creation. Later writes never move it, which keeps `next` links stable. */
  readonly place: number;
  readonly versions: StoredResource[];
}

export interface SearchPage {
  readonly resources: readonly StoredResource[];
  readonly total: number;
  /** Place behind which the next page starts; undefined on the last. */
  readonly next: number | undefined;
}

export type Selection = Pick<SearchPlan, 'matches' | 'count' | 'after'>;

export class FhirStore {
  readonly #shelves = new Map<string, Map<string, Shelf>>();
  readonly #journal: Journal;
  readonly #clock: () => Date;
  #places = 0;

  constructor(journal: Journal, clock: () => Date) {
    this.#journal = journal;
    this.#clock = clock;
    for (const version of journal.replay()) this.#shelve(version);
  }

  get isEmpty(): boolean {
    return this.#places === 0;
  }

  /** Lays down resources under ids of their own, as version 1, in one append. For an empty store. */
  fill(resources: readonly Resource[]): void {
    const lastUpdated = this.#clock().toISOString();
    const clones = structuredClone(resources);
    this.#put(clones.map((resource) => versioned(resource, { id: resource.id, version: 1, lastUpdated })));
  }

  /** @throws FhirError 404 */
  read(type: string, id: string): StoredResource {
    const newest = this.#versions(type, id).at(-1);
    if (!newest) throw new FhirError(404, 'not-found', 'no such resource');
    return newest;
  }

  /** @throws FhirError 404 */
  vread(type: string, id: string, versionId: string): StoredResource {
    const version = this.#versions(type, id).find(({ meta }) => meta.versionId === versionId);
    if (!version) throw new FhirError(404, 'not-found', 'no such version');
    return version;
  }

  /** Oldest first. @throws FhirError 404 */
  versions({ type, id }: Address): readonly StoredResource[] {
    this.read(type, id);
    return [...this.#versions(type, id)];
  }

  search(type: string, plan: SearchPlan): SearchPage {
    return pageOf([...(this.#shelves.get(type)?.values() ?? [])], plan);
  }

  /** Through all types. */
  searchAll(selection: Selection): SearchPage {
    const shelves = [...this.#shelves.values()].flatMap((ofType) => [...ofType.values()]);
    return pageOf(
      shelves.toSorted((a, b) => a.place - b.place),
      selection,
    );
  }

  /** Writes a group wholly or not at all. @throws FhirError as `stage` and `judge` do; then nothing has happened. */
  transact(writes: readonly Write[], judge: Judge): readonly Outcome[] {
    const outcomes = stage(
      {
        newest: (type, id) => this.#versions(type, id).at(-1),
        matching: (type, plan) => this.search(type, { ...plan, after: 0, count: 2 }).resources,
        newId: randomUUID,
        judge,
        lastUpdated: this.#clock().toISOString(),
      },
      writes,
    );
    this.#put(outcomes.flatMap(({ status, resource }) => (status === 'found' ? [] : [resource])));
    return outcomes;
  }

  /**
   * The next version of a resource, with these elements replaced: an edit by somebody else. Labels and tags are kept unless
   * `meta` is among them. @throws FhirError 404, 400
   */
  edit(type: string, id: string, elements: Readonly<Record<string, unknown>>): StoredResource {
    const newest = this.read(type, id);
    const resource = parseWritten(type, { ...newest, ...elements, id });
    const { versionId } = newest.meta;
    const [edited] = this.transact([{ kind: 'update', id, resource, ifMatch: versionId }], () => undefined);
    return edited?.resource ?? newest;
  }

  /**
   * Back to this version, as when a backup is put back: later ones are gone. A journal has them all the same, and they come
   * back with the next start. @throws FhirError 404
   */
  restore(type: string, id: string, versionId: string): void {
    const at = this.#versions(type, id).indexOf(this.vread(type, id, versionId));
    this.#shelves
      .get(type)
      ?.get(id)
      ?.versions.splice(at + 1);
  }

  #versions(type: string, id: string): readonly StoredResource[] {
    resourceType(type);
    return this.#shelves.get(type)?.get(id)?.versions ?? [];
  }

  #put(versions: readonly StoredResource[]): void {
    this.#journal.append(versions);
    for (const version of versions) this.#shelve(version);
  }

  #shelve(version: StoredResource): void {
    const ofType = this.#shelves.get(version.resourceType) ?? new Map<string, Shelf>();
    this.#shelves.set(version.resourceType, ofType);
    const shelf = ofType.get(version.id) ?? { place: ++this.#places, versions: [] };
    ofType.set(version.id, shelf);
    shelf.versions.push(version);
  }
}

function pageOf(shelves: readonly Shelf[], { matches, count, after }: Selection): SearchPage {
  const hits = shelves.flatMap(({ place, versions }) => {
    const resource = versions.at(-1);
    return resource && matches(resource) ? [{ place, resource }] : [];
  });
  const rest = hits.filter(({ place }) => place > after);
  const page = rest.slice(0, count);
  return {
    resources: page.map(({ resource }) => resource),
    total: hits.length,
    next: rest.length > page.length ? page.at(-1)?.place : undefined,
  };
}
