import { inTenant } from '../database/transaction.js';
import { relationReading } from '../ehr/relation.js';
import { relateStep } from '../ehr/steps.js';
import { mintWarrant } from '../warrant/mint.store.js';
import { commitmentsOf, lockAction } from './action.store.js';
import type { GovernanceDeps } from './deps.js';
import { isFinal, type Admission, type MintedWarrant } from './types.js';

/** Long enough for the activity's half minute, and no longer than that needs. */
const life = 60;

/**
 * A system warrant to ask the EHR whether the principal is treating the patient: the Encounters of that patient, read
 * once. Undefined where there is nothing to ask: no such action, no patient, or the action ended already.
 */
export async function warrantRelation(deps: GovernanceDeps, admission: Admission): Promise<MintedWarrant | undefined> {
  return inTenant(deps.pool, admission.tenant, async (tx) => {
    const row = await lockAction(tx, admission.action);
    const bound = row && (await commitmentsOf(tx, row.action, row.revision));
    if (!row || !bound || row.patient === null || isFinal(row.status)) return undefined;
    return mintWarrant(tx, deps.issuer, {
      tenant: admission.tenant,
      action: row.action,
      revision: row.revision,
      step: relateStep,
      kind: 'system',
      agent: row.agent,
      principal: row.principal,
      location: deps.location,
      patient: row.patient,
      episode: row.episode,
      purpose: row.purpose,
      readOnly: true,
      requestCommitment: bound.requestCommitment,
      tier: 'T1',
      rulebook: row.rulebook,
      performs: 'ehr.read',
      elements: [relationReading],
      limits: { uses: 1, records: relationReading.maxRecords, bytes: 1_000_000 },
      seconds: life,
      approvals: [],
      queue: 'ehr',
    });
  });
}
