/** One thing that `countersign doctor` looked at. */
export interface Finding {
  readonly name: string;
  /** A warning works, but not as one would expect; a problem does not. */
  readonly status: 'ok' | 'warning' | 'problem';
  readonly detail: string;
  /** The line that mends it. */
  readonly mend?: string;
}

export const ok = (name: string, detail: string): Finding => ({ name, status: 'ok', detail });
export const warning = (name: string, detail: string, mend: string): Finding => ({
  name,
  status: 'warning',
  detail,
  mend,
});
export const problem = (name: string, detail: string, mend: string): Finding => ({
  name,
  status: 'problem',
  detail,
  mend,
});

/** What of a foreign error a person may read: its code, else its kind. Messages may quote a URL with its password. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  if ('code' in error && typeof error.code === 'string' && error.code !== '') return error.code;
  return error.cause === undefined ? error.name : reasonOf(error.cause);
}
