/** The processes of one stack, in stages: a later stage leans on the earlier ones, so that it ends first. */
import type { Supervised } from './supervise.js';

export type Stage = 'engines' | 'sandbox' | 'product';
const lastFirst: readonly Stage[] = ['product', 'sandbox', 'engines'];

export class ProcessTree {
  readonly #members: { readonly stage: Stage; readonly process: Supervised }[] = [];

  /** Called when a process was restarted: pids are new. */
  onRestart: () => void = () => undefined;

  add(stage: Stage, process: Supervised): void {
    this.#members.push({ stage, process });
  }

  changed(): void {
    this.onRestart();
  }

  pids(): Record<string, number> {
    return Object.fromEntries(this.#members.map(({ process }) => [process.name, process.pid()]));
  }

  /** Everything of a stage at once, then the stage below it. */
  async stop(): Promise<void> {
    for (const stage of lastFirst)
      await Promise.all(this.#members.filter((each) => each.stage === stage).map(({ process }) => process.stop()));
  }
}

/**
 * Waits for all of them, whatever becomes of some: what is under way when one fails is a process that must be ended.
 *
 * @param onFailure called at the first failure, so that the others can be called off.
 * @throws the first failure in time.
 */
export async function allOrNone(work: readonly Promise<unknown>[], onFailure: () => void): Promise<void> {
  const failures: unknown[] = [];
  await Promise.all(
    work.map((each) =>
      each.catch((error: unknown) => {
        failures.push(error);
        if (failures.length === 1) onFailure();
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
}
