const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

/** Seconds in a duration such as `30m`; its shape was checked by the schema. */
export function seconds(duration: string): number {
  const unit = units[duration.slice(-1)];
  if (unit === undefined) throw new RangeError('not a duration');
  return Number(duration.slice(0, -1)) * unit;
}
