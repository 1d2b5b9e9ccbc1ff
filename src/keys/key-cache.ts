/** A bounded cache of opened keys; what it holds is forgotten after five minutes, or at once when a key is destroyed. */
export interface KeyCacheOptions {
  /** Milliseconds, any monotonic origin. */
  readonly clock: () => number;
  readonly capacity?: number;
  readonly lifetime?: number;
}

export class KeyCache {
  readonly #entries = new Map<string, { readonly key: Uint8Array; readonly until: number }>();
  readonly #clock: () => number;
  readonly #capacity: number;
  readonly #lifetime: number;

  constructor({ clock, capacity = 4_096, lifetime = 300_000 }: KeyCacheOptions) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#lifetime = lifetime;
  }

  get(name: string): Uint8Array | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    if (entry.until > this.#clock()) return entry.key;
    this.#entries.delete(name);
    return undefined;
  }

  /** The oldest entry leaves when there is no room. */
  put(name: string, key: Uint8Array): void {
    this.#entries.delete(name);
    const oldest = this.#entries.size >= this.#capacity ? this.#entries.keys().next().value : undefined;
    if (oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(name, { key, until: this.#clock() + this.#lifetime });
  }

  /** Drops every key whose name begins so. */
  forget(prefix: string): void {
    for (const name of this.#entries.keys()) if (name.startsWith(prefix)) this.#entries.delete(name);
  }
}
