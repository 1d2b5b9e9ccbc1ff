import type { Rulebook } from '../rulebook/rulebook.js';
import { activeDigest } from '../rulebook/rulebook.store.js';
import { inTenant } from '../database/transaction.js';
import type { ApiDeps } from './deps.js';

/** Milliseconds for which an answer is used again, so that a flood of forged tokens asks the database once a second. */
const lifetime = 1_000;

/** The rulebook that governs the tenant now. @throws Refusal `rulebook.missing` from its calls. */
export function governingRulebook({
  pool,
  tenant,
  rulebook,
}: Pick<ApiDeps, 'pool' | 'tenant' | 'rulebook'>): () => Promise<Rulebook> {
  let latest: { readonly until: number; readonly found: Promise<Rulebook> } | undefined;
  return () => {
    if (latest && performance.now() < latest.until) return latest.found;
    const found = inTenant(pool, tenant, async (tx) => rulebook(tx, await activeDigest(tx)));
    const asked = { until: performance.now() + lifetime, found };
    latest = asked;
    found.catch(() => {
      if (latest === asked) latest = undefined; // a failure is nobody's answer but that of those who wait for it
    });
    return found;
  };
}
