/** What reached the EHR, in order: the oracle of tests that say "nothing went there". */

export interface LoggedRequest {
  /** `discovery` carries no data and needs no token: `metadata` and `smart-configuration`. */
  readonly kind: 'fhir' | 'token' | 'discovery';
  /** Arrival, UTC, milliseconds. */
  readonly at: string;
  readonly method: string;
  /** `/fhir/MedicationRequest`, `/auth/token`. */
  readonly path: string;
  /** Without `?`; of a `_search` by POST also the form. */
  readonly query: string;
  readonly requestId?: string;
  /** Headers, as they came. */
  readonly ifMatch?: string;
  readonly ifNoneExist?: string;
  /** What each entry of a transaction asked for. */
  readonly entries?: readonly LoggedEntry[];
  /** The versions that it made, `Type/id/_history/n`: there as soon as they are stored, whatever becomes of the answer. */
  readonly written?: readonly string[];
  /** From the access token; of a token request, the client that proved itself. */
  readonly client?: string;
  readonly scopes: readonly string[];
  /** Missing while the request is still under way. */
  readonly status?: number;
  /** Kind of the fault switch that it met. */
  readonly fault?: string;
}

export interface LoggedEntry {
  readonly method: string;
  readonly url: string;
  readonly ifMatch?: string;
  readonly ifNoneExist?: string;
}

/** As many as a long development session needs; older ones are forgotten. */
const remembered = 10_000;

export class RequestLog {
  readonly #entries: LoggedRequest[] = [];

  /** Notes an arrival and gives a way to add to it. */
  open(request: LoggedRequest): (more: Partial<LoggedRequest>) => void {
    let entry = request;
    this.#entries.push(entry);
    if (this.#entries.length > remembered) this.#entries.shift();
    return (more) => {
      const place = this.#entries.lastIndexOf(entry);
      entry = { ...entry, ...more };
      if (place >= 0) this.#entries[place] = entry;
    };
  }

  list(kind?: LoggedRequest['kind']): readonly LoggedRequest[] {
    return this.#entries.filter((entry) => kind === undefined || entry.kind === kind);
  }

  clear(): void {
    this.#entries.length = 0;
  }
}
