import type { PoolClient } from 'pg';
import { appendLeaf } from '../audit/append.store.js';
import type { Classification } from '../policy/classify.js';
import type { ReadRulebook } from '../rulebook/rulebook.store.js';
import { findShadow, insertShadowed, type ShadowRow } from '../rulebook/shadow.store.js';
import type { ActionRow } from './action.store.js';
import { canonicalJson } from './canonical.js';
import { judge } from './judge.store.js';

/**
 * Has the shadow judge a new action too, if one is set: its answer is counted, and a leaf where it differs. It has no
 * effect, and neither has whatever goes wrong with it: then it has not judged this action.
 */
export async function shadowed(
  tx: PoolClient,
  readRulebook: ReadRulebook,
  row: ActionRow,
  given: Classification,
): Promise<void> {
  const shadow = await findShadow(tx);
  if (!shadow || shadow.digest === row.rulebook) return;
  // What fails in the database would else take the classification with it; one that is gone still does, at the rollback.
  await tx.query('SAVEPOINT shadow');
  try {
    await judgeBeside(tx, readRulebook, row, given, shadow);
  } catch {
    await tx.query('ROLLBACK TO SAVEPOINT shadow');
  }
  await tx.query('RELEASE SAVEPOINT shadow');
}

async function judgeBeside(
  tx: PoolClient,
  readRulebook: ReadRulebook,
  row: ActionRow,
  given: Classification,
  shadow: ShadowRow,
): Promise<void> {
  const { classification } = await judge(tx, readRulebook, { ...row, rulebook: shadow.digest });
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
