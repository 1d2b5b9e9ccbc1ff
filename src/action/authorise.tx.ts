import type { PoolClient } from 'pg';
import { z } from 'zod';
import { evaluateQuorum } from '../approval/quorum.js';
import { eligibleVotes } from '../approval/eligible-votes.store.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { actionWarrant } from './action-warrant.store.js';
import { lockAction, setStatus, type ActionRow } from './action.store.js';
import type { GovernanceDeps } from './deps.js';
import { step } from './ids.js';
import { judge } from './judge.store.js';
import { leafKeyOf } from './leaf-key.js';
import { findStep, storeStep } from './step.store.js';
import { stricterRule } from './stricter.store.js';
import type { Admission, Authorised, Status } from './types.js';

const stored = z.discriminatedUnion('status', [
  z.object({ status: z.literal('authorised') }),
  z.object({ status: z.literal('refused'), rules: z.array(z.string()) }),
]);

/**
 * People have been asked, and nothing came of it yet. A repetition finds it authorised or performing; what was prepared
 * again is for other votes, and what nobody knows the outcome of for a human.
 */
const authorisable: readonly Status[] = ['awaiting_approval', 'authorised', 'performing'];

/**
 * The last judgement before the effect: rules, roles, training and suspensions as they are now, and the quorum counted
 * again from the stored votes. What the workflow believes about them is not asked.
 */
export async function authorise(deps: GovernanceDeps, admission: Admission): Promise<Authorised> {
  return inTenant(deps.pool, admission.tenant, async (tx) => {
    const row = await lockAction(tx, admission.action);
    if (!row || !authorisable.includes(row.status)) return { status: 'refused', rules: ['action.ended'] };
    const key = { action: row.action, revision: row.revision, step: step('authorise') };
    const judged = await judge(tx, deps.rulebook, row);
    const { classification, rulebook } = judged;
    const votes = await eligibleVotes(tx, row, rulebook);
    const rules =
      classification.status === 'refused'
        ? classification.rules
        : classification.tier !== row.tier || row.needs === null
          ? ['tier.changed'] // a later fact may make it stricter: then it is asked anew, not waved through
          : evaluateQuorum(
                row.needs,
                votes.map(({ vote }) => vote),
              ).status === 'met'
            ? await laterRules(tx, deps, row)
            : ['quorum.not_met'];
    const before = await findStep(tx, key, stored);
    const kept =
      before ??
      (rules.length === 0 ? { status: 'authorised' as const } : { status: 'refused' as const, rules: [...rules] });
    if (!before) await storeStep(tx, key, kept);
    if (kept.status === 'refused') {
      await appendLeaf(tx, {
        kind: 'action.refused',
        action: row.action,
        key: leafKeyOf('authorise', row.revision),
        data: { agent: row.agent, rules: kept.rules, rulebook: rulebook.digest },
      });
      return kept;
    }
    if (!before) await setStatus(tx, row.action, 'authorised');
    const warrant = await actionWarrant(
      tx,
      deps,
      admission.tenant,
      row,
      judged,
      votes.map(({ leaf }) => leaf),
    );
    return { status: 'authorised', warrant };
  });
}

/** What the rulebook that governs by now has against an action that the pinned one lets pass. */
async function laterRules(tx: PoolClient, { rulebook }: GovernanceDeps, row: ActionRow): Promise<readonly string[]> {
  const rule = await stricterRule(tx, rulebook, row);
  return rule === undefined ? [] : [rule];
}
