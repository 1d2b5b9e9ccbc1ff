import type { ActionId } from '../action/ids.js';
import { findAction } from '../action/action.store.js';
import { Refusal } from '../action/refusal.js';
import type { Admission, MintedWarrant, ReadBack } from '../action/types.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { openUse, type UseKey } from '../warrant/use.store.js';
import { findWriteUse, type WriteUse } from '../warrant/write-use.store.js';
import type { EhrDeps } from './deps.js';
import { presentWarrant } from './leave.store.js';
import type { Proposal } from './proposal.js';
import type { TargetOrder } from './read-target.js';
import { openSealedRequest } from './sealed-request.store.js';
import { isReadBackStep } from './steps.js';
import { targetOrder } from './write-target.js';

export interface OpenReadBack {
  readonly status: 'open';
  readonly use: UseKey;
  readonly attempt: number;
  /** The write of which nobody knows what became. */
  readonly write: WriteUse;
  readonly order: TargetOrder & { readonly action: ActionId; readonly proposal: Proposal };
}

/**
 * Opens one more look at a write whose outcome is unknown, with its attempt on the log; or tells what settled it before.
 *
 * @throws Refusal `warrant.*`, `log.*`; then nothing was changed.
 */
export async function openReadBack(
  deps: EhrDeps,
  admission: Admission,
  warrant: MintedWarrant,
): Promise<OpenReadBack | ReadBack> {
  const { tenant, action } = admission;
  return inTenant(deps.pool, tenant, async (tx) => {
    const presented = await presentWarrant(tx, deps, admission, { warrant, isStep: isReadBackStep });
    const { row, leave, use } = presented;
    const { request, subject, revision, proposal } = await openSealedRequest(tx, deps.keychain, row);
    const write = await findWriteUse(tx, action, revision.shows);
    if (row.kind !== 'system' || revision.kind !== 'resolution' || !proposal || !write)
      throw new Refusal('warrant.other_request', 'There is no write whose outcome is unknown.');
    const settled = settledBefore(write);
    if (settled || (await findAction(tx, action))?.status !== 'outcome_unknown')
      return settled ?? { status: 'unsettled' };
    const opened = await openUse(tx, use);
    if (opened.status === 'refused') throw new Refusal(opened.code, 'The warrant does not hold.');
    if (opened.status !== 'open') return { status: 'unsettled' }; // this look was taken, and settled nothing
    const { attempt, bytesLeft } = opened;
    await appendLeaf(tx, {
      kind: 'action.attempt',
      action,
      key: `${row.step}/${attempt}`,
      data: { warrant: row.jti, attempt },
    });
    const requestId = `${action}.${row.step}.${attempt}`;
    const order = { ...targetOrder({ request, subject, leave, bytesLeft, requestId }), action, proposal };
    return { status: 'open', use, attempt, write, order };
  });
}

/** Undefined while nobody knows. */
function settledBefore({ status }: WriteUse): ReadBack | undefined {
  if (status === 'done') return { status: 'written' };
  return status === 'conflict' ? { status: 'superseded' } : undefined;
}
