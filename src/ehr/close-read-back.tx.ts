import type { PoolClient } from 'pg';
import { findAction } from '../action/action.store.js';
import type { TenantId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import type { Admission, ReadBack } from '../action/types.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { closeUse } from '../warrant/use.store.js';
import { settleWriteUse } from '../warrant/write-use.store.js';
import type { EhrDeps } from './deps.js';
import type { Found } from './look-back.js';
import type { OpenReadBack } from './open-read-back.tx.js';
import { sealWritten } from './sealed-result.store.js';

export interface LookedBack {
  /** Undefined when the EHR did not say. */
  readonly found: Found | undefined;
  readonly bytes: number;
}

/**
 * Settles the write by what the EHR shows, if it shows enough, with its leaf and, of a written version, the sealed result.
 * A human's word that came meanwhile stays.
 *
 * @throws Refusal `warrant.*`: then nothing was settled.
 */
export async function closeReadBack(
  deps: EhrDeps,
  { tenant, action }: Admission,
  opened: OpenReadBack,
  { found, bytes }: LookedBack,
): Promise<ReadBack> {
  const { use, attempt } = opened;
  return inTenant(deps.pool, tenant, async (tx) => {
    if ((await findAction(tx, action))?.status !== 'outcome_unknown') return { status: 'unsettled' };
    const status = (await settle(tx, deps, { tenant, opened, found })) ? settledBy(found) : 'unsettled';
    const end = { status: 'done', records: found ? 1 : 0, bytes, findings: 0, truncated: false } as const;
    const refused = await closeUse(tx, use, attempt, end);
    if (refused !== undefined) throw new Refusal(refused, 'The warrant no longer holds; nothing was settled.');
    await appendLeaf(tx, { kind: 'outcome.read_back', action, key: use.step, data: { warrant: use.jti, status } });
    return { status };
  });
}

interface Settlement {
  readonly tenant: TenantId;
  readonly opened: OpenReadBack;
  readonly found: Found | undefined;
}

async function settle(
  tx: PoolClient,
  { keychain }: EhrDeps,
  { tenant, opened: { write, order }, found }: Settlement,
): Promise<boolean> {
  if (found?.status === 'moved_on') return settleWriteUse(tx, write, { status: 'conflict' });
  if (found?.status !== 'written') return false;
  const { action, target, subject } = order;
  const result = { action, target, patient: subject.patient.reference, version: found.version };
  const written = await sealWritten(tx, keychain, tenant, result);
  return settleWriteUse(tx, write, { status: 'done', ...written });
}

function settledBy(found: Found | undefined): ReadBack['status'] {
  switch (found?.status) {
    case 'written':
      return 'written';
    case 'moved_on':
      return 'superseded';
    default:
      return 'unsettled';
  }
}
