/** The calendar: named hours that a policy may speak of (`time_window: business_hours`), and the holidays. */
import { IANAZone, DateTime } from 'luxon';
import { z } from 'zod';

/** From Monday, as ISO 8601 counts them. */
const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

const windowName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/)
  .refine((name) => name !== unknownWindow);

/** What stands among the open windows when nobody knows whether one is: no window, so that no condition is sure. */
export const unknownWindow = 'unknown';

const isoDate = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, { error: 'expected a date such as 2026-07-03' })
  .refine((date) => DateTime.fromISO(date, { zone: 'utc' }).isValid, { error: 'no such day' });

const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'expected a time such as 07:30' });
/** A span may end with its day. */
const endTime = z.union([clockTime, z.literal('24:00')], { error: 'expected a time such as 07:30, or 24:00' });

const span = z
  .strictObject({
    days: z.array(z.enum(weekdays)).min(1),
    from: clockTime,
    /** Not after `from`: of the next day. */
    to: endTime,
  })
  .refine(({ from, to }) => from !== to, { error: 'ends as it begins; a whole day is 00:00 to 24:00', path: ['to'] });

/** IANA names only: an offset or an abbreviation knows no daylight saving time. */
const zone = z
  .string()
  .regex(/^(tenant|UTC|[A-Z][A-Za-z_]*(\/[A-Z][A-Za-z_+-]*)+)$/, { error: 'expected tenant, or an IANA zone' })
  .refine((name) => name === 'tenant' || IANAZone.isValidZone(name), { error: 'no such zone' });

const window = z.strictObject({
  meaning: z.string().min(1).optional(),
  /** `tenant`: the zone of whoever is judged. */
  zone,
  spans: z.array(span).min(1),
  /** `excluded`: no span begins on one; `included`: every span begins on one; `ordinary`: a day like any other. */
  holidays: z.enum(['excluded', 'included', 'ordinary']),
});

const holidays = z
  .strictObject({
    /** The days for which the list is complete; on others nobody knows what is a holiday. */
    known: z.strictObject({ from: isoDate, through: isoDate }),
    days: z.array(z.strictObject({ date: isoDate, name: z.string().min(1) })),
  })
  .superRefine(({ known, days }, context) => {
    const seen = new Set<string>();
    days.forEach(({ date }, at) => {
      const wrong = seen.has(date) ? 'twice in the list' : 'outside the days that are known';
      if (seen.has(date) || date < known.from || date > known.through)
        context.addIssue({ code: 'custom', message: wrong, path: ['days', at, 'date'] });
      seen.add(date);
    });
  });

export const calendarSchema = z.strictObject({ windows: z.record(windowName, window), holidays });

export type Calendar = z.infer<typeof calendarSchema>;
export type TimeWindow = Calendar['windows'][string];

/** The weekday of an ISO number: 1 is Monday. */
export function weekdayOf(iso: number): Weekday | undefined {
  return weekdays[iso - 1];
}
