/** Dates of synthetic records: whole days of UTC, counted from a day that is given. */

const dayLength = 86_400_000;

/** `YYYY-MM-DD`, so many days after (or, negative, before) `today`. */
export function dayFrom(today: string, days: number): string {
  return new Date(Date.parse(`${today}T00:00:00Z`) + days * dayLength).toISOString().slice(0, 10);
}

/** An instant of that day, UTC; `time` is `HH:MM`. */
export function instantFrom(today: string, days: number, time: string): string {
  return `${dayFrom(today, days)}T${time}:00Z`;
}
