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

/** `2026-11-24 18:05 GMT+1`; the text itself when it is no instant. */
export function localTime(instant: string): string {
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? instant : minute.format(date).replace(', ', ' ');
}
