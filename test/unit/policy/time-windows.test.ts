import { describe, expect, it } from '@jest/globals';
import { DateTime } from 'luxon';
import { calendarSchema, type Calendar, type TimeWindow } from '../../../src/policy/calendar.js';
import { openWindows } from '../../../src/policy/time-windows.js';
import { testRulebook } from '../../support/rulebook.js';

const everyDay: TimeWindow['spans'][number]['days'] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const known: Calendar['holidays'] = {
  known: { from: '2026-01-01', through: '2026-12-31' },
  days: [{ date: '2026-07-03', name: 'Independence Day' }],
};
const calendarOf = (window: Partial<TimeWindow>, holidays = known): Calendar => ({
  windows: {
    open: { zone: 'tenant', spans: [{ days: everyDay, from: '08:00', to: '18:00' }], holidays: 'ordinary', ...window },
  },
  holidays,
});
const newYork = 'America/New_York';
const openAt = (calendar: Calendar, at: string, zone = newYork) => openWindows(calendar, { zone, at: new Date(at) });
const weekdaysOnly: Partial<TimeWindow> = {
  spans: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '18:00' }],
};
const night: Partial<TimeWindow> = { spans: [{ days: ['fri'], from: '22:00', to: '06:00' }] };

describe('a time window', () => {
  it.each<[what: string, window: Partial<TimeWindow>, at: string, open: boolean]>([
    ['opens on the minute', {}, '2026-06-10T08:00:00-04:00', true],
    ['is shut the second before', {}, '2026-06-10T07:59:59-04:00', false],
    ['is open in its last second', {}, '2026-06-10T17:59:59.999-04:00', true],
    ['shuts on the minute', {}, '2026-06-10T18:00:00-04:00', false],
    ['knows its weekdays', weekdaysOnly, '2026-06-12T09:00:00-04:00', true],
    ['is shut on others', weekdaysOnly, '2026-06-13T09:00:00-04:00', false],
    ['takes the weekday of its own zone', weekdaysOnly, '2026-06-13T02:00:00Z', false],
    ['has its own zone', { ...weekdaysOnly, zone: 'Asia/Tokyo' }, '2026-06-12T02:00:00Z', true],
    ['has no other zone', { ...weekdaysOnly, zone: 'Asia/Tokyo' }, '2026-06-12T14:00:00Z', false],
    ['has no weekday of another zone', { ...weekdaysOnly, zone: 'Asia/Tokyo' }, '2026-06-13T02:00:00Z', false],
    ['may be open all day', { spans: [{ days: everyDay, from: '00:00', to: '24:00' }] }, '2026-06-10T23:59:59Z', true],
  ])('%s', (_what, window, at, open) => {
    expect(openAt(calendarOf(window), at)).toEqual(open ? ['open'] : []);
  });

  it.each<[what: string, at: string, open: boolean]>([
    ['before it begins', '2026-06-12T21:59:00-04:00', false],
    ['on the evening of its day', '2026-06-12T22:00:00-04:00', true],
    ['on the morning after', '2026-06-13T05:59:00-04:00', true],
    ['when it ends', '2026-06-13T06:00:00-04:00', false],
    ['on the evening after', '2026-06-13T22:00:00-04:00', false],
    ['on the morning of its day', '2026-06-12T05:00:00-04:00', false],
  ])('over midnight belongs to the day on which it begins: %s', (_what, at, open) => {
    expect(openAt(calendarOf(night), at)).toEqual(open ? ['open'] : []);
  });

  it('may end at midnight', () => {
    const evening = calendarOf({ spans: [{ days: ['fri'], from: '20:00', to: '00:00' }] });
    expect(openAt(evening, '2026-06-12T23:59:59-04:00')).toEqual(['open']);
    expect(openAt(evening, '2026-06-13T00:00:00-04:00')).toEqual([]);
  });

  it('has several spans', () => {
    const clinic = calendarOf({
      spans: [
        { days: ['wed'], from: '08:00', to: '12:00' },
        { days: ['wed'], from: '14:00', to: '18:00' },
      ],
    });
    const hours = ['11:00', '13:00', '15:00'].map((time) => openAt(clinic, `2026-06-10T${time}:00-04:00`).length);
    expect(hours).toEqual([1, 0, 1]);
  });

  // New York: 2026-03-08 02:00 EST becomes 03:00 EDT; 2026-11-01 02:00 EDT becomes 01:00 EST.
  it.each<[what: string, from: string, to: string, at: string, open: boolean]>([
    ['winter', '08:00', '18:00', '2026-03-07T13:00:00Z', true],
    ['winter, an hour early', '08:00', '18:00', '2026-03-07T12:00:00Z', false],
    ['summer', '08:00', '18:00', '2026-03-09T12:00:00Z', true],
    ['summer, an hour late', '08:00', '18:00', '2026-03-09T22:00:00Z', false],
    ['the minute before the hour that is skipped', '01:30', '02:30', '2026-03-08T06:59:00Z', true],
    ['after the hour that is skipped', '01:30', '02:30', '2026-03-08T07:00:00Z', false],
    ['an hour that comes twice, first', '01:00', '02:00', '2026-11-01T05:30:00Z', true],
    ['an hour that comes twice, again', '01:00', '02:00', '2026-11-01T06:30:00Z', true],
    ['after both of them', '01:00', '02:00', '2026-11-01T07:00:00Z', false],
  ])('follows the clock on the wall: %s', (_what, from, to, at, open) => {
    expect(openAt(calendarOf({ spans: [{ days: everyDay, from, to }] }), at)).toEqual(open ? ['open'] : []);
  });

  it.each<[holidays: TimeWindow['holidays'], day: string, answer: readonly string[]]>([
    ['excluded', '2026-07-03', []],
    ['excluded', '2026-07-02', ['open']],
    ['excluded', '2026-07-04', []], // a Saturday, which it does not name
    ['included', '2026-07-03', ['open']],
    ['included', '2026-07-04', []],
    ['ordinary', '2026-07-03', ['open']],
  ])('with holidays %s answers %s with %p', (holidays, day, answer) => {
    expect(openAt(calendarOf({ ...weekdaysOnly, holidays }), `${day}T10:00:00-04:00`)).toEqual(answer);
  });

  it('may be for holidays and weekends', () => {
    const relief = calendarOf({ spans: [{ days: ['sat'], from: '08:00', to: '18:00' }], holidays: 'included' });
    expect(openAt(relief, '2026-07-03T10:00:00-04:00')).toEqual(['open']); // a Friday
    expect(openAt(relief, '2026-07-10T10:00:00-04:00')).toEqual([]);
  });

  it('over midnight into a holiday is open, out of one it is not', () => {
    const nights = calendarOf({ spans: [{ days: everyDay, from: '22:00', to: '06:00' }], holidays: 'excluded' });
    expect(openAt(nights, '2026-07-03T05:00:00-04:00')).toEqual(['open']);
    expect(openAt(nights, '2026-07-03T23:00:00-04:00')).toEqual([]);
    expect(openAt(nights, '2026-07-04T05:00:00-04:00')).toEqual([]);
    expect(openAt(nights, '2026-07-04T23:00:00-04:00')).toEqual(['open']);
  });

  it.each<[what: string, window: Partial<TimeWindow>, day: string, answer: readonly string[]]>([
    ['where a holiday would shut it', { ...weekdaysOnly, holidays: 'excluded' }, '2027-01-04', ['unknown']],
    ['where a holiday would have shut it', { ...weekdaysOnly, holidays: 'excluded' }, '2025-12-31', ['unknown']],
    ['where it is shut anyway', { ...weekdaysOnly, holidays: 'excluded' }, '2027-01-03', []],
    ['where a holiday would open it', { ...weekdaysOnly, holidays: 'included' }, '2027-01-03', ['unknown']],
    ['where it is open anyway', { ...weekdaysOnly, holidays: 'included' }, '2027-01-04', ['open']],
    ['where holidays do not matter', { ...weekdaysOnly, holidays: 'ordinary' }, '2027-01-04', ['open']],
    ['on the last day that is known', { ...weekdaysOnly, holidays: 'excluded' }, '2026-12-31', ['open']],
    ['on the first day that is known', { ...weekdaysOnly, holidays: 'excluded' }, '2026-01-01', ['open']],
  ])('beyond the days that are known says so: %s', (_what, window, day, answer) => {
    expect(openAt(calendarOf(window), `${day}T10:00:00-05:00`)).toEqual(answer);
  });

  it('is one of several, each by its own hours', () => {
    const { windows } = calendarOf({});
    const calendar: Calendar = {
      windows: {
        tokyo: { zone: 'Asia/Tokyo', spans: [{ days: everyDay, from: '00:00', to: '09:00' }], holidays: 'ordinary' },
        night: { zone: 'tenant', spans: [{ days: everyDay, from: '18:00', to: '08:00' }], holidays: 'ordinary' },
        ...windows,
      },
      holidays: known,
    };
    expect(openAt(calendar, '2026-06-10T15:00:00Z')).toEqual(['open', 'tokyo']);
    expect(openAt(calendar, '2026-06-11T02:00:00Z')).toEqual(['night']);
  });

  it.each<[what: string, zone: string, at: Date]>([
    ['a zone that does not exist', 'Mars/Olympus', new Date(0)],
    ['no zone', '', new Date(0)],
    ['no instant', newYork, new Date(Number.NaN)],
  ])('is never open in or at %s: it throws', (_what, zone, at) => {
    expect(() => openWindows(calendarOf({}), { zone, at })).toThrow(new RangeError('no such instant or zone'));
  });
});

describe('a calendar', () => {
  const valid = {
    windows: {
      night: { zone: 'Europe/Berlin', spans: [{ days: ['mon'], from: '22:00', to: '06:00' }], holidays: 'excluded' },
    },
    holidays: { known: { from: '2026-01-01', through: '2026-12-31' }, days: [{ date: '2026-05-01', name: 'May' }] },
  };
  const span = (change: object) => ({
    ...valid,
    windows: { night: { ...valid.windows.night, spans: [{ ...valid.windows.night.spans[0], ...change }] } },
  });
  const window = (change: object) => ({ ...valid, windows: { night: { ...valid.windows.night, ...change } } });
  const holidays = (change: object) => ({ ...valid, holidays: { ...valid.holidays, ...change } });

  it.each<[what: string, calendar: unknown]>([
    ['as it is', valid],
    ['of UTC', window({ zone: 'UTC' })],
    ['of a zone with three names', window({ zone: 'America/Argentina/Buenos_Aires' })],
    ['of a zone with a hyphen', window({ zone: 'America/Port-au-Prince' })],
    ['in the tenant’s zone', window({ zone: 'tenant' })],
    ['with holidays that are included', window({ holidays: 'included' })],
    ['with holidays that do not matter', window({ holidays: 'ordinary' })],
    ['until midnight', span({ to: '24:00' })],
    ['with a holiday on the first day', holidays({ days: [{ date: '2026-01-01', name: 'x' }] })],
    ['with a holiday on the last day', holidays({ days: [{ date: '2026-12-31', name: 'x' }] })],
    ['without any window', { ...valid, windows: {} }],
    [
      'on a leap day',
      holidays({ known: { from: '2028-01-01', through: '2028-12-31' }, days: [{ date: '2028-02-29', name: 'x' }] }),
    ],
  ])('is read %s', (_what, calendar) => {
    expect(calendarSchema.safeParse(calendar).success).toBe(true);
  });

  it.each<[what: string, calendar: unknown, path: string, message: string]>([
    ['an offset for a zone', window({ zone: '+02:00' }), 'windows.night.zone', 'expected tenant, or an IANA zone'],
    ['an abbreviation for a zone', window({ zone: 'EST' }), 'windows.night.zone', 'expected tenant, or an IANA zone'],
    ['a zone in another case', window({ zone: 'europe/berlin' }), 'windows.night.zone', 'expected tenant'],
    ['a zone that is none', window({ zone: 'Europe/Bertin' }), 'windows.night.zone', 'no such zone'],
    ['more than a zone', window({ zone: 'UTC+1' }), 'windows.night.zone', 'expected tenant'],
    ['something before a zone', window({ zone: ' UTC' }), 'windows.night.zone', 'expected tenant'],
    ['something before a time', span({ from: '107:30' }), 'windows.night.spans.0.from', 'expected a time'],
    ['something after a time', span({ from: '07:300' }), 'windows.night.spans.0.from', 'expected a time'],
    ['no end', span({ to: '' }), 'windows.night.spans.0.to', 'expected a time'],
    [
      'something before a date',
      holidays({ days: [{ date: '02026-05-01', name: 'x' }] }),
      'holidays.days.0.date',
      'expected a date',
    ],
    [
      'something after a date',
      holidays({ days: [{ date: '2026-05-01T10:00', name: 'x' }] }),
      'holidays.days.0.date',
      'expected a date',
    ],
    ['no zone', window({ zone: undefined }), 'windows.night.zone', 'expected string'],
    ['no span', window({ spans: [] }), 'windows.night.spans', 'Too small'],
    ['nothing about holidays', window({ holidays: undefined }), 'windows.night.holidays', 'Invalid option'],
    ['an unknown key', window({ zones: 'x' }), 'windows.night', 'Unrecognized key'],
    ['no day', span({ days: [] }), 'windows.night.spans.0.days', 'Too small'],
    ['a day in another case', span({ days: ['Mon'] }), 'windows.night.spans.0.days.0', 'Invalid option'],
    ['an hour that is none', span({ from: '25:00' }), 'windows.night.spans.0.from', 'expected a time'],
    ['a minute that is none', span({ from: '10:60' }), 'windows.night.spans.0.from', 'expected a time'],
    ['a time of one digit', span({ from: '8:00' }), 'windows.night.spans.0.from', 'expected a time'],
    ['a begin at 24:00', span({ from: '24:00' }), 'windows.night.spans.0.from', 'expected a time'],
    ['an end after 24:00', span({ to: '24:01' }), 'windows.night.spans.0.to', 'expected a time'],
    ['a span of nothing', span({ from: '06:00' }), 'windows.night.spans.0.to', 'ends as it begins'],
    ['a number for a time', span({ from: 800 }), 'windows.night.spans.0.from', 'expected string'],
    ['NaN for a time', span({ to: Number.NaN }), 'windows.night.spans.0.to', 'expected a time'],
    ['a reserved name', { ...valid, windows: { unknown: valid.windows.night } }, 'windows.unknown', 'Invalid key'],
    ['a name with a capital', { ...valid, windows: { Night: valid.windows.night } }, 'windows.Night', 'Invalid key'],
    ['a name with a dash', { ...valid, windows: { 'a-b': valid.windows.night } }, 'windows.a-b', 'Invalid key'],
    [
      'a day that is none',
      holidays({ days: [{ date: '2026-02-30', name: 'x' }] }),
      'holidays.days.0.date',
      'no such day',
    ],
    [
      'a date that is none',
      holidays({ days: [{ date: '1.5.2026', name: 'x' }] }),
      'holidays.days.0.date',
      'expected a date',
    ],
    [
      'a holiday without a name',
      holidays({ days: [{ date: '2026-05-01', name: '' }] }),
      'holidays.days.0.name',
      'Too small',
    ],
    [
      'a holiday twice',
      holidays({ days: [...valid.holidays.days, { date: '2026-05-01', name: 'x' }] }),
      'holidays.days.1.date',
      'twice in the list',
    ],
    [
      'a holiday before what is known',
      holidays({ days: [{ date: '2025-12-31', name: 'x' }] }),
      'holidays.days.0.date',
      'outside the days',
    ],
    [
      'a holiday after what is known',
      holidays({ days: [{ date: '2027-01-01', name: 'x' }] }),
      'holidays.days.0.date',
      'outside the days',
    ],
    ['nothing that is known', holidays({ known: undefined }), 'holidays.known', 'expected object'],
  ])('is refused for %s', (_what, calendar, path, message) => {
    const issues = calendarSchema.safeParse(calendar).error?.issues ?? [];
    expect(issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)).toContainEqual(
      expect.stringContaining(message),
    );
    expect(issues.map((issue) => issue.path.join('.'))).toContain(path);
  });
});

describe('the shipped calendar', () => {
  const { calendar } = testRulebook();

  it('keeps office hours', () => {
    expect(openAt(calendar, '2026-11-25T10:00:00-05:00')).toEqual(['business_hours']);
    expect(openAt(calendar, '2026-11-25T10:00:00-05:00', 'Asia/Tokyo')).toEqual([]);
    expect(openAt(calendar, '2026-11-26T10:00:00-05:00')).toEqual([]); // Thanksgiving Day
  });

  it('holds the federal holidays as observed (5 U.S.C. 6103), and no other day', () => {
    const nth = (year: number, month: number, weekday: number, count: number) => {
      const first = DateTime.utc(year, month, 1);
      return first.plus({ days: ((weekday - first.weekday + 7) % 7) + 7 * (count - 1) });
    };
    const observed = (year: number, month: number, day: number) => {
      const date = DateTime.utc(year, month, day);
      return date.plus({ days: date.weekday === 6 ? -1 : date.weekday === 7 ? 1 : 0 });
    };
    const ofYear = (year: number) => [
      observed(year, 1, 1),
      nth(year, 1, 1, 3),
      nth(year, 2, 1, 3),
      nth(year, 6, 1, 1).minus({ days: 7 }),
      observed(year, 6, 19),
      observed(year, 7, 4),
      nth(year, 9, 1, 1),
      nth(year, 10, 1, 2),
      observed(year, 11, 11),
      nth(year, 11, 4, 4),
      observed(year, 12, 25),
    ];
    const { from, through } = calendar.holidays.known;
    const dates = [2026, 2027, 2028, 2029].flatMap(ofYear).map((date) => date.toISODate() ?? '');
    const within = dates.filter((date) => from <= date && date <= through).sort();
    expect(calendar.holidays.days.map(({ date }) => date)).toEqual(within);
    expect(within).toHaveLength(33); // New Year's Day 2028 is a Saturday, and observed in 2027
  });
});
