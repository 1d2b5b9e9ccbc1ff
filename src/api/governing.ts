import type { Logger } from '../config/log.js';
import type { Digest } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { inTenant } from '../database/transaction.js';
import { findGoverning, type Governing } from '../rulebook/governing.store.js';
import type { Rulebook } from '../rulebook/rulebook.js';
import type { ApiDeps } from './deps.js';
import { logUnreadable } from './rulebooks.tx.js';

/** Milliseconds for which an answer is used again, so that a flood of forged tokens asks the database once a second. */
const lifetime = 1_000;

export interface GoverningRulebook {
  /** By which people and agents are known, and shown things. @throws Refusal `rulebook.missing`. */
  lastGood(): Promise<Rulebook>;
  /** By which something new may be asked for. @throws Refusal `rulebook.unreadable` where this build cannot read it. */
  active(): Promise<Rulebook>;
}

/** The rulebook that governs the tenant now; one that cannot be read is a security event, once. */
export function governingRulebook({
  pool,
  tenant,
  rulebook,
  log,
}: Pick<ApiDeps, 'pool' | 'tenant' | 'rulebook' | 'log'>): GoverningRulebook {
  let latest: { readonly until: number; readonly found: Promise<Governing> } | undefined;
  let told: Digest | undefined;

  async function find(): Promise<Governing> {
    const found = await inTenant(pool, tenant, (tx) => findGoverning(tx, rulebook));
    if (found.unreadable !== undefined && found.unreadable !== told) {
      await logUnreadable(pool, tenant, found.unreadable);
      told = found.unreadable;
      tell(log, found.unreadable);
    }
    return found;
  }

  function governing(): Promise<Governing> {
    if (latest && performance.now() < latest.until) return latest.found;
    const found = find();
    const asked = { until: performance.now() + lifetime, found };
    latest = asked;
    found.catch(() => {
      if (latest === asked) latest = undefined; // a failure is nobody's answer but that of those who wait for it
    });
    return found;
  }

  return {
    lastGood: async () => (await governing()).lastGood,
    async active() {
      const { lastGood, unreadable } = await governing();
      if (unreadable === undefined) return lastGood;
      throw new Refusal('rulebook.unreadable', 'The active rulebook cannot be read here; nothing new is begun.');
    },
  };
}

function tell(log: Logger, rulebook: Digest): void {
  log.error({ rulebook }, 'the active rulebook does not fit this build: nothing new is begun, the last good one stays');
}
