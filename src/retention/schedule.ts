/** How long a record is kept. Calendar years in the tenant's zone: counting 365 days a year ends early. */
import { DateTime, type DateObjectUnits } from 'luxon';

export interface RecordClass {
  readonly name: string;
  readonly keep: { readonly years: number } | { readonly days: number };
  /** Why that long, for example `45 CFR 164.316(b)(2)(i)`. */
  readonly citation: string;
  /** Refused in production. */
  readonly sandboxOnly: boolean;
}

/**
 * The first calendar day in `zone` on which a record may be disposed of. Whoever disposes at any moment of that day
 * keeps it long enough:
 *
 * - years: the day after the anniversary, because on the anniversary itself the last year is not yet full. What began
 *   on 29 February has its anniversary on 1 March where there is no 29th.
 * - days: that many days later; none is the same day.
 *
 * @param from ISO 8601: a calendar day of the zone, or an instant with its offset.
 * @returns ISO date.
 * @throws RangeError for a date, instant or zone that does not exist, or an instant without an offset.
 */
export function retentionDate({ keep }: Pick<RecordClass, 'keep'>, from: string, zone: string): string {
  const day = calendarDay(from, zone);
  if ('days' in keep) return iso(day.plus({ days: wholeNumber(keep.days) }));
  return iso(anniversary(day, wholeNumber(keep.years)).plus({ days: 1 }));
}

function anniversary(day: DateTime, years: number): DateTime {
  const leapDay = day.month === 2 && day.day === 29;
  const later = day.plus({ years }); // luxon answers 28 February where there is no 29th: a day too early
  return leapDay && later.day !== 29 ? later.plus({ days: 1 }) : later;
}

const dateOnly = /^\d{4}-\d{2}-\d{2}$/;
const instant = /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/;

function calendarDay(from: string, zone: string): DateTime {
  if (!dateOnly.test(from) && !instant.test(from)) throw new RangeError('from: an ISO date, or an instant with offset');
  const local = DateTime.fromISO(from, { zone });
  if (!local.isValid) throw new RangeError(`from or zone: ${local.invalidReason ?? 'invalid'}`);
  const { year, month, day }: DateObjectUnits = local;
  return DateTime.utc(year ?? 0, month, day); // days have no offset: in UTC none of them is 23 hours long
}

function wholeNumber(amount: number): number {
  if (!Number.isInteger(amount) || amount < 0) throw new RangeError('keep: a whole number of years or days');
  return amount;
}

function iso(day: DateTime): string {
  const date = day.toISODate();
  if (date === null) throw new RangeError('the date lies outside the calendar');
  return date;
}
