import { z } from 'zod';
import type { PoolClient } from 'pg';
import { resolutionNeeds } from '../approval/resolution.js';
import { factorsOf, rolesOf } from '../approval/quorum.js';
import { countedVotes, insertDelivery } from '../approval/vote.store.js';
import { appendLeaf } from '../audit/append.store.js';
import type { LeafData } from '../audit/leaf.js';
import { inTenant } from '../database/transaction.js';
import { retentionDate, type RecordClass } from '../retention/schedule.js';
import { retentionWorkflowId } from '../retention/types.js';
import type { Rulebook } from '../rulebook/rulebook.js';
import { closeWarrants, usedWarrant, type UsedWarrant } from '../warrant/warrant.store.js';
import { lockAction, setConcluded, tenantZone, type ActionRow, type StoredOutcome } from './action.store.js';
import { conclusionOf, type Conclusion } from './conclusion.js';
import type { GovernanceDeps } from './deps.js';
import { Refusal } from './refusal.js';
import { step, type TenantId } from './ids.js';
import { openResolution, readBackRounds } from './revision.store.js';
import { findStep, onceFor, storeStep } from './step.store.js';
import { finalStatuses, needsSchema, type Admission, type Concluded, type Outcome, type Resolution } from './types.js';

const concludeStep = step('conclude');
const settleStep = step('settle');

const stored = z.object({
  status: z.enum([...finalStatuses, 'outcome_unknown']),
  resolution: z.object({ revision: z.int(), needs: needsSchema }).optional(),
  warrant: z.string().optional(),
  leaf: z.int().optional(),
  retention: z.object({ class: z.string(), date: z.string(), workflow: z.string() }).optional(),
});

/**
 * Ends the action once: the outcome leaf, its warrants closed, its retention date, its keys moved under their disposal
 * month. A repetition, with whatever outcome, returns what the first run stored.
 *
 * Of a write of which nobody knows it ends the performing only: the keys stay where they are, and a human is asked.
 */
export async function conclude(deps: GovernanceDeps, admission: Admission, outcome: Outcome): Promise<Concluded> {
  return inTenant(deps.pool, admission.tenant, async (tx) => {
    const row = await lockAction(tx, admission.action);
    if (!row) throw new Refusal('action.not_found', 'There is no such action.');
    return (await storedEnd(tx, row)) ?? concludeLocked(tx, deps, { tenant: admission.tenant, row, outcome });
  });
}

export interface Ending {
  readonly tenant: TenantId;
  /** Locked, and without a stored end. */
  readonly row: ActionRow;
  readonly outcome: Outcome;
}

/** Ends an action in a transaction that holds its lock and found no end stored. */
export async function concludeLocked(
  tx: PoolClient,
  deps: GovernanceDeps,
  { tenant, row, outcome }: Ending,
): Promise<Concluded> {
  const used = await usedWarrant(tx, row.action, row.revision);
  const conclusion = conclusionOf({ outcome, use: used?.use ?? 'none', sent: used?.sent ?? false });
  const facts: StoredOutcome = {
    ...(outcome.status === 'refused' && { rules: [...outcome.rules] }),
    ...(outcome.status === 'denied' && { deniedBy: outcome.by }),
  };
  const ended = await end(tx, deps, tenant, { row, used, conclusion, facts, key: 'conclude' });
  await storeStep(tx, onceFor(row.action, concludeStep), ended);
  return (await storedEnd(tx, row)) ?? ended;
}

/** What an earlier run stored; of an unknown outcome with the votes and the looks at the EHR that came since. */
export async function storedEnd(tx: PoolClient, row: ActionRow): Promise<Concluded | undefined> {
  const settled = await findStep(tx, onceFor(row.action, settleStep), stored);
  const kept = settled ?? (await findStep(tx, onceFor(row.action, concludeStep), stored));
  if (!kept) return undefined;
  const { status, resolution, warrant, leaf, retention } = kept;
  return {
    status,
    ...(resolution && {
      resolution: {
        ...resolution,
        votes: await countedVotes(tx, row.action, resolution.revision),
        looked: await readBackRounds(tx, row.action, resolution.revision),
      },
    }),
    ...(warrant !== undefined && { warrant }),
    ...(leaf !== undefined && { leaf }),
    ...(retention !== undefined && { retention }),
  };
}

/** Stores how an unknown outcome ended, once and for good. */
export async function storeSettled(tx: PoolClient, row: ActionRow, settled: Concluded): Promise<void> {
  await storeStep(tx, onceFor(row.action, settleStep), settled);
}

export interface End {
  readonly row: ActionRow;
  readonly used: UsedWarrant | undefined;
  readonly conclusion: Conclusion;
  /** Codes and ids that the action's row keeps beside. */
  readonly facts: StoredOutcome;
  /** Of the leaf. */
  readonly key: 'conclude' | 'settle';
  readonly resolved?: LeafData<'action.outcome'>['resolved'];
}

/** Writes one end of an action: leaf, row, warrants, and for a final one retention and keys. */
export async function end(
  tx: PoolClient,
  deps: GovernanceDeps,
  tenant: TenantId,
  { row, used, conclusion: { status, code }, facts, key, resolved }: End,
): Promise<Concluded> {
  const kept = await retentionOf(tx, tenant, row, await deps.rulebook(tx, row.rulebook));
  await closeWarrants(tx, row.action);
  const open = status === 'outcome_unknown';
  if (!open) await deps.keychain.rewrap(tx, tenant, row.action, kept.date);
  const counts = { records: used?.records ?? 0, truncated: used?.truncated ?? false, findings: used?.findings ?? 0 };
  const leaf = await appendLeaf(tx, {
    kind: 'action.outcome',
    action: row.action,
    key,
    data: {
      status,
      code: code ?? null,
      warrant: used?.jti ?? null,
      ...counts,
      modified: status === 'completed' && (used?.sent ?? false),
      ...(resolved && { resolved }),
      retention: { class: kept.class, date: kept.date },
    },
  });
  await setConcluded(tx, row.action, {
    status,
    retentionClass: kept.class,
    retentionDate: kept.date,
    outcome: {
      ...facts,
      ...(code !== undefined && { code }),
      ...(used && { warrant: used.jti, ...counts }),
      leaf: leaf.index,
    },
  });
  const ended = { status, ...(used && { warrant: used.jti }), leaf: leaf.index };
  if (open) return { ...ended, resolution: await askHumans(tx, row) };
  return { ...ended, retention: { ...kept, workflow: retentionWorkflowId(tenant, kept.date) } };
}

async function askHumans(tx: PoolClient, row: ActionRow): Promise<Resolution> {
  const needs = needsSchema.parse(resolutionNeeds);
  const revision = await openResolution(tx, row.action, needs);
  await insertDelivery(tx, {
    action: row.action,
    revision,
    kind: 'resolution',
    roles: factorsOf(resolutionNeeds).flatMap(rolesOf),
  });
  return { revision, needs, votes: [] };
}

/** The class of its agent, else of the action's type; an unknown class stops the conclusion rather than guess how long to keep. */
async function retentionOf(
  tx: PoolClient,
  tenant: TenantId,
  row: ActionRow,
  rulebook: Rulebook,
): Promise<{ readonly class: string; readonly date: string }> {
  const named = rulebook.agentClasses.get(row.agent) ?? rulebook.actions.get(row.type)?.recordClass ?? 'action';
  const recordClass: RecordClass | undefined = rulebook.recordClasses.get(named);
  if (!recordClass) throw new Refusal('retention.unknown_class', 'The rulebook does not know this record class.');
  const zone = await tenantZone(tx, tenant);
  return { class: named, date: retentionDate(recordClass, row.createdAt.toISOString(), zone) };
}
