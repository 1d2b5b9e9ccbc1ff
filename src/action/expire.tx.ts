import { evaluateQuorum } from '../approval/quorum.js';
import { countedVotes } from '../approval/vote.store.js';
import { inTenant } from '../database/transaction.js';
import { lockAction } from './action.store.js';
import { concludeLocked, storedEnd } from './conclude.tx.js';
import type { GovernanceDeps } from './deps.js';
import { Refusal } from './refusal.js';
import type { Admission, Decided } from './types.js';

/**
 * The deadline is over and the workflow knows of no decision. The database may: it answered "counted" to votes of which a
 * server that died never told the workflow. What they decided holds; else the action ends here, under the lock that every
 * vote is counted under, so that none is counted and then expires.
 *
 * @throws Refusal `action.not_found` when there is no such action.
 */
export async function expire(deps: GovernanceDeps, { tenant, action }: Admission): Promise<Decided> {
  return inTenant(deps.pool, tenant, async (tx) => {
    const row = await lockAction(tx, action);
    if (!row) throw new Refusal('action.not_found', 'There is no such action.');
    if (await storedEnd(tx, row)) return { status: 'expired' }; // an earlier run; conclude tells how it really ended
    const votes = await countedVotes(tx, action, row.revision);
    const state = evaluateQuorum(row.needs ?? { status: 'nobody' }, votes);
    if (state.status === 'denied') return state;
    if (state.status === 'met' && state.seats.length > 0) return { status: 'approved' };
    await concludeLocked(tx, deps, { tenant, row, outcome: { status: 'expired' } });
    return { status: 'expired' };
  });
}
