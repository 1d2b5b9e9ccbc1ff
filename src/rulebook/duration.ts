import { z } from 'zod';

/** `30m`, `72h`. */
export const durationSchema = z
  .string()
  .regex(/^[1-9]\d{0,3}(s|m|h)$/, { error: 'expected a duration such as 30m or 72h' });

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

/** Seconds in a duration such as `30m`; its shape was checked by the schema. */
export function seconds(duration: string): number {
  const unit = units[duration.slice(-1)];
  if (unit === undefined) throw new RangeError('not a duration');
  return Number(duration.slice(0, -1)) * unit;
}
