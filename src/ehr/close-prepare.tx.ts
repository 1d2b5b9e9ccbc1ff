import { canonicalBytes } from '../action/canonical.js';
import { catalogue } from '../action/catalogue.js';
import { Refusal } from '../action/refusal.js';
import { shownText } from '../action/shown.js';
import type { Admission, Prepared } from '../action/types.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { closeUse } from '../warrant/use.store.js';
import type { EhrDeps } from './deps.js';
import type { OpenPrepare } from './open-prepare.tx.js';
import type { PatientIdentity } from './patient-identity.js';
import type { PreparedChange } from './prepare-change.js';
import { insertPreparedRevision } from './prepared-revision.store.js';
import { proposalBytes } from './proposal.js';
import { shownChange } from './shown-change.js';

export interface PreparedForPeople extends PreparedChange {
  readonly patient: PatientIdentity;
  /** Resources and bytes that came over the wire. */
  readonly records: number;
  readonly bytes: number;
}

/**
 * Seals proposal and shown text, adds the revision that people are asked about, and ends the use: all or nothing.
 *
 * @throws Refusal `warrant.*` when another attempt was first, or the action is no longer being prepared.
 */
export async function closePrepare(
  deps: EhrDeps,
  { tenant, action }: Admission,
  { use, attempt, revision: from, request }: OpenPrepare,
  { proposal, patient, meanwhile, records, bytes }: PreparedForPeople,
): Promise<Prepared> {
  const definition = catalogue.get(request.type);
  if (!definition) throw new Refusal('warrant.other_request', 'There is no such action type.');
  return inTenant(deps.pool, tenant, async (tx) => {
    const end = { status: 'done', records, bytes, findings: 0, truncated: false } as const;
    const refused = await closeUse(tx, use, attempt, end);
    if (refused !== undefined) throw new Refusal(refused, 'The warrant no longer holds; nothing was prepared.');
    const seal = (path: string, content: Uint8Array) => deps.keychain.seal(tx, tenant, action, path, content);
    const next = from + 1;
    const proposalCommitment = await seal(`proposal/${next}`, proposalBytes(proposal));
    const change = shownChange(proposal, { proposal: proposalCommitment, patient, ...(meanwhile && { meanwhile }) });
    const shown = shownText(request, definition.describe, change);
    const displayCommitment = await seal(`display/${next}`, canonicalBytes(shown));
    const revision = await insertPreparedRevision(tx, {
      action,
      from,
      displayCommitment,
      proposalCommitment,
      base: proposal.base,
    });
    if (revision !== next) throw new Refusal('warrant.closed', 'The action is no longer being prepared.');
    await appendLeaf(tx, {
      kind: 'action.prepared',
      action,
      key: `prepare.${next}`,
      data: {
        revision,
        displayCommitment,
        proposalCommitment,
        base: proposal.base,
        changes: proposal.changes.length,
        warrant: use.jti,
      },
    });
    return { status: 'prepared', revision };
  });
}
