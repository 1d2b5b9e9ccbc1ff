/** Instants as people read them: in their own zone, which is named. */

const minute = new Intl.DateTimeFormat('en-CA', {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
  timeZoneName: 'short',
});

/** `2026-11-24 18:05 GMT+1`. */
export function localTime(instant: string): string {
  return minute.format(new Date(instant)).replace(', ', ' ');
}

/** `in 4 min`, `3 h ago`; seconds below two minutes. */
export function fromNow(instant: string, now: number): string {
  const seconds = Math.round((new Date(instant).getTime() - now) / 1_000);
  const length = Math.abs(seconds);
  const text = length < 120 ? `${length} s` : length < 7_200 ? `${Math.round(length / 60)} min` : hours(length);
  return seconds >= 0 ? `in ${text}` : `${text} ago`;
}

function hours(seconds: number): string {
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}
