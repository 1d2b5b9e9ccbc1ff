import type { PoolClient } from 'pg';
import { appendLeaf } from '../audit/append.store.js';
import { performStep } from '../ehr/steps.js';
import { writeReadings } from '../ehr/write-elements.js';
import { mintWarrant } from '../warrant/mint.store.js';
import { findWarrant } from '../warrant/warrant.store.js';
import { commitmentsOf, type ActionRow } from './action.store.js';
import type { GovernanceDeps } from './deps.js';
import type { Digest, TenantId } from './ids.js';
import type { Judged } from './judge.store.js';
import { leafKeyOf } from './leaf-key.js';
import { Refusal } from './refusal.js';
import type { MintedWarrant } from './types.js';

/**
 * Mints the warrant of an action's effect, with its leaf; a repetition gets the same token again. `approvals` are the
 * hashes of the vote leaves that it rests on.
 */
export async function actionWarrant(
  tx: PoolClient,
  deps: GovernanceDeps,
  tenant: TenantId,
  row: ActionRow,
  { classification, rulebook }: Judged,
  approvals: readonly Digest[],
): Promise<MintedWarrant> {
  const bound = await commitmentsOf(tx, row.action, row.revision);
  if (!bound || classification.status === 'refused')
    throw new Refusal('action.not_authorised', 'The rules no longer allow this action.');
  const { writes } = classification;
  if (writes !== (bound.kind === 'prepared'))
    throw new Refusal(
      'action.not_authorised',
      'Nothing was prepared that could be written, or something that must not be.',
    );
  const warrant = await mintWarrant(tx, deps.issuer, {
    tenant,
    action: row.action,
    revision: row.revision,
    step: performStep,
    kind: 'action',
    agent: row.agent,
    principal: row.principal,
    location: deps.location,
    patient: row.patient,
    episode: row.episode,
    purpose: row.purpose,
    readOnly: !writes,
    requestCommitment: bound.requestCommitment,
    argsCommitment: bound.proposalCommitment,
    tier: classification.tier,
    rulebook: rulebook.digest,
    performs: classification.performs,
    elements: writes
      ? writeReadings(row.type, row.elements, 'write')
      : row.elements.flatMap((name) => rulebook.elements.get(name) ?? []),
    limits: {
      uses: classification.limits.maxUses,
      records: classification.limits.maxRecords,
      bytes: classification.limits.maxBytes,
    },
    lookBackDays: writes ? {} : classification.lookBackDays,
    seconds: classification.warrantSeconds,
    approvals,
    queue: classification.performs === 'llm.generate' ? 'llm' : 'ehr',
  });
  const minted = await findWarrant(tx, warrant.jti);
  if (!minted) throw new Refusal('action.not_authorised', 'The warrant was not stored.');
  await appendLeaf(tx, {
    kind: 'action.authorised',
    action: row.action,
    key: leafKeyOf('authorise', row.revision),
    data: {
      warrant: warrant.jti,
      tier: minted.tier,
      rulebook: minted.rulebook,
      approvals: minted.approvals,
      elements: minted.elements,
      expires: minted.expiresAt.toISOString(),
    },
  });
  return warrant;
}
