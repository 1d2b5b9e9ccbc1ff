import { describe, expect, it } from '@jest/globals';
import { liesWithin } from '../../../src/ehr/date-bound.js';

const bound = { since: '2026-03-10', fields: ['effectiveDateTime', 'effectivePeriod'] };
const observation = (fields: object) => ({ resourceType: 'Observation', id: 'o1', ...fields });

describe('a resource within a look-back', () => {
  it.each<[what: string, fields: object]>([
    ['of the day itself', { effectiveDateTime: '2026-03-10' }],
    ['of a later instant', { effectiveDateTime: '2026-03-11T08:00:00+01:00' }],
    [
      'of the evening before, where the server’s clock stands elsewhere',
      { effectiveDateTime: '2026-03-09T20:00:00-08:00' },
    ],
    ['of a month that may be later', { effectiveDateTime: '2026-03' }],
    ['of a year that may be later', { effectiveDateTime: '2026' }],
    ['that ended later', { effectivePeriod: { start: '2020-01-01', end: '2026-04-01' } }],
    ['that goes on', { effectivePeriod: { start: '2020-01-01' } }],
    ['with one such date among others', { effectiveDateTime: '1999', effectivePeriod: { end: '2026-04-01' } }],
  ])('is one %s', (_what, fields) => {
    expect(liesWithin(observation(fields), bound)).toBe(true);
  });

  it.each<[what: string, fields: object]>([
    ['older', { effectiveDateTime: '2026-03-01' }],
    ['of an earlier month', { effectiveDateTime: '2026-01' }],
    ['of an earlier year', { effectiveDateTime: '2025' }],
    ['that ended before', { effectivePeriod: { start: '2020-01-01', end: '2025-01-01' } }],
    ['without a date', {}],
    ['whose date is no date', { effectiveDateTime: 'yesterday' }],
    ['whose date is a number', { effectiveDateTime: 20_260_311 }],
    ['whose date is a list', { effectiveDateTime: ['2026-03-11'] }],
    ['whose period has no beginning and no end', { effectivePeriod: {} }],
    ['whose period ends nowhere sensible', { effectivePeriod: { start: '2020-01-01', end: 7 } }],
    ['with a later date elsewhere', { issued: '2026-03-11' }],
  ])('is none %s', (_what, fields) => {
    expect(liesWithin(observation(fields), bound)).toBe(false);
  });

  it('is none when no field could show it', () => {
    expect(liesWithin(observation({ effectiveDateTime: '2026-03-11' }), { ...bound, fields: [] })).toBe(false);
  });
});
