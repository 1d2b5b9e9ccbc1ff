import { Refusal } from '../../src/action/refusal.js';

/** Lets a bounded number of calls run at once and refuses the rest as retryable: forged votes must not pile up. */
export class Semaphore {
  #running = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws Refusal `vote.busy` when as many are running as may. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limit) throw new Refusal('vote.busy', 'Many votes are being verified; try again.');
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
    }
  }
}
