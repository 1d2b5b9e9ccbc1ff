/**
 * How much of which history an operator's leaves already cover. The Temporal UI asks for payloads one by one, so one
 * leaf covers the next few minutes and {@link maxPayloads} payloads of one action: it tells the most that was shown.
 */
import type { ActionId, PersonId } from '../action/ids.js';
import { maxPayloads } from './payloads.js';

/** Milliseconds that one leaf covers. */
export const viewWindow = 5 * 60_000;

export interface Viewing {
  readonly operator: PersonId;
  /** Undefined for workflows that are no action. */
  readonly action: ActionId | undefined;
  readonly count: number;
}

export interface LedgerEntry {
  readonly action: ActionId | undefined;
  /** Keys of the leaves that must be there first: the same for requests that race, so that they leave one together. */
  readonly keys: readonly string[];
  readonly subject: string;
  readonly window: number;
  readonly blocks: number;
}

interface Covered {
  readonly window: number;
  /** Leaves that are committed. */
  readonly blocks: number;
  readonly count: number;
}

export interface ViewLedgerOptions {
  readonly now: () => Date;
  /** Of this process and start: another one counts for itself, so its leaves are others. */
  readonly instance: string;
}

export class ViewLedger {
  readonly #covered = new Map<string, Covered>();
  readonly #now: () => Date;
  readonly #instance: string;

  constructor({ now, instance }: ViewLedgerOptions) {
    this.#now = now;
    this.#instance = instance;
  }

  /** Counts a viewing and tells which leaves it still needs. A viewing that then fails stays counted: never too few. */
  enter({ operator, action, count }: Viewing): LedgerEntry {
    const subject = `${operator}/${action ?? 'system'}`;
    const window = Math.floor(this.#now().getTime() / viewWindow);
    const known = this.#covered.get(subject);
    const before = known?.window === window ? known : { window, blocks: 0, count: 0 };
    const total = before.count + count;
    if (known?.window !== window) this.#forgetBefore(window);
    this.#covered.set(subject, { ...before, count: total });
    const blocks = Math.ceil(total / maxPayloads);
    const from = `${operator}/${new Date(window * viewWindow).toISOString()}/${this.#instance}`;
    const keys = Array.from({ length: blocks - before.blocks }, (_, at) => `${from}/${before.blocks + at}`);
    return { action, keys, subject, window, blocks };
  }

  /** Remembers leaves that were committed. */
  keep(entries: readonly LedgerEntry[]): void {
    for (const { subject, window, blocks } of entries) {
      const known = this.#covered.get(subject);
      if (known?.window === window) this.#covered.set(subject, { ...known, blocks: Math.max(known.blocks, blocks) });
    }
  }

  #forgetBefore(window: number): void {
    for (const [subject, covered] of this.#covered) if (covered.window < window) this.#covered.delete(subject);
  }
}
