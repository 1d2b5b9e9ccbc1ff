import type { PoolClient } from 'pg';
import { eligibleVotes } from '../approval/eligible-votes.store.js';
import { evaluateQuorum } from '../approval/quorum.js';
import { RulebookError } from '../rulebook/problem.js';
import { activeDigest, type ReadRulebook } from '../rulebook/rulebook.store.js';
import type { ActionRow } from './action.store.js';
import { judge, type Judged } from './judge.store.js';
import { needsSchema } from './types.js';

/**
 * What the active rulebook has against an action that pinned another one; undefined if nothing. Pinned rules still say what
 * may happen: a later rulebook can only take away. It does where it refuses, or asks for a higher tier, or for people
 * whose votes are not there. A rulebook that this build cannot read might say any of that.
 */
export async function stricterRule(
  tx: PoolClient,
  readRulebook: ReadRulebook,
  row: ActionRow,
): Promise<'rulebook.stricter' | 'rulebook.unreadable' | undefined> {
  const active = await activeDigest(tx);
  if (active === row.rulebook) return undefined;
  const judged = await judge(tx, readRulebook, { ...row, rulebook: active }).catch((error: unknown) => {
    if (error instanceof RulebookError) return undefined;
    throw error;
  });
  if (!judged) return 'rulebook.unreadable';
  return (await isSatisfied(tx, row, judged)) ? undefined : 'rulebook.stricter';
}

async function isSatisfied(
  tx: PoolClient,
  row: ActionRow,
  { classification, rulebook }: Pick<Judged, 'classification' | 'rulebook'>,
): Promise<boolean> {
  switch (classification.status) {
    case 'refused':
      return false;
    case 'authorised':
      return true;
    case 'approvals_needed': {
      if (row.tier === null || classification.tier > row.tier) return false;
      const needs = needsSchema.parse(classification.needs);
      const votes = await eligibleVotes(tx, { ...row, needs }, rulebook);
      return (
        evaluateQuorum(
          needs,
          votes.map(({ vote }) => vote),
        ).status === 'met'
      );
    }
  }
}
