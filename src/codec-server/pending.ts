/** Sign-ins that left for the identity provider and have not come back. */
import type { PendingSignIn } from './sign-in.gateway.js';

export interface PendingOptions {
  /** Milliseconds, any monotonic origin. */
  readonly clock: () => number;
  readonly newToken: () => string;
  readonly capacity?: number;
}

/** Milliseconds; as long as a person may take at the provider. */
export const pendingLife = 10 * 60_000;

/** Each is taken once, by the browser that holds its token. */
export class PendingSignIns {
  readonly #pending = new Map<string, { readonly pending: PendingSignIn; readonly until: number }>();
  readonly #clock: () => number;
  readonly #newToken: () => string;
  readonly #capacity: number;

  constructor({ clock, newToken, capacity = 1_000 }: PendingOptions) {
    this.#clock = clock;
    this.#newToken = newToken;
    this.#capacity = capacity;
  }

  /** The oldest leaves when there is no room: anybody may begin a sign-in. */
  put(pending: PendingSignIn): string {
    const oldest = this.#pending.size >= this.#capacity ? this.#pending.keys().next().value : undefined;
    if (oldest !== undefined) this.#pending.delete(oldest);
    const token = this.#newToken();
    this.#pending.set(token, { pending, until: this.#clock() + pendingLife });
    return token;
  }

  take(token: string | undefined): PendingSignIn | undefined {
    const found = token === undefined ? undefined : this.#pending.get(token);
    if (token !== undefined) this.#pending.delete(token);
    return found !== undefined && found.until > this.#clock() ? found.pending : undefined;
  }
}
