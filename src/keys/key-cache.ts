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
  #epoch = 0;

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

  /** Grows whenever something is forgotten. */
  get epoch(): number {
    return this.#epoch;
  }

  /**
   * The oldest entry leaves when there is no room. A key that was read before something was forgotten (`epoch`) is not
   * kept: it may be the forgotten one.
   */
  put(name: string, key: Uint8Array, epoch = this.#epoch): void {
    if (epoch !== this.#epoch) return;
    this.#entries.delete(name);
    const oldest = this.#entries.size >= this.#capacity ? this.#entries.keys().next().value : undefined;
    if (oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(name, { key, until: this.#clock() + this.#lifetime });
  }

  /** Drops every key whose name begins so. */
  forget(prefix: string): void {
    this.#epoch += 1;
    for (const name of this.#entries.keys()) if (name.startsWith(prefix)) this.#entries.delete(name);
  }
}
