import { pino, type Logger } from 'pino';

export type { Logger };

/**
 * A process's logger: JSON lines on standard error. Callers log words, ids and codes; an error is logged by
 * {@link errorFacts}, never whole, because messages of foreign code may quote what they choked on.
 */
export function createLog(name: string, level: string): Logger {
  // Written at once: what waits to be written when a process ends, to a reader who has gone, would keep it from ending.
  const destination = pino.destination({ dest: 2, sync: true });
  return pino({ name, level, base: { name }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

/** What of an error may be logged: its kind, its code if that is a word, and where in our code it arose. */
export function errorFacts(error: unknown): { kind: string; code?: string; at?: string } {
  if (!(error instanceof Error)) return { kind: typeof error };
  const code =
    'code' in error && typeof error.code === 'string' && /^[\w.-]{1,40}$/.test(error.code) ? error.code : undefined;
  const at = /\bat .*?([\w-]+(?:\.[\w-]+)*\.[jt]s:\d+:\d+)/.exec(
    error.stack?.slice(error.stack.indexOf('\n    at ')) ?? '',
  )?.[1];
  return { kind: error.name, ...(code !== undefined && { code }), ...(at !== undefined && { at }) };
}
