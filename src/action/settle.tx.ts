import type { PoolClient } from 'pg';
import { eligibleVotes } from '../approval/eligible-votes.store.js';
import { evaluateQuorum } from '../approval/quorum.js';
import { inTenant } from '../database/transaction.js';
import { usedWarrant, type UsedWarrant } from '../warrant/warrant.store.js';
import { commitmentsOf, lockAction, type ActionRow } from './action.store.js';
import { end, storedEnd, storeSettled, type End } from './conclude.tx.js';
import type { Conclusion } from './conclusion.js';
import type { GovernanceDeps } from './deps.js';
import { Refusal } from './refusal.js';
import type { Admission, Concluded } from './types.js';

/**
 * Ends an action whose outcome was unknown as soon as that is known: by what the EHR showed when it was read back, which
 * comes first, or by a human's signed word. Until then it answers that the outcome is unknown, with the votes that count.
 */
export async function settle(deps: GovernanceDeps, { tenant, action }: Admission): Promise<Concluded> {
  return inTenant(deps.pool, tenant, async (tx) => {
    const row = await lockAction(tx, action);
    const kept = row && (await storedEnd(tx, row));
    if (!row || !kept) throw new Refusal('action.not_found', 'This action has no end that could be settled.');
    if (kept.status !== 'outcome_unknown' || !kept.resolution) return kept;
    const revision = await commitmentsOf(tx, action, kept.resolution.revision);
    const used = revision && (await usedWarrant(tx, action, revision.shows));
    const found = byReadBack(used) ?? (await byDecision(tx, deps, row));
    if (found.status === 'open') return { ...kept, resolution: { ...kept.resolution, votes: found.votes } };
    const settled = await end(tx, deps, tenant, { ...found.end, row, used, facts: {}, key: 'settle' });
    await storeSettled(tx, row, settled);
    return settled;
  });
}

type Found =
  | { readonly status: 'settled'; readonly end: Pick<End, 'conclusion' | 'resolved'> }
  | { readonly status: 'open'; readonly votes: NonNullable<Concluded['resolution']>['votes'] };

function byReadBack(used: UsedWarrant | undefined): Found | undefined {
  const settled = (conclusion: Conclusion): Found => {
    return { status: 'settled', end: { conclusion, resolved: { by: 'read_back', votes: [] } } };
  };
  switch (used?.use) {
    case 'done':
      return settled({ status: 'completed' });
    case 'conflict':
      return settled({ status: 'failed', code: 'write.conflict' });
    default:
      return undefined;
  }
}

/** A yes says that the change was made, a no that it was not (decision.ts). */
async function byDecision(tx: PoolClient, { rulebook }: GovernanceDeps, row: ActionRow): Promise<Found> {
  const eligible = await eligibleVotes(tx, row, await rulebook(tx, row.rulebook));
  const state = evaluateQuorum(
    row.needs ?? { status: 'nobody' },
    eligible.map(({ vote }) => vote),
  );
  const resolved = { by: 'decision' as const, votes: eligible.map(({ leaf }) => leaf) };
  switch (state.status) {
    case 'met':
      return state.seats.length > 0
        ? { status: 'settled', end: { conclusion: { status: 'completed' }, resolved } }
        : { status: 'open', votes: [] };
    case 'denied':
      return { status: 'settled', end: { conclusion: { status: 'failed', code: 'write.no_effect' }, resolved } };
    default:
      return { status: 'open', votes: eligible.map(({ vote }) => vote) };
  }
}
