/** Warrants for Countersign's own questions to the EHR: read-only, for one step, short. No vote stands behind them. */
import type { PoolClient } from 'pg';
import { inTenant } from '../database/transaction.js';
import type { ElementReading } from '../ehr/reading.js';
import { relationReadings } from '../ehr/relation.js';
import { findRelation, reuseRelation } from '../ehr/relation.store.js';
import { prepareStep, readBackStep, recheckStep, relateStep } from '../ehr/steps.js';
import { prepareReadings, writeReadings } from '../ehr/write-elements.js';
import { mintWarrant } from '../warrant/mint.store.js';
import { commitmentsOf, lockAction, type ActionRow } from './action.store.js';
import type { GovernanceDeps } from './deps.js';
import type { StepName, TenantId } from './ids.js';
import { isFinal, type Admission, type MintedWarrant, type Prepared, type RelationQuestion } from './types.js';

/** Seconds. Each is long enough for its activity's time, and no longer than that needs. */
const lives = { relate: 60, prepare: 150, readBack: 90, recheck: 60 };

/**
 * To ask whether the principal is treating the patient: this Encounter and the patient's care teams, read once. Undefined
 * where there is nothing to ask: the action names no patient, was classified already, or has its answer, which may be one
 * that the EHR gave minutes ago.
 */
export async function warrantRelation(
  tx: PoolClient,
  deps: GovernanceDeps,
  { tenant, action }: Admission,
): Promise<RelationQuestion | undefined> {
  const row = await lockAction(tx, action);
  if (row?.status !== 'requested' || row.patient === null || (await findRelation(tx, action))) return undefined;
  const { relationReuseSeconds } = await deps.rulebook(tx, row.rulebook);
  if (await reuseRelation(tx, action, relationReuseSeconds)) return undefined;
  const warrant = await systemWarrant(tx, deps, tenant, row, {
    step: relateStep,
    elements: relationReadings,
    limits: {
      uses: 1,
      records: relationReadings.reduce((sum, { maxRecords }) => sum + maxRecords, 0),
      bytes: 1_000_000,
    },
    seconds: lives.relate,
  });
  return warrant && { status: 'relate', warrant };
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
      elements: prepareReadings(row.type, row.elements),
      // The record, the version before it, one to restore, and the patient.
      limits: { uses: 1, records: 4, bytes: 8_000_000 },
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
