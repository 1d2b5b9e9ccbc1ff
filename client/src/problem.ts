/**
 * An RFC 9457 problem that the API answered. `code` is from a closed set (`request.invalid`, `token.expired`,
 * `idempotency.mismatch` …), listed in the OpenAPI file. It does not mean that a person said no: that is a result.
 */
export class CountersignProblem extends Error {
  override readonly name = 'CountersignProblem';
  readonly status: number;
  readonly code: string;
  /** JSON pointers and ids; never input values. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, title: string, details: Readonly<Record<string, unknown>> = {}) {
    super(title);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** What the API answered instead of success; `unknown` when something between us and it answered. */
export async function problemOf(response: Response): Promise<CountersignProblem> {
  const body: unknown = await response.json().catch(() => undefined);
  if (typeof body !== 'object' || body === null)
    return new CountersignProblem(response.status, 'unknown', response.statusText);
  const { code, title, ...details }: { code?: unknown; title?: unknown } = body;
  return new CountersignProblem(
    response.status,
    typeof code === 'string' ? code : 'unknown',
    typeof title === 'string' ? title : response.statusText,
    details,
  );
}
