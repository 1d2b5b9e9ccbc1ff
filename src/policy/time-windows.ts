/** Which named hours are open at an instant. */
import { DateTime } from 'luxon';
import { unknownWindow, weekdayOf, type Calendar, type TimeWindow } from './calendar.js';

type Span = TimeWindow['spans'][number];

/**
 * The names of the windows that are open at `at`, for the attribute `timeWindows`; sorted. `unknown` is among them when
 * a window asks for holidays and the calendar no longer (or not yet) knows those of this day: then no allow holds for
 * that window, and every deny does.
 *
 * The clock on the wall decides: an hour that comes twice is open twice, one that is skipped is never open. A span over
 * midnight belongs to the day on which it begins, weekday and holiday included. `from` is open, `to` no longer.
 *
 * @param zone of the tenant: an IANA name.
 * @throws RangeError for an instant or zone that does not exist.
 */
export function openWindows(
  calendar: Calendar,
  { zone, at }: { readonly zone: string; readonly at: Date },
): readonly string[] {
  const answers = Object.entries(calendar.windows).map(([name, window]) => {
    const local = DateTime.fromJSDate(at, { zone: window.zone === 'tenant' ? zone : window.zone });
    if (!local.isValid) throw new RangeError('no such instant or zone');
    const open = window.spans.flatMap((span) => daysOf(span, local)).map((day) => beginsOn(calendar, window, day));
    if (open.includes('yes')) return [name];
    return open.includes('unknown') ? [unknownWindow] : [];
  });
  return [...new Set(answers.flat())].sort();
}

interface Day {
  /** ISO date. */
  readonly date: string;
  /** The span names its weekday. */
  readonly named: boolean;
}

/** The days from which this span would reach the clock on the wall: today, or yesterday over midnight. */
function daysOf({ days, from, to }: Span, local: DateTime): Day[] {
  const clock = local.toFormat('HH:mm');
  const day = (date: DateTime): Day => ({
    date: date.toFormat('yyyy-MM-dd'),
    named: days.some((name) => name === weekdayOf(date.weekday)),
  });
  if (from < to) return from <= clock && clock < to ? [day(local)] : [];
  return [...(from <= clock ? [day(local)] : []), ...(clock < to ? [day(local.minus({ days: 1 }))] : [])];
}

function beginsOn({ holidays }: Calendar, window: TimeWindow, { date, named }: Day): 'yes' | 'no' | 'unknown' {
  const ordinary = named ? 'yes' : 'no';
  if (window.holidays === 'ordinary') return ordinary;
  const onHoliday = window.holidays === 'included' ? 'yes' : 'no';
  if (ordinary === onHoliday) return ordinary;
  if (date < holidays.known.from || date > holidays.known.through) return 'unknown';
  return holidays.days.some((holiday) => holiday.date === date) ? onHoliday : ordinary;
}
