/** The records: every version of every resource, numbered 1, 2, 3. Each call is one step; Node runs them one by one. */
import { randomUUID } from 'node:crypto';
import type { Journal } from './journal.js';
import { FhirError, type Resource, type StoredResource, type WrittenResource } from './resource.js';
import { planSearch, resourceType, type SearchPlan } from './search.js';

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
    const versions = resources.map((resource) => this.#version(resource, resource.id, 1));
    this.#journal.append(versions);
    for (const version of versions) this.#shelve(version);
  }

  has(type: string, id: string): boolean {
    return this.#versions(type, id).length > 0;
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

  /** Newest first. @throws FhirError 404 */
  history(type: string, id: string): readonly StoredResource[] {
    this.read(type, id);
    return this.#versions(type, id).toReversed();
  }

  search(type: string, plan: SearchPlan): SearchPage {
    const shelves = [...(this.#shelves.get(type)?.values() ?? [])];
    const hits = shelves.flatMap(({ place, versions }) => {
      const resource = versions.at(-1);
      return resource && plan.matches(resource) ? [{ place, resource }] : [];
    });
    const rest = hits.filter(({ place }) => place > plan.after);
    const page = rest.slice(0, plan.count);
    return {
      resources: page.map(({ resource }) => resource),
      total: hits.length,
      next: rest.length > page.length ? page.at(-1)?.place : undefined,
    };
  }

  /**
   * With `ifNoneExist` (a search) it creates only what is not there yet.
   *
   * @throws FhirError 400 for missing mandatory elements; 412 when `ifNoneExist` matches several.
   */
  create(
    written: WrittenResource,
    ifNoneExist?: URLSearchParams,
  ): { readonly created: boolean; readonly resource: StoredResource } {
    checkMandatory(written);
    if (ifNoneExist) {
      const { resources, total } = this.search(written.resourceType, planSearch(written.resourceType, ifNoneExist));
      if (total > 1) throw new FhirError(412, 'multiple-matches', 'If-None-Exist matches several');
      if (resources[0]) return { created: false, resource: resources[0] };
    }
    return { created: true, resource: this.#put(this.#version(written, randomUUID(), 1)) };
  }

  /**
   * The next version of a resource that exists.
   *
   * @throws FhirError 405 for one that does not (ids are the server's); 400 for another id or missing elements;
   *   412 when `ifMatch` is not the newest version.
   */
  update(id: string, written: WrittenResource, ifMatch?: string): StoredResource {
    const type = written.resourceType;
    const newest = this.#versions(type, id).at(-1);
    if (!newest) throw new FhirError(405, 'not-supported', 'nothing to update: ids are given by the server');
    if (written.id !== id) throw new FhirError(400, 'invalid', 'the id of the body and of the URL differ');
    checkMandatory(written);
    if (ifMatch !== undefined && ifMatch !== newest.meta.versionId)
      throw new FhirError(412, 'conflict', 'another version is current');
    return this.#put(this.#version(written, id, this.#versions(type, id).length + 1));
  }

  #versions(type: string, id: string): readonly StoredResource[] {
    resourceType(type);
    return this.#shelves.get(type)?.get(id)?.versions ?? [];
  }

  #version(resource: WrittenResource, id: string, version: number): StoredResource {
    const lastUpdated = this.#clock().toISOString();
    return {
      ...structuredClone(resource),
      id,
      meta: { ...structuredClone(resource.meta), versionId: String(version), lastUpdated },
    };
  }

  #put(version: StoredResource): StoredResource {
    this.#journal.append([version]);
    this.#shelve(version);
    return version;
  }

  #shelve(version: StoredResource): void {
    const ofType = this.#shelves.get(version.resourceType) ?? new Map<string, Shelf>();
    this.#shelves.set(version.resourceType, ofType);
    const shelf = ofType.get(version.id) ?? { place: ++this.#places, versions: [] };
    ofType.set(version.id, shelf);
    shelf.versions.push(version);
  }
}

/** @throws FhirError 400 naming the elements. */
function checkMandatory(written: WrittenResource): void {
  const missing = resourceType(written.resourceType).mandatory.filter((element) =>
    element.endsWith('[]')
      ? !Object.keys(written).some((key) => key.startsWith(element.slice(0, -2)))
      : written[element] === undefined,
  );
  if (missing.length > 0) throw new FhirError(400, 'required', `missing: ${missing.join(', ')}`);
}
