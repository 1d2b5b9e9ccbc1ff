import { commitmentsOf, findAction, type ActionRow } from '../action/action.store.js';
import { Refusal } from '../action/refusal.js';
import type { SealedRequest } from '../action/request.js';
import type { Admission, MintedWarrant, Prepared } from '../action/types.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { openUse, type UseKey } from '../warrant/use.store.js';
import type { EhrDeps } from './deps.js';
import { presentWarrant } from './leave.store.js';
import type { PrepareOrder } from './prepare-change.js';
import type { ReadOrder } from './read-elements.js';
import { openSealedRequest } from './sealed-request.store.js';
import { prepareStep } from './steps.js';
import { patientOrder, targetOrder } from './write-target.js';

export interface OpenPrepare {
  readonly status: 'open';
  readonly use: UseKey;
  readonly attempt: number;
  /** The revision on top of which one is prepared. */
  readonly revision: number;
  readonly request: SealedRequest;
  readonly order: PrepareOrder;
  /** To read whose record it is. */
  readonly patient: ReadOrder;
}

/**
 * Opens the read of what is to be changed, with its attempt on the log; or tells the revision that is prepared already.
 *
 * @throws Refusal `warrant.*`, `log.*`; then nothing was changed.
 */
export async function openPrepare(
  deps: EhrDeps,
  admission: Admission,
  warrant: MintedWarrant,
): Promise<OpenPrepare | Prepared> {
  const { tenant, action } = admission;
  return inTenant(deps.pool, tenant, async (tx) => {
    const row = await findAction(tx, action);
    const current = row && (await commitmentsOf(tx, action, row.revision));
    if (!row || !current) throw new Refusal('warrant.other_action', 'There is no such action.');
    if (row.status !== 'preparing') return preparedBefore(row, current.kind === 'prepared');
    const isStep = (name: string): boolean => name === prepareStep;
    const presented = await presentWarrant(tx, deps, admission, { warrant, isStep });
    const { leave, use } = presented;
    const { request, subject, revision } = await openSealedRequest(tx, deps.keychain, presented.row);
    const opened = await openUse(tx, use);
    if (opened.status === 'refused') throw new Refusal(opened.code, 'The warrant does not hold.');
    if (opened.status !== 'open') throw new Refusal('warrant.spent', 'This preparation ended without a revision.');
    const round = `${prepareStep}.${revision.revision}`;
    await appendLeaf(tx, {
      kind: 'action.attempt',
      action,
      key: `${round}/${opened.attempt}`,
      data: { warrant: use.jti, attempt: opened.attempt },
    });
    const { attempt, recordsLeft, bytesLeft } = opened;
    const requestId = `${action}.${round}.${attempt}`;
    return {
      status: 'open',
      use,
      attempt,
      revision: revision.revision,
      request,
      order: {
        ...targetOrder({ request, subject, leave, bytesLeft, requestId }),
        type: request.type,
        change: request.input['change'],
        ...(revision.baseVersion !== null && { before: revision.baseVersion }),
      },
      patient: patientOrder({ leave, subject, recordsLeft, bytesLeft, requestId }),
    };
  });
}

/** Nothing is read again for people who are being asked already, nor for an action that ended. */
function preparedBefore({ revision }: ActionRow, isPrepared: boolean): Prepared {
  return isPrepared ? { status: 'prepared', revision } : { status: 'refused', rules: ['action.ended'] };
}
