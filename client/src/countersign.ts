import { CountersignProblem } from './problem.js';
import type { ActionRequest } from './request.js';
import type { ActionResult, ActionView, FinalResult } from './result.js';

export interface CountersignOptions {
  /** Base URL of the API, for example `https://countersign.example.org`. */
  readonly url: string;
  /** Asked before each call: an access token of the agent (RFC 9068, audience = the API). Cache it as you like. */
  readonly token: () => Promise<string>;
  /** Defaults to the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
}

export interface RunOptions {
  /** Milliseconds to wait for people before the answer is `pending`. Default 5 minutes. */
  readonly timeout?: number;
  /** Called once, when the action waits for approvals. */
  readonly onPending?: (action: ActionView) => void;
  /** Stops waiting; the action itself goes on. */
  readonly signal?: AbortSignal;
}

const openStatuses: readonly ActionView['status'][] = [
  'requested',
  'preparing',
  'awaiting_approval',
  'authorised',
  'performing',
];

/** The API's longest poll, seconds. */
const longestPoll = 25;
const attempts = 4;

/**
 * A client of the HTTP API for agents.
 *
 * ```ts
 * const countersign = new Countersign({ url, token });
 * const result = await countersign.run({
 *   type: 'medications.read',
 *   input: { patient: 'Patient/42', episode: 'Encounter/7' },
 *   purpose: 'TREAT',
 *   principal: principalToken,
 *   reason: 'Reconcile medications before discharge',
 * });
 * if (result.status === 'completed') console.log(result.output.elements);
 * ```
 *
 * A human's no, a deadline, a refusal are values. Thrown are CountersignProblem (the API refused the call) and what
 * `fetch` throws when the network stays away.
 */
export class Countersign {
  readonly #url: string;
  readonly #token: () => Promise<string>;
  readonly #fetch: typeof globalThis.fetch;

  constructor({ url, token, fetch = globalThis.fetch }: CountersignOptions) {
    this.#url = url.replace(/\/+$/, '');
    this.#token = token;
    this.#fetch = fetch;
  }

  /** Asks for an action. Repeating the call with the same `idempotencyKey` and body finds the same action. */
  request(request: ActionRequest): Promise<ActionView> {
    const body = { ...request, idempotencyKey: request.idempotencyKey ?? globalThis.crypto.randomUUID() };
    return this.#call<ActionView>('POST', '/v1/actions', { body });
  }

  /** Where the action stands. */
  get(id: string): Promise<ActionView> {
    return this.#call<ActionView>('GET', at(id));
  }

  /** Like get, but holds the answer back until the action ends or `seconds` (at most 25) are over. */
  wait(id: string, seconds = longestPoll, signal?: AbortSignal): Promise<ActionView> {
    return this.#call<ActionView>('GET', `${at(id)}/wait?seconds=${Math.min(seconds, longestPoll)}`, { signal });
  }

  /** Asks for an end. Counts only before the first use of the warrant; look at what the action becomes. */
  cancel(id: string): Promise<ActionView> {
    return this.#call<ActionView>('POST', `${at(id)}/cancel`);
  }

  /** How the action ended, with its output when it completed. Only for the agent that asked, for fifteen minutes. */
  release(id: string): Promise<FinalResult> {
    return this.#call<FinalResult>('POST', `${at(id)}/release`);
  }

  /** Request, wait, release: the answer in one call. */
  async run(request: ActionRequest, { timeout = 300_000, onPending, signal }: RunOptions = {}): Promise<ActionResult> {
    const until = Date.now() + timeout;
    let action = await this.request(request);
    let told = false;
    while (openStatuses.includes(action.status)) {
      if (action.status === 'awaiting_approval' && !told) {
        told = true;
        onPending?.(action);
      }
      const left = until - Date.now();
      if (left <= 0 || signal?.aborted)
        return { status: 'pending', actionId: action.id, needs: action.needs ?? { status: 'nobody' } };
      // A short first poll: whether people are asked is known at once.
      const seconds = told ? Math.ceil(left / 1000) : 2;
      action = await this.wait(action.id, seconds, signal);
    }
    if (action.status === 'outcome_unknown') return { status: 'outcome_unknown', actionId: action.id };
    return this.release(action.id);
  }

  /** Every call may be repeated: requests carry an idempotency key, the rest changes nothing twice. */
  async #call<T>(
    method: 'GET' | 'POST',
    path: string,
    { body, signal }: { readonly body?: unknown; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await this.#fetch(this.#url + path, {
          method,
          headers: {
            accept: 'application/json',
            authorization: `Bearer ${await this.#token()}`,
            ...(body !== undefined && { 'content-type': 'application/json' }),
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
          ...(signal !== undefined && { signal }),
        });
        if (response.ok) return (await response.json()) as T;
        if (response.status !== 503 || attempt === attempts) throw await problemOf(response);
      } catch (error) {
        if (error instanceof CountersignProblem || signal?.aborted || attempt === attempts) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
    }
  }
}

function at(id: string): string {
  return `/v1/actions/${encodeURIComponent(id)}`;
}

async function problemOf(response: Response): Promise<CountersignProblem> {
  const body: unknown = await response.json().catch(() => undefined);
  if (typeof body !== 'object' || body === null)
    return new CountersignProblem(response.status, 'unknown', response.statusText);
  const { code, title, ...details } = body as Record<string, unknown>;
  return new CountersignProblem(
    response.status,
    typeof code === 'string' ? code : 'unknown',
    typeof title === 'string' ? title : response.statusText,
    details,
  );
}
