/** Writes that happen together: judged in full, and turned into versions, before any of them is stored. */
import { mapLinks } from './references.js';
import { FhirError, parseWritten, type Resource, type StoredResource, type WrittenResource } from './resource.js';
import type { SearchPlan } from './search.js';
import { checkWritten } from './written.js';

export type Write =
  | {
      readonly kind: 'create';
      readonly resource: WrittenResource;
      /** Only when nothing that was there before matches. */
      readonly ifNoneExist?: SearchPlan;
      readonly fullUrl?: string;
    }
  | {
      readonly kind: 'update';
      readonly id: string;
      readonly resource: WrittenResource;
      /** Version that must be the newest; undefined is refused. */
      readonly ifMatch: string | undefined;
      /** What other writes of the group call this resource. */
      readonly fullUrl?: string;
    };

export interface Outcome {
  /** `found`: what a conditional create asked for was there already. */
  readonly status: 'created' | 'updated' | 'found';
  readonly resource: StoredResource;
}

/** Throws FhirError 403 for what the caller may not touch; asked about each resource as it is and as it will be. */
export type Judge = (interaction: 'c' | 'u', resource: Resource) => void;

export interface Staging {
  readonly newest: (type: string, id: string) => StoredResource | undefined;
  /** At most two of those that match. */
  readonly matching: (type: string, plan: SearchPlan) => readonly StoredResource[];
  readonly newId: () => string;
  readonly judge: Judge;
  readonly lastUpdated: string;
}

/**
 * The outcomes in the order of the writes. Nothing sees the effect of another write of its group (R4 §3.1.0.11.2), so
 * the order does not matter.
 *
 * @throws FhirError 400 for bad content and overlapping writes; 404, 428 and 412 for an update of nothing, without
 *   `ifMatch`, and of another version than that; 412 when `ifNoneExist` matches several. In a group its message tells
 *   the entry, from 0.
 */
export function stage(staging: Staging, writes: readonly Write[]): readonly Outcome[] {
  const blame = writes.length > 1;
  const targets = writes.map((write, at) => atEntry(blame, at, () => targetOf(staging, write)));
  const addresses = new Map<string, string>();
  writes.forEach((write, at) => {
    const target = targets[at];
    if (write.fullUrl === undefined || target === undefined) return;
    if (addresses.has(write.fullUrl)) throw new FhirError(400, 'invalid', 'two entries have one fullUrl');
    addresses.set(write.fullUrl, `${write.resource.resourceType}/${target.id}`);
  });
  const outcomes = writes.flatMap((write, at) => {
    const target = targets[at];
    return target ? [atEntry(blame, at, () => outcomeOf(staging, { write, target, addresses }))] : [];
  });
  checkOverlap(writes, outcomes);
  return outcomes;
}

interface Target {
  readonly id: string;
  readonly found?: StoredResource;
}

function targetOf({ matching, newId, judge }: Staging, write: Write): Target {
  if (write.kind === 'update') return { id: write.id };
  if (write.ifNoneExist === undefined) return { id: newId() };
  const [found, ...more] = matching(write.resource.resourceType, write.ifNoneExist);
  if (more.length > 0) throw new FhirError(412, 'multiple-matches', 'If-None-Exist matches several');
  if (!found) return { id: newId() };
  judge('c', found);
  return { id: found.id, found };
}

interface Planned {
  readonly write: Write;
  readonly target: Target;
  readonly addresses: ReadonlyMap<string, string>;
}

function outcomeOf(staging: Staging, { write, target, addresses }: Planned): Outcome {
  const { lastUpdated } = staging;
  const type = write.resource.resourceType;
  const content = parseWritten(
    type,
    mapLinks(write.resource, (link) => addresses.get(link) ?? link),
  );
  if (write.kind === 'create') {
    checkWritten(content);
    if (target.found) return { status: 'found', resource: target.found };
    const resource = versioned(content, { id: target.id, version: 1, lastUpdated });
    staging.judge('c', resource);
    return { status: 'created', resource };
  }
  const newest = staging.newest(type, write.id);
  if (newest) staging.judge('u', newest);
  staging.judge('u', { ...content, id: write.id });
  if (content.id !== write.id) throw new FhirError(400, 'invalid', 'the id of the body and of the URL differ');
  if (!newest) throw new FhirError(404, 'not-found', 'nothing to update: ids are given by the server');
  checkWritten(content);
  if (write.ifMatch === undefined) throw new FhirError(428, 'required', 'an update needs If-Match');
  if (write.ifMatch !== newest.meta.versionId) throw new FhirError(412, 'conflict', 'another version is current');
  const version = Number(newest.meta.versionId) + 1;
  return { status: 'updated', resource: versioned(content, { id: write.id, version, lastUpdated }) };
}

/** R4 §3.1.0.11.2: no resource twice in a group, not even two conditional creates that would find each other. */
function checkOverlap(writes: readonly Write[], outcomes: readonly Outcome[]): void {
  const touched = outcomes.map(({ resource }) => `${resource.resourceType}/${resource.id}`);
  const created = outcomes.filter(({ status }) => status === 'created').map(({ resource }) => resource);
  const eachOther = writes.some((write, at) => {
    if (write.kind !== 'create' || !write.ifNoneExist) return false;
    const { ifNoneExist, resource } = write;
    return created.some(
      (other) =>
        other !== outcomes[at]?.resource && other.resourceType === resource.resourceType && ifNoneExist.matches(other),
    );
  });
  if (eachOther || new Set(touched).size < touched.length)
    throw new FhirError(400, 'invalid', 'two entries are about one resource');
}

export interface Stamp {
  readonly id: string;
  readonly version: number;
  readonly lastUpdated: string;
}

/** This content as one version; the rest of its `meta` (tags, labels, profiles) stays. */
export function versioned(content: WrittenResource, { id, version, lastUpdated }: Stamp): StoredResource {
  return { ...content, id, meta: { ...content.meta, versionId: String(version), lastUpdated } };
}

function atEntry<T>(blame: boolean, at: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (blame && error instanceof FhirError)
      throw new FhirError(error.status, error.code, `entry ${at}: ${error.message}`);
    throw error;
  }
}
