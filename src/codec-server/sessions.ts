/** Who is signed in, in memory: a restart signs everybody out, and signing out ends a session for good. */
import type { PersonId } from '../action/ids.js';

export interface SessionsOptions {
  /** Milliseconds, any monotonic origin. */
  readonly clock: () => number;
  /** An unguessable text: the cookie's value. */
  readonly newToken: () => string;
  readonly capacity?: number;
}

/** Milliseconds: after so long without use, and at the latest. */
export const sessionLife = { idle: 15 * 60_000, whole: 8 * 3_600_000 } as const;

interface Session {
  readonly operator: PersonId;
  readonly began: number;
  readonly used: number;
}

export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #clock: () => number;
  readonly #newToken: () => string;
  readonly #capacity: number;

  constructor({ clock, newToken, capacity = 1_000 }: SessionsOptions) {
    this.#clock = clock;
    this.#newToken = newToken;
    this.#capacity = capacity;
  }

  /** Opens a session and returns its token. The one longest unused leaves when there is no room. */
  open(operator: PersonId): string {
    const now = this.#clock();
    for (const [token, session] of this.#sessions) if (isOver(session, now)) this.#sessions.delete(token);
    const oldest = this.#sessions.size >= this.#capacity ? this.#sessions.keys().next().value : undefined;
    if (oldest !== undefined) this.#sessions.delete(oldest);
    const token = this.#newToken();
    this.#sessions.set(token, { operator, began: now, used: now });
    return token;
  }

  /** Whose session this is; undefined when it is over or never was. Using it keeps it alive. */
  use(token: string | undefined): PersonId | undefined {
    const session = token === undefined ? undefined : this.#sessions.get(token);
    if (token === undefined || session === undefined) return undefined;
    const now = this.#clock();
    this.#sessions.delete(token);
    if (isOver(session, now)) return undefined;
    this.#sessions.set(token, { ...session, used: now });
    return session.operator;
  }

  close(token: string): void {
    this.#sessions.delete(token);
  }
}

function isOver({ began, used }: Session, now: number): boolean {
  return now - used >= sessionLife.idle || now - began >= sessionLife.whole;
}
