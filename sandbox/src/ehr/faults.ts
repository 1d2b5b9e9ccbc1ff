/** Switches that make the server misbehave in chosen ways, so that tests see what its clients do then. */
import { z } from 'zod';

const wholeMilliseconds = z.number().int().min(0).max(600_000);
const seconds = z.number().int().min(0);
/** Before anything happened (unless told), or after it happened and before the answer. */
const when = z.enum(['before', 'after']).optional();

const faultSchema = z.discriminatedUnion('kind', [
  /** Answers with an error and does nothing. `retryAfter` in seconds. */
  z.strictObject({
    kind: z.literal('status'),
    status: z.number().int().min(400).max(599),
    retryAfter: seconds.optional(),
  }),
  /** Does it, then answers with an error. */
  z.strictObject({
    kind: z.literal('fail_after'),
    status: z.number().int().min(500).max(599),
    retryAfter: seconds.optional(),
  }),
  z.strictObject({ kind: z.literal('delay'), ms: wholeMilliseconds, when }),
  /** Waits until it is released: with an edit by somebody else meanwhile, the version changes under the client. */
  z.strictObject({ kind: z.literal('hold'), when }),
  /** Does it, then closes the connection instead of answering. */
  z.strictObject({ kind: z.literal('drop') }),
  /** Answers with records of somebody else. */
  z.strictObject({ kind: z.literal('wrong_patient') }),
  z.strictObject({ kind: z.literal('ignore_elements') }),
  /** Every page has a `next` link, each one new. */
  z.strictObject({ kind: z.literal('endless_paging') }),
  z.strictObject({ kind: z.literal('redirect'), to: z.string() }),
  /** A whole and valid answer, padded to so many bytes, streamed. */
  z.strictObject({ kind: z.literal('huge'), bytes: z.number().int().min(1) }),
  /** A web page that calls itself FHIR. */
  z.strictObject({ kind: z.literal('not_json') }),
]);
export const faultSwitchSchema = z.strictObject({
  match: z.strictObject({
    method: z.string().optional(),
    /** Start of the path: `/fhir/MedicationRequest`, `/auth/token`. */
    path: z.string().optional(),
    /** The whole path, not its start: `/fhir` for transactions alone. */
    exact: z.boolean().optional(),
  }),
  times: z.union([z.number().int().min(1), z.literal('always')]).optional(),
  fault: faultSchema,
});

export type Fault = z.infer<typeof faultSchema>;
/** Once, unless `times` says more. */
export type FaultSwitch = z.infer<typeof faultSwitchSchema>;

export class Faults {
  #switches: { readonly rule: FaultSwitch; left: number }[] = [];
  readonly #held = new Set<(goOn: boolean) => void>();
  readonly #watchers = new Set<() => void>();

  /** Adds a switch; earlier ones are asked first. @throws ZodError for one that could never do anything. */
  set(rule: FaultSwitch): void {
    const checked = faultSwitchSchema.parse(rule);
    const times = checked.times ?? 1;
    this.#switches.push({ rule: checked, left: times === 'always' ? Number.POSITIVE_INFINITY : times });
  }

  /** Removes every switch and lets go of what is held. */
  clear(): void {
    this.#switches = [];
    this.release();
  }

  release(): void {
    this.#endHolds(true);
  }

  /** As `clear`, but what is held never goes on: the server is ending. */
  abandon(): void {
    this.#switches = [];
    this.#endHolds(false);
  }

  /** Requests that are being held now. */
  get held(): number {
    return this.#held.size;
  }

  /** Resolves as soon as a request is held, at once if one is. */
  async whenHeld(): Promise<void> {
    if (this.#held.size === 0) await new Promise<void>((resolve) => this.#watchers.add(resolve));
  }

  /** The fault for this request, used up by one; the server asks once a request. */
  take(method: string, path: string): Fault | undefined {
    const found = this.#switches.find(
      ({ rule: { match }, left }) =>
        left > 0 &&
        (match.method === undefined || match.method === method) &&
        (match.exact === true ? path === match.path : path.startsWith(match.path ?? '')),
    );
    if (!found) return undefined;
    found.left -= 1;
    return found.rule.fault;
  }

  /** Holds the caller until `release` or `clear`; false when it must not go on. */
  hold(): Promise<boolean> {
    return new Promise<boolean>((resolve) => {
      this.#held.add(resolve);
      for (const tell of this.#watchers) tell();
      this.#watchers.clear();
    });
  }

  #endHolds(goOn: boolean): void {
    for (const letGo of this.#held) letGo(goOn);
    this.#held.clear();
  }
}
