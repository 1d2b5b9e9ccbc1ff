/**
 * Callers that wait for an action to settle. However many wait, one query in each interval asks for all of them, so a
 * waiter holds no database connection.
 */
import type { Pool } from 'pg';
import type { ActionId, TenantId } from '../action/ids.js';
import { isFinal, type Status } from '../action/types.js';
import { errorFacts, type Logger } from '../config/log.js';
import { inTenant } from '../database/transaction.js';
import { statusesOf } from './action-status.store.js';
import { ApiProblem } from './problem.js';

export interface ActionWaits {
  /**
   * Resolves when the action has settled, after `milliseconds`, when `signal` aborts, or when this process ends,
   * whichever comes first; which of them it was, the action's row says.
   *
   * @throws ApiProblem `wait.full` when `caller`, or everybody together, waits for too much already.
   */
  settled(of: Waiting): Promise<void>;
  /** Lets every waiter go. */
  stop(): void;
}

export interface Waiting {
  readonly action: ActionId;
  /** Whoever waits: an agent's or a person's id. */
  readonly caller: string;
  readonly milliseconds: number;
  readonly signal: AbortSignal;
}

export interface WaitsOptions {
  readonly pool: Pool;
  readonly tenant: TenantId;
  readonly log: Logger;
  /** Milliseconds between two looks at the database. */
  readonly interval?: number;
  readonly limits?: { readonly all: number; readonly caller: number };
}

interface Waiter extends Waiting {
  readonly done: () => void;
}

/** Nothing more happens to an action of this status without a human: waiting on would only be waiting. */
export function isSettled(status: Status): boolean {
  return isFinal(status) || status === 'outcome_unknown';
}

export function actionWaits(options: WaitsOptions): ActionWaits {
  const { pool, tenant, log, interval = 100, limits = { all: 2_000, caller: 200 } } = options;
  const waiters = new Set<Waiter>();
  let polling = false;
  let stopped = false;

  async function poll(): Promise<void> {
    polling = true;
    while (waiters.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, interval));
      try {
        const settled = await settledAmong(pool, tenant, [...new Set([...waiters].map(({ action }) => action))]);
        for (const waiter of waiters) if (settled.has(waiter.action)) waiter.done();
      } catch (error) {
        // They wait on until their time is over; then each reads the row itself and hears what is wrong.
        log.warn({ error: errorFacts(error) }, 'looking for settled actions failed');
      }
    }
    polling = false;
  }

  return {
    settled(waiting) {
      const own = [...waiters].filter(({ caller }) => caller === waiting.caller).length;
      if (waiters.size >= limits.all || own >= limits.caller) throw new ApiProblem('wait.full');
      if (stopped || waiting.signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          waiting.signal.removeEventListener('abort', done);
          waiters.delete(waiter);
          resolve();
        };
        const waiter: Waiter = { ...waiting, done };
        const timer = setTimeout(done, waiting.milliseconds);
        waiting.signal.addEventListener('abort', done);
        waiters.add(waiter);
        if (!polling) void poll();
      });
    },
    stop() {
      stopped = true;
      for (const { done } of waiters) done();
    },
  };
}

async function settledAmong(pool: Pool, tenant: TenantId, actions: ActionId[]): Promise<ReadonlySet<ActionId>> {
  const rows = await inTenant(pool, tenant, (tx) => statusesOf(tx, actions));
  return new Set(rows.filter(({ status }) => isSettled(status)).map(({ action }) => action));
}
