/** A warrant's look-back at one element: how an answer shows that it lies within. */
import type { Resource } from './bundle.js';

/** A day, and the top-level fields of which one must not be before it. */
export interface DateBound {
  /** ISO date. */
  readonly since: string;
  readonly fields: readonly string[];
}

const day = 86_400_000;

/**
 * Whether a resource says of itself that it is of `since` or later. What has no such date was not asked for. A server
 * counts days in a zone of its own, so that it is given one day.
 */
export function liesWithin(resource: Resource, { since, fields }: DateBound): boolean {
  return fields.some(
    (field) => latestOf(Object.hasOwn(resource, field) ? resource[field] : undefined) + day > Date.parse(since),
  );
}

/** The last instant that a FHIR date, dateTime, instant or Period may mean, in milliseconds; NaN for anything else. */
function latestOf(value: unknown): number {
  if (typeof value === 'string') return latestOfText(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return NaN;
  const { start, end }: { readonly start?: unknown; readonly end?: unknown } = value;
  if (typeof end === 'string') return latestOfText(end);
  return typeof start === 'string' && end === undefined ? Number.POSITIVE_INFINITY : NaN; // it goes on
}

function latestOfText(text: string): number {
  const [, year, month] = /^(\d{4})(?:-(\d{2}))?$/.exec(text) ?? [];
  if (year !== undefined)
    return month === undefined ? Date.UTC(Number(year) + 1) : Date.UTC(Number(year), Number(month));
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) + day : Date.parse(text);
}
