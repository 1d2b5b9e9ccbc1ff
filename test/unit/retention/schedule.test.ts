import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { retentionDate } from '../../../src/retention/schedule.js';

const sixYears = { keep: { years: 6 } };

describe('a retention date', () => {
  it.each<[promise: string, from: string, zone: string, date: string]>([
    ['is the day after the sixth anniversary', '2024-05-10', 'UTC', '2030-05-11'],
    ['takes 1 March for the anniversary of a leap day', '2024-02-29', 'UTC', '2030-03-02'],
    ['leaves 28 February alone', '2022-02-28', 'UTC', '2028-02-29'],
    ['crosses the end of a year', '2024-12-31', 'UTC', '2031-01-01'],
    ['is counted from the calendar day of the zone', '2024-05-10T23:30:00Z', 'Europe/Berlin', '2030-05-12'],
    ['is counted from the day before, west of it', '2024-05-10T01:30:00.123456Z', 'America/New_York', '2030-05-10'],
    ['does not lose a day to daylight saving', '2024-03-31T00:30:00+01:00', 'Europe/Berlin', '2030-04-01'],
  ])('%s', (_promise, from, zone, date) => {
    expect(retentionDate(sixYears, from, zone)).toBe(date);
  });

  it('meets a leap day where there is one', () => {
    expect(retentionDate({ keep: { years: 4 } }, '2024-02-29', 'UTC')).toBe('2028-03-01');
  });

  it('of zero days is the same day', () => {
    expect(retentionDate({ keep: { days: 0 } }, '2024-05-10T22:30:00Z', 'Europe/Berlin')).toBe('2024-05-11');
  });

  it('of days counts days', () => {
    expect(retentionDate({ keep: { days: 30 } }, '2024-02-01', 'UTC')).toBe('2024-03-02');
  });

  it('never begins before six full calendar years are over, whatever the zone', () => {
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Apia', 'Asia/Kolkata');
    const moments = fc.date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(moments, zones, (moment, zone) => {
        const begins = DateTime.fromISO(retentionDate(sixYears, moment.toISOString(), zone), { zone });
        const from = DateTime.fromJSDate(moment, { zone });
        const full = from.month === 2 && from.day === 29 ? from.plus({ days: 1, years: 6 }) : from.plus({ years: 6 });
        expect(begins.toMillis()).toBeGreaterThanOrEqual(full.toMillis());
        expect(begins.diff(full, 'days').days).toBeLessThanOrEqual(2);
      }),
    );
  });

  it.each([
    ['2024-02-30', 'UTC'],
    ['2023-02-29', 'UTC'],
    ['yesterday', 'UTC'],
    ['2024-05-10T10:00:00', 'UTC'],
    ['', 'UTC'],
    ['2024-05-10', 'Mars/Olympus'],
  ])('of %s in %s does not exist', (from, zone) => {
    expect(() => retentionDate(sixYears, from, zone)).toThrow(RangeError);
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('of %p years does not exist', (years) => {
    expect(() => retentionDate({ keep: { years } }, '2024-05-10', 'UTC')).toThrow(RangeError);
    expect(() => retentionDate({ keep: { days: years } }, '2024-05-10', 'UTC')).toThrow(RangeError);
  });
});
