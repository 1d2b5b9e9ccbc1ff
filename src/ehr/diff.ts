/** What differs between two versions of a resource, field by field, as approvers see it. */
import { canonicalJson } from '../action/canonical.js';

/** One difference. `null` stands for "not there": FHIR JSON has no null of its own. */
export interface FieldChange {
  /** `dosageInstruction[0].text`; a name that is no FHIR name stands quoted, as in `["status.x"]`. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * Every difference, in the order of paths; nothing that differs is left out, whoever made it differ. Lists are compared
 * place by place. `meta` is the server's and no part of the content.
 */
export function fieldDiff(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): readonly FieldChange[] {
  return differences(withoutMeta(before), withoutMeta(after), '').sort(byPath);
}

/** No path stands twice in a diff, so this is one order and no other. */
export function byPath(a: Pick<FieldChange, 'path'>, b: Pick<FieldChange, 'path'>): number {
  return a.path < b.path ? -1 : 1;
}

/** The content alone: what people approve, and what is compared after reading back. */
export function withoutMeta(resource: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { meta: _meta, ...content } = resource;
  return content;
}

function differences(before: unknown, after: unknown, path: string): FieldChange[] {
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) => differences(own(before, name), own(after, name), step(path, name)));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, at) => differences(before[at], after[at], `${path}[${at}]`)).flat();
  }
  return same(before, after) ? [] : [{ path, before: before ?? null, after: after ?? null }];
}

/** Different places have different paths: a field named `status.x` must not pass for a part of `status`. */
function step(path: string, name: string): string {
  if (!/^_?[A-Za-z][A-Za-z0-9]*$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}

function same(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalJson(a) === canonicalJson(b);
}

/** The top-level field that a change lies in; empty for one whose name FHIR would not have. */
export function fieldOf({ path }: Pick<FieldChange, 'path'>): string {
  return /^[^.[]*/.exec(path)?.[0] ?? path;
}

function own(object: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
