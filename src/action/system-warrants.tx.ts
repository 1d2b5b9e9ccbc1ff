/** Warrants for Countersign's own questions to the EHR: read-only, for one step, short. No vote stands behind them. */
import type { PoolClient } from 'pg';
import { inTenant } from '../database/transaction.js';
import type { ElementReading } from '../ehr/reading.js';
import { relationReading } from '../ehr/relation.js';
import { prepareStep, readBackStep, recheckStep, relateStep } from '../ehr/steps.js';
import { writeReadings } from '../ehr/write-elements.js';
import { mintWarrant } from '../warrant/mint.store.js';
import { commitmentsOf, lockAction, type ActionRow } from './action.store.js';
import type { GovernanceDeps } from './deps.js';
import type { StepName, TenantId } from './ids.js';
import { isFinal, type Admission, type MintedWarrant, type Prepared } from './types.js';

/** Seconds. Each is long enough for its activity's time, and no longer than that needs. */
const lives = { relate: 60, prepare: 150, readBack: 90, recheck: 60 };

/**
 * To ask whether the principal is treating the patient: the Encounters of that patient, read once. Undefined where there
 * is nothing to ask: no such action, no patient, or the performing ended already.
 */
export async function warrantRelation(deps: GovernanceDeps, admission: Admission): Promise<MintedWarrant | undefined> {
  return inTenant(deps.pool, admission.tenant, async (tx) => {
    const row = await lockAction(tx, admission.action);
    if (!row || isFinal(row.status) || row.status === 'outcome_unknown') return undefined;
    const limits = { uses: 1, records: relationReading.maxRecords, bytes: 1_000_000 };
    return systemWarrant(tx, deps, admission.tenant, row, {
      step: relateStep,
      elements: [relationReading],
      limits,
      seconds: lives.relate,
    });
  });
}

export type Preparation =
  /** The revision that people are asked about is still to be made. */
  | { readonly status: 'prepare'; readonly warrant: MintedWarrant }
  | Extract<Prepared, { status: 'prepared' }>
  | { readonly status: 'ended' };

/** To read the record that is to be changed, once for each revision; or the revision that is prepared already. */
export async function warrantPreparation(deps: GovernanceDeps, admission: Admission): Promise<Preparation> {
  return inTenant(deps.pool, admission.tenant, async (tx) => {
    const row = await lockAction(tx, admission.action);
    if (!row || isFinal(row.status)) return { status: 'ended' };
    if (row.status !== 'preparing') return { status: 'prepared', revision: row.revision };
    const warrant = await systemWarrant(tx, deps, admission.tenant, row, {
      step: prepareStep,
      elements: writeReadings(row.type, row.elements, 'read'),
      limits: { uses: 1, records: 3, bytes: 8_000_000 }, // the record, the version before it, and one to restore
      seconds: lives.prepare,
    });
    return warrant === undefined ? { status: 'ended' } : { status: 'prepare', warrant };
  });
}

/** To ask for the `round`th time what became of a write; undefined once that is known. */
export async function warrantReadBack(
  deps: GovernanceDeps,
  admission: Admission,
  round: number,
): Promise<MintedWarrant | undefined> {
  return inTenant(deps.pool, admission.tenant, async (tx) => {
    const row = await lockAction(tx, admission.action);
    if (row?.status !== 'outcome_unknown') return undefined;
    return systemWarrant(tx, deps, admission.tenant, row, {
      step: readBackStep(round),
      elements: writeReadings(row.type, row.elements, 'read'),
      limits: { uses: 1, records: 100, bytes: 8_000_000 },
      seconds: lives.readBack,
    });
  });
}

/**
 * To ask for the `look`th time, after the action has ended, what the EHR holds of its write. The caller holds the action's
 * row lock.
 */
export async function warrantRecheck(
  tx: PoolClient,
  deps: GovernanceDeps,
  tenant: TenantId,
  { row, look }: { readonly row: ActionRow; readonly look: number },
): Promise<MintedWarrant | undefined> {
  return systemWarrant(tx, deps, tenant, row, {
    step: recheckStep(look),
    elements: writeReadings(row.type, row.elements, 'read'),
    limits: { uses: 1, records: 1, bytes: 8_000_000 },
    seconds: lives.recheck,
  });
}

interface Question {
  readonly step: StepName;
  readonly elements: readonly ElementReading[];
  readonly limits: { readonly uses: number; readonly records: number; readonly bytes: number };
  readonly seconds: number;
}

async function systemWarrant(
  tx: PoolClient,
  deps: GovernanceDeps,
  tenant: TenantId,
  row: ActionRow,
  question: Question,
): Promise<MintedWarrant | undefined> {
  const bound = await commitmentsOf(tx, row.action, row.revision);
  if (!bound || row.patient === null || question.elements.length === 0) return undefined;
  return mintWarrant(tx, deps.issuer, {
    ...question,
    tenant,
    action: row.action,
    revision: row.revision,
    kind: 'system',
    agent: row.agent,
    principal: row.principal,
    location: deps.location,
    patient: row.patient,
    episode: row.episode,
    purpose: row.purpose,
    readOnly: true,
    requestCommitment: bound.requestCommitment,
    argsCommitment: null,
    tier: row.tier ?? 'T1',
    rulebook: row.rulebook,
    performs: 'ehr.read',
    approvals: [],
    queue: 'ehr',
  });
}
