/** What goes back to a client, before any socket is touched. */
import { operationOutcome } from './resource.js';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON; nothing for an empty body. */
  readonly body?: unknown;
}

const noStore = { 'cache-control': 'no-store' };

export function fhirAnswer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, body, headers: { ...noStore, 'content-type': 'application/fhir+json; charset=utf-8', ...headers } };
}

export function jsonAnswer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, body, headers: { ...noStore, 'content-type': 'application/json; charset=utf-8', ...headers } };
}

/** An OperationOutcome; `code` is from the R4 value set issue-type. */
export function outcomeAnswer(
  status: number,
  code: string,
  diagnostics: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return fhirAnswer(status, operationOutcome(code, diagnostics), headers);
}
