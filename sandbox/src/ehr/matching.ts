/** Does a value of a resource match a value of a search? R4 §3.1.1.4, one function for each kind of parameter. */
import { z } from 'zod';
import { FhirError, valuesAt, withoutVersion } from './resource.js';
import type { SearchParam } from './resource-types.js';

export type Matches = (value: unknown) => boolean;

/** @throws FhirError 400 for a value that this kind of parameter cannot take. */
export function matcher({ kind, target }: SearchParam, wanted: string): Matches {
  if (wanted === '') throw new FhirError(400, 'invalid', 'a search parameter has no value');
  switch (kind) {
    case 'reference':
      return matchReference(wanted, target);
    case 'token':
      return matchToken(wanted);
    case 'date':
      return matchDate(wanted);
    case 'string':
      return (value) => typeof value === 'string' && value.toLowerCase().startsWith(wanted.toLowerCase());
  }
}

/**
 * `Patient/1`, or `1`: where the parameter has one target that type is meant, else any. A reference to one version is a
 * reference to the resource; `Patient/1/_history/2` asks for that version alone.
 */
function matchReference(wanted: string, target: string | undefined): Matches {
  const bare = !wanted.includes('/');
  return (value) => {
    const [held] = valuesAt(value, 'reference');
    if (typeof held !== 'string') return false;
    const reference = wanted.includes('/_history/') ? held : withoutVersion(held);
    if (target !== undefined)
      return reference.startsWith(`${target}/`) && reference === (bare ? `${target}/${wanted}` : wanted);
    return bare ? reference.endsWith(`/${wanted}`) : reference === wanted;
  };
}

const codings = z.union([
  z.union([z.string(), z.boolean(), z.number()]).transform((code) => [{ system: undefined, code: String(code) }]),
  z
    .looseObject({ coding: z.array(z.looseObject({ system: z.string().optional(), code: z.string().optional() })) })
    .transform(({ coding }) => coding),
  z
    .looseObject({ system: z.string().optional(), value: z.string() })
    .transform(({ system, value }) => [{ system, code: value }]),
  z.looseObject({ system: z.string().optional(), code: z.string() }).transform((coding) => [coding]),
]);

/** `code`, `system|code`, `system|` (any code of it), `|code` (a code without a system). */
function matchToken(wanted: string): Matches {
  const bar = wanted.indexOf('|');
  const system = bar < 0 ? undefined : wanted.slice(0, bar);
  const code = wanted.slice(bar + 1);
  if (code === '' && !system) throw new FhirError(400, 'invalid', 'a token names neither system nor code');
  return (value) => {
    const held = codings.safeParse(value);
    if (!held.success) return false;
    return held.data.some(
      (each) => (system === undefined || (each.system ?? '') === system) && (code === '' || each.code === code),
    );
  };
}

/** From (inclusive) and to (exclusive), milliseconds since 1970. */
type Span = readonly [from: number, to: number];

const comparisons: Readonly<Record<string, (held: Span, wanted: Span) => boolean>> = {
  eq: within,
  ne: (held, wanted) => !within(held, wanted),
  gt: ([, to], [, wantedTo]) => to > wantedTo,
  ge: (held, wanted) => held[1] > wanted[1] || within(held, wanted),
  lt: ([from], [wantedFrom]) => from < wantedFrom,
  le: (held, wanted) => held[0] < wanted[0] || within(held, wanted),
  sa: ([from], [, wantedTo]) => from >= wantedTo,
  eb: ([, to], [wantedFrom]) => to <= wantedFrom,
};

function within(held: Span, wanted: Span): boolean {
  return held[0] >= wanted[0] && held[1] <= wanted[1];
}

function matchDate(wanted: string): Matches {
  const [, prefix = 'eq', literal = ''] = /^([a-z]{2})?(.*)$/.exec(wanted) ?? [];
  const compare = Object.hasOwn(comparisons, prefix) ? comparisons[prefix] : undefined;
  const span = spanOf(literal);
  if (!compare || !span) throw new FhirError(400, 'invalid', 'a date parameter is no FHIR date');
  return (value) => {
    const held = typeof value === 'string' ? spanOf(value) : spanOfPeriod(value);
    return held !== undefined && compare(held, span);
  };
}

/** A Period without an end goes on for ever. */
function spanOfPeriod(period: unknown): Span | undefined {
  const [start] = valuesAt(period, 'start');
  const [end] = valuesAt(period, 'end');
  const from = typeof start === 'string' ? spanOf(start)?.[0] : Number.NEGATIVE_INFINITY;
  const to = typeof end === 'string' ? spanOf(end)?.[1] : Number.POSITIVE_INFINITY;
  return from === undefined || to === undefined ? undefined : [from, to];
}

/** A FHIR date of any precision as the span that it names: `2026-03` is all of March (UTC). */
function spanOf(literal: string): Span | undefined {
  const [, year, month, day, time] = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(T.+)?)?)?$/.exec(literal) ?? [];
  if (year === undefined) return undefined;
  if (time !== undefined) {
    const from = /^T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/.test(time) ? Date.parse(literal) : Number.NaN;
    const width = /\.\d/.test(time) ? 1 : /^T\d\d:\d\d:/.test(time) ? 1_000 : 60_000;
    return Number.isNaN(from) ? undefined : [from, from + width];
  }
  const [y, m, d] = [Number(year), Number(month ?? 1), Number(day ?? 1)];
  const from = new Date(Date.UTC(y, m - 1, d));
  if (from.getUTCMonth() !== m - 1 || from.getUTCDate() !== d) return undefined; // 30 February
  const to = day !== undefined ? Date.UTC(y, m - 1, d + 1) : month !== undefined ? Date.UTC(y, m) : Date.UTC(y + 1, 0);
  return [from.getTime(), to];
}
