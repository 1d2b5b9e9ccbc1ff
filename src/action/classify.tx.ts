import type { PoolClient } from 'pg';
import { z } from 'zod';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { logReusedRelation } from '../ehr/relation-leaf.store.js';
import { databaseClock, commitmentsOf, lockAction, setClassified, type ActionRow } from './action.store.js';
import type { GovernanceDeps } from './deps.js';
import { step, type TenantId } from './ids.js';
import { judge, type Judged } from './judge.store.js';
import { countAction } from './tally.store.js';
import { countedVotes } from '../approval/vote.store.js';
import { shadowed } from './shadow.store.js';
import { findStep, onceFor, storeStep } from './step.store.js';
import { isFinal, needsSchema, tierSchema, type Admission, type Classified, type RelationQuestion } from './types.js';
import { actionWarrant } from './action-warrant.store.js';
import { warrantRelation } from './system-warrants.tx.js';
import { Refusal } from './refusal.js';

const classifyStep = step('classify');

/** What the step keeps: a token is never stored, it is signed again from the warrant's row. */
const stored = z.discriminatedUnion('status', [
  z.object({ status: z.literal('authorised') }),
  z.object({
    status: z.literal('approvals_needed'),
    tier: tierSchema,
    needs: needsSchema,
    deadline: z.iso.datetime(),
    remindAt: z.iso.datetime().nullable(),
    writes: z.boolean().default(false), // absent in what was stored before there were writes
  }),
  z.object({ status: z.literal('refused'), rules: z.array(z.string()) }),
]);
type Stored = z.infer<typeof stored>;

/**
 * Classifies the action once; a repetition returns what the first run stored. T0 is authorised in the same transaction,
 * because there is nobody to ask. Where the EHR has to be asked first, that question is the answer, and nothing is stored.
 *
 * @throws Refusal `action.not_found` when the API's transaction has not committed such an action.
 */
export async function classify(deps: GovernanceDeps, admission: Admission): Promise<Classified | RelationQuestion> {
  return inTenant(
    deps.pool,
    admission.tenant,
    async (tx) =>
      (admission.namesPatient ? await warrantRelation(tx, deps, admission) : undefined) ??
      classifyOnce(tx, deps, admission),
  );
}

/** The same once the EHR was asked. It is not asked again: where it gave no answer, the relation is `unknown`. */
export async function classifyAsked(deps: GovernanceDeps, admission: Admission): Promise<Classified> {
  return inTenant(deps.pool, admission.tenant, (tx) => classifyOnce(tx, deps, admission));
}

async function classifyOnce(tx: PoolClient, deps: GovernanceDeps, admission: Admission): Promise<Classified> {
  const row = await lockAction(tx, admission.action);
  if (!row) throw new Refusal('action.not_found', 'There is no such action.');
  if (isFinal(row.status)) return { status: 'concluded', as: row.status };
  if (row.status === 'outcome_unknown' && row.tier !== null) return { status: 'unresolved', tier: row.tier };
  const key = onceFor(row.action, classifyStep);
  const before = await findStep(tx, key, stored);
  const judged = await judge(tx, deps.rulebook, row);
  const kept = before ?? (await first(tx, admission, row, judged));
  if (!before) await storeStep(tx, key, kept);
  if (!before) await shadowed(tx, deps.rulebook, row, judged.classification);
  return answer(tx, deps, admission.tenant, row, judged, kept);
}

async function first(tx: PoolClient, admission: Admission, row: ActionRow, judged: Judged): Promise<Stored> {
  await logReusedRelation(tx, row);
  const bound = await commitmentsOf(tx, row.action, row.revision);
  const { classification, rulebook, agent } = judged;
  const rules =
    bound?.requestCommitment !== admission.requestCommitment
      ? ['request.other']
      : classification.status === 'refused'
        ? [...classification.rules]
        : undefined;
  if (rules !== undefined || classification.status === 'refused' || !bound || !agent) {
    const against = rules ?? ['agent.unknown'];
    await setClassified(tx, row.action, { status: row.status, tier: null, needs: null, deadline: null });
    await appendLeaf(tx, {
      kind: 'action.refused',
      action: row.action,
      key: 'classify',
      data: { agent: row.agent, rules: against, rulebook: rulebook.digest },
    });
    return { status: 'refused', rules: against };
  }
  if (Object.keys(judged.tallies).length > 0) await countAction(tx, row, judged.tallies);
  const now = await databaseClock(tx);
  const after = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
  const asked = classification.status === 'approvals_needed' ? classification : undefined;
  const needs = needsSchema.parse(asked?.needs ?? { status: 'nobody' });
  const deadline = asked ? after(asked.deadlineSeconds) : null;
  await setClassified(tx, row.action, {
    status: asked ? (asked.writes ? 'preparing' : 'awaiting_approval') : 'authorised',
    tier: classification.tier,
    needs,
    deadline,
  });
  await appendLeaf(tx, {
    kind: 'action.requested',
    action: row.action,
    key: 'classify',
    data: {
      agent: { id: row.agent, version: row.agentVersion, model: agent.model },
      principal: row.principal,
      clinician: agent.clinician,
      department: agent.department,
      type: row.type,
      purpose: row.purpose,
      elements: [...row.elements],
      patient: row.patient,
      episode: row.episode,
      requestCommitment: bound.requestCommitment,
      displayCommitment: bound.displayCommitment,
      rulebook: rulebook.digest,
      tier: classification.tier,
      needs,
      rules: [...classification.rules],
      ...(classification.minimumNecessary !== undefined && { minimumNecessary: classification.minimumNecessary }),
      deadline: deadline?.toISOString() ?? null,
    },
  });
  if (!asked || !deadline) return { status: 'authorised' };
  return {
    status: 'approvals_needed',
    tier: asked.tier,
    needs,
    writes: asked.writes,
    deadline: deadline.toISOString(),
    remindAt: asked.reminderSeconds === undefined ? null : after(asked.reminderSeconds).toISOString(),
  };
}

/** Durations are counted from now, so that a repetition does not stretch the deadline. */
async function answer(
  tx: PoolClient,
  deps: GovernanceDeps,
  tenant: TenantId,
  row: ActionRow,
  judged: Judged,
  kept: Stored,
): Promise<Classified> {
  switch (kept.status) {
    case 'refused':
      return kept;
    case 'authorised':
      return { status: 'authorised', tier: 'T0', warrant: await actionWarrant(tx, deps, tenant, row, judged, []) };
    case 'approvals_needed': {
      const now = (await databaseClock(tx)).getTime();
      const { remindAt, ...rest } = kept;
      const until = (instant: string): number => Math.max(0, Date.parse(instant) - now);
      return {
        ...rest,
        revision: row.revision,
        votes: await countedVotes(tx, row.action, row.revision),
        deadlineIn: until(kept.deadline),
        ...(remindAt !== null && { remindIn: until(remindAt) }),
      };
    }
  }
}
