import type { PoolClient } from 'pg';
import { appendLeaf } from '../audit/append.store.js';
import type { Classification } from '../policy/classify.js';
import { RulebookError } from '../rulebook/problem.js';
import type { ReadRulebook } from '../rulebook/rulebook.store.js';
import { findShadow, insertShadowed } from '../rulebook/shadow.store.js';
import type { ActionRow } from './action.store.js';
import { canonicalJson } from './canonical.js';
import { judge } from './judge.store.js';

/**
 * Has the shadow judge a new action too, if one is set: its answer is counted, and a leaf where it differs. It has no
 * effect, and neither has a shadow that this build cannot read.
 */
export async function shadowed(
  tx: PoolClient,
  readRulebook: ReadRulebook,
  row: ActionRow,
  given: Classification,
): Promise<void> {
  const shadow = await findShadow(tx);
  if (!shadow || shadow.digest === row.rulebook) return;
  const judged = await judge(tx, readRulebook, { ...row, rulebook: shadow.digest }).catch((error: unknown) => {
    if (error instanceof RulebookError) return undefined;
    throw error;
  });
  if (!judged) return;
  const { classification } = judged;
  const differs = canonicalJson(answerOf(classification)) !== canonicalJson(answerOf(given));
  await insertShadowed(tx, row.action, shadow.proposal, differs);
  if (!differs) return;
  const { status, rules } = classification;
  await appendLeaf(tx, {
    kind: 'rulebook.shadowed',
    action: row.action,
    key: 'classify',
    data: {
      proposal: shadow.proposal,
      rulebook: shadow.digest,
      answer: status,
      tier: status === 'refused' ? null : classification.tier,
      rules: [...rules],
    },
  });
}

/** What an answer means for the action: whether it may run, in which tier, and who is asked. */
function answerOf(classification: Classification): object {
  const { status } = classification;
  if (status === 'refused') return { status };
  const { tier } = classification;
  return { status, tier, needs: status === 'approvals_needed' ? classification.needs : null };
}
