/** FHIR R4 data types as far as an agent may write them. What people see of a value is all that is in it. */
import { z } from 'zod';

/** FHIR has no empty objects (ele-1), and an empty change is no change. */
export const something = (value: object): boolean => Object.keys(value).length > 0;

/**
 * Letters, marks, digits, signs and spaces. Not: controls, bidi overrides, lone surrogates, private use (`C`), what
 * screens leave out, such as zero-width characters, fillers and variation selectors (`DI`), other line separators.
 */
export const line = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[^\p{C}\p{DI}\p{Zl}\p{Zp}]*$/u)
  .regex(/\S/);

/** The same with line breaks and tabs. */
export const words = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(/^(?:[^\p{C}\p{DI}\p{Zl}\p{Zp}]|[\n\t])*$/u)
    .regex(/\S/);

const uri = z
  .string()
  .max(200)
  .regex(/^[a-z][a-z0-9+.-]*:[!-~]+$/);

/** A year, a month, a day, or an instant to the second with its offset, each of the calendar. */
const dateTime = z.union([
  z.string().regex(/^\d{4}(-(0[1-9]|1[0-2]))?$/),
  z.iso.date(),
  z.iso.datetime({ offset: true }).regex(/T\d\d:\d\d:\d\d/),
]);

const positive = z.number().positive().max(1_000_000);

/** `qty-3`: a code means nothing without its system. */
export const quantity = z
  .strictObject({ value: positive, unit: line, system: uri.exactOptional(), code: line.exactOptional() })
  .refine(({ system, code }) => code === undefined || system !== undefined);

/** `per-1`, as far as both ends are written: `2026-03` may end in `2026`. */
const period = z
  .strictObject({ start: dateTime.exactOptional(), end: dateTime.exactOptional() })
  .refine(something)
  .refine(({ start = '', end = '' }) => {
    const shared = Math.min(start.length, end.length, '2026-03-01'.length);
    return start.slice(0, shared) <= end.slice(0, shared);
  });

const dayTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/);

/** FHIR R4 `EventTiming`. */
const eventTiming = z.enum(
  (
    'MORN MORN.early MORN.late NOON AFT AFT.early AFT.late EVE EVE.early EVE.late NIGHT PHS ' +
    'HS WAKE C CM CD CV AC ACM ACD ACV PC PCM PCD PCV'
  ).split(' '),
);

const repeat = z
  .strictObject({
    boundsPeriod: period.exactOptional(),
    count: z.int().min(1).max(1_000).exactOptional(),
    frequency: z.int().min(1).max(100).exactOptional(),
    frequencyMax: z.int().min(1).max(100).exactOptional(),
    period: positive.exactOptional(),
    periodMax: positive.exactOptional(),
    periodUnit: z.enum(['s', 'min', 'h', 'd', 'wk', 'mo', 'a']).exactOptional(),
    dayOfWeek: z
      .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
      .min(1)
      .max(7)
      .exactOptional(),
    timeOfDay: z.array(dayTime).min(1).max(24).exactOptional(),
    when: z.array(eventTiming).min(1).max(10).exactOptional(),
  })
  .refine(something)
  // tim-2, tim-6, tim-10; and no range that runs backwards.
  .refine(({ period, periodUnit }) => (period === undefined) === (periodUnit === undefined))
  .refine(({ period, periodMax }) => isRange(period, periodMax))
  .refine(({ frequency, frequencyMax }) => isRange(frequency, frequencyMax))
  .refine(({ timeOfDay, when }) => timeOfDay === undefined || when === undefined);

function isRange(least: number | undefined, most: number | undefined): boolean {
  return most === undefined || (least !== undefined && least <= most);
}

export const timing = z.strictObject({ repeat });

export const contactPoint = z.strictObject({
  system: z.enum(['phone', 'fax', 'email', 'pager', 'sms', 'other']),
  value: line,
  use: z.enum(['home', 'work', 'temp', 'old', 'mobile']).exactOptional(),
  rank: z.int().min(1).max(20).exactOptional(),
  period: period.exactOptional(),
});

export const address = z
  .strictObject({
    use: z.enum(['home', 'work', 'temp', 'old', 'billing']).exactOptional(),
    type: z.enum(['postal', 'physical', 'both']).exactOptional(),
    text: words(500).exactOptional(),
    line: z.array(line).min(1).max(5).exactOptional(),
    city: line.exactOptional(),
    district: line.exactOptional(),
    state: line.exactOptional(),
    postalCode: line.exactOptional(),
    country: line.exactOptional(),
    period: period.exactOptional(),
  })
  .refine(something);
