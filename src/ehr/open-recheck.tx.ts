import { Refusal } from '../action/refusal.js';
import type { Admission, MintedWarrant } from '../action/types.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { openUse, type UseKey } from '../warrant/use.store.js';
import type { EhrDeps } from './deps.js';
import type { RecordedWrite } from './judge-versions.js';
import { presentWarrant } from './leave.store.js';
import type { TargetOrder } from './read-target.js';
import { recordedWrite } from './recorded-write.store.js';
import { openSealedRequest } from './sealed-request.store.js';
import { isRecheckStep } from './steps.js';
import { targetOrder } from './write-target.js';

/** What one look at an ended write came to. `not_said`: the EHR gave no answer from which anything follows. */
export type Rechecked = { readonly status: 'checked' | 'not_said' };

export interface OpenRecheck {
  readonly status: 'open';
  readonly use: UseKey;
  readonly attempt: number;
  readonly order: TargetOrder;
  readonly recorded: RecordedWrite;
}

/**
 * Opens one look at the write of an action that has ended, with its attempt on the log; or tells what an earlier run of
 * the same look came to.
 *
 * @throws Refusal `warrant.*`, `log.*`, `key.gone`; then nothing was changed.
 */
export async function openRecheck(
  deps: EhrDeps,
  admission: Admission,
  warrant: MintedWarrant,
): Promise<OpenRecheck | Rechecked> {
  const { tenant, action } = admission;
  return inTenant(deps.pool, tenant, async (tx) => {
    const { row, leave, use } = await presentWarrant(tx, deps, admission, { warrant, isStep: isRecheckStep });
    const recorded = await recordedWrite(tx, action);
    if (!recorded) return { status: 'checked' };
    const { request, subject, proposal } = await openSealedRequest(tx, deps.keychain, row);
    if (row.kind !== 'system' || !proposal)
      throw new Refusal('warrant.other_request', 'There is no write that could be looked at.');
    const opened = await openUse(tx, use);
    if (opened.status === 'refused') throw new Refusal(opened.code, 'The warrant does not hold.');
    if (opened.status !== 'open') return { status: 'not_said' }; // this look was taken, and nothing followed from it
    const { attempt, bytesLeft } = opened;
    const key = `${row.step}/${attempt}`;
    await appendLeaf(tx, { kind: 'action.attempt', action, key, data: { warrant: row.jti, attempt } });
    const requestId = `${action}.${row.step}.${attempt}`;
    const order = targetOrder({ request, subject, leave, bytesLeft, requestId });
    return { status: 'open', use, attempt, order, recorded: { ...recorded, proposal } };
  });
}
