import { CountersignProblem, problemOf } from './problem.js';
import type { ActionRequest } from './request.js';
import type { ActionPreview, ActionResult, ActionView, EvidenceBundle, FinalResult, PendingResult } from './result.js';
import { pause, retryDelay } from './retry.js';

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
  /** Stops waiting, which answers `pending`; the action itself goes on. */
  readonly signal?: AbortSignal;
}

interface Call {
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that the API may take on purpose. */
  readonly holds?: number;
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
const attempts = 5;
/** Milliseconds that an answer may take beyond what the API holds it back. */
const patience = 20_000;

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
  request(request: ActionRequest, signal?: AbortSignal): Promise<ActionView> {
    const body = { ...request, idempotencyKey: request.idempotencyKey ?? globalThis.crypto.randomUUID() };
    return this.#call<ActionView>('POST', '/v1/actions', { body, signal });
  }

  /**
   * What would become of a request: its tier and why, what it lacks, who would be asked. Starts and stores nothing. It
   * promises nothing either: rules, people and counts may change, and the EHR is not asked about the patient.
   */
  preview(request: ActionRequest, signal?: AbortSignal): Promise<ActionPreview> {
    return this.#call<ActionPreview>('POST', '/v1/actions/preview', { body: request, signal });
  }

  /** Where the action stands. */
  get(id: string, signal?: AbortSignal): Promise<ActionView> {
    return this.#call<ActionView>('GET', at(id), { signal });
  }

  /** Like get, but holds the answer back until the action has settled or `seconds` (0 to 25) are over. */
  wait(id: string, seconds = longestPoll, signal?: AbortSignal): Promise<ActionView> {
    const held = Math.min(Math.max(seconds, 0), longestPoll);
    return this.#call<ActionView>('GET', `${at(id)}/wait?seconds=${held}`, { signal, holds: held * 1000 });
  }

  /** Asks for an end. Counts only before the first use of the warrant; look at what the action becomes. */
  cancel(id: string, signal?: AbortSignal): Promise<ActionView> {
    return this.#call<ActionView>('POST', `${at(id)}/cancel`, { signal });
  }

  /** How the action ended, with its output when it completed. Only for the agent that asked, for fifteen minutes. */
  release(id: string, signal?: AbortSignal): Promise<FinalResult> {
    return this.#call<FinalResult>('POST', `${at(id)}/release`, { signal });
  }

  /** Proof of what happened, for anybody who has a key of the log: `countersign audit verify` checks it offline. */
  evidence(id: string, signal?: AbortSignal): Promise<EvidenceBundle> {
    return this.#call<EvidenceBundle>('GET', `${at(id)}/evidence`, { signal });
  }

  /** Request, wait, release: the answer in one call. */
  async run(request: ActionRequest, { timeout = 300_000, onPending, signal }: RunOptions = {}): Promise<ActionResult> {
    const until = Date.now() + timeout;
    let action = await this.request(request, signal);
    let told = false;
    while (openStatuses.includes(action.status)) {
      if (action.status === 'awaiting_approval' && !told) {
        told = true;
        onPending?.(action);
      }
      const left = until - Date.now();
      if (left <= 0 || signal?.aborted) return pending(action);
      // The first polls are short until people are asked, so that `onPending` hears of it soon.
      const seconds = Math.min(left / 1000, told ? longestPoll : 2);
      try {
        action = await this.wait(action.id, seconds, signal);
      } catch (error) {
        if (signal?.aborted) return pending(action);
        throw error;
      }
    }
    if (action.status === 'outcome_unknown') return { status: 'outcome_unknown', actionId: action.id };
    return this.release(action.id);
  }

  /** Every call may be repeated: requests carry an idempotency key, the rest changes nothing twice. */
  async #call<T>(method: 'GET' | 'POST', path: string, { body, signal, holds = 0 }: Call = {}): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      let retryAfter: string | null = null;
      try {
        const limit = AbortSignal.timeout(holds + patience);
        const response = await this.#fetch(this.#url + path, {
          method,
          // A redirect would take the token elsewhere; the API never answers one.
          redirect: 'error',
          headers: {
            accept: 'application/json',
            authorization: `Bearer ${await this.#token()}`,
            ...(body !== undefined && { 'content-type': 'application/json' }),
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
          signal: signal ? AbortSignal.any([signal, limit]) : limit,
        });
        if (response.ok) return (await response.json()) as T;
        if (response.status !== 503 || attempt === attempts) throw await problemOf(response);
        retryAfter = response.headers.get('retry-after');
        await response.body?.cancel();
      } catch (error) {
        if (error instanceof CountersignProblem || signal?.aborted || attempt === attempts) throw error;
      }
      await pause(retryDelay(attempt, retryAfter), signal);
    }
  }
}

function at(id: string): string {
  return `/v1/actions/${encodeURIComponent(id)}`;
}

function pending({ id, needs }: ActionView): PendingResult {
  return { status: 'pending', actionId: id, needs: needs ?? { status: 'nobody' } };
}
