import { z } from 'zod';
import type { PoolClient } from 'pg';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { retentionDate, type RecordClass } from '../retention/schedule.js';
import { retentionWorkflowId } from '../retention/types.js';
import type { Rulebook } from '../rulebook/rulebook.js';
import { closeWarrants, usedWarrant } from '../warrant/warrant.store.js';
import { lockAction, setConcluded, tenantZone, type ActionRow } from './action.store.js';
import { catalogue } from './catalogue.js';
import { conclusionOf } from './conclusion.js';
import type { GovernanceDeps } from './deps.js';
import { Refusal } from './refusal.js';
import { step } from './ids.js';
import { findStep, storeStep } from './step.store.js';
import { finalStatuses, type Admission, type Concluded, type Outcome } from './types.js';

const stored = z.object({
  status: z.enum([...finalStatuses, 'outcome_unknown']),
  warrant: z.string().optional(),
  leaf: z.int().optional(),
  retention: z.object({ class: z.string(), date: z.string(), workflow: z.string() }).optional(),
});

/**
 * Ends the action once: the outcome leaf, its warrants closed, its retention date, its keys moved under their disposal
 * month. A repetition, with whatever outcome, returns what the first run stored.
 */
export async function conclude(deps: GovernanceDeps, admission: Admission, outcome: Outcome): Promise<Concluded> {
  return inTenant(deps.pool, admission.tenant, async (tx) => {
    const row = await lockAction(tx, admission.action);
    if (!row) throw new Refusal('action.not_found', 'There is no such action.');
    const key = { action: row.action, revision: row.revision, step: step('conclude') };
    const before = await findStep(tx, key, stored);
    if (before) return concludedOf(before);

    const used = await usedWarrant(tx, row.action, row.revision);
    const writes = catalogue.get(row.type)?.performs !== 'ehr.read';
    const { status, code } = conclusionOf({ outcome, use: used?.use ?? 'none', writes });
    const rulebook = await deps.rulebook(tx, row.rulebook);
    const kept = await retentionOf(tx, admission, row, rulebook);
    await closeWarrants(tx, row.action);
    await deps.keychain.rewrap(tx, admission.tenant, row.action, kept.date);
    const counts = { records: used?.records ?? 0, truncated: used?.truncated ?? false, findings: used?.findings ?? 0 };
    const leaf = await appendLeaf(tx, {
      kind: 'action.outcome',
      action: row.action,
      key: 'conclude',
      data: {
        status,
        code: code ?? null,
        warrant: used?.jti ?? null,
        ...counts,
        modified: false,
        retention: { class: kept.class, date: kept.date },
      },
    });
    await setConcluded(tx, row.action, {
      status,
      retentionClass: kept.class,
      retentionDate: kept.date,
      outcome: {
        ...(code !== undefined && { code }),
        ...(outcome.status === 'refused' && { rules: [...outcome.rules] }),
        ...(outcome.status === 'denied' && { deniedBy: outcome.by }),
        ...(used && { warrant: used.jti, ...counts }),
        leaf: leaf.index,
      },
    });
    const concluded: Concluded = {
      status,
      ...(used && { warrant: used.jti }),
      leaf: leaf.index,
      retention: { ...kept, workflow: retentionWorkflowId(admission.tenant, kept.date) },
    };
    await storeStep(tx, key, concluded);
    return concluded;
  });
}

/** The class of its agent, else of the action's type; an unknown class stops the conclusion rather than guess how long to keep. */
async function retentionOf(
  tx: PoolClient,
  { tenant }: Admission,
  row: ActionRow,
  rulebook: Rulebook,
): Promise<{ readonly class: string; readonly date: string }> {
  const named = rulebook.agentClasses.get(row.agent) ?? rulebook.actions.get(row.type)?.recordClass ?? 'action';
  const recordClass: RecordClass | undefined = rulebook.recordClasses.get(named);
  if (!recordClass) throw new Refusal('retention.unknown_class', 'The rulebook does not know this record class.');
  const zone = await tenantZone(tx, tenant);
  return { class: named, date: retentionDate(recordClass, row.createdAt.toISOString(), zone) };
}

function concludedOf({ status, warrant, leaf, retention }: z.infer<typeof stored>): Concluded {
  return {
    status,
    ...(warrant !== undefined && { warrant }),
    ...(leaf !== undefined && { leaf }),
    ...(retention !== undefined && { retention }),
  };
}
