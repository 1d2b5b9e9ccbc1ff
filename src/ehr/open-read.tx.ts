import type { StepName } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import type { Admission, MintedWarrant } from '../action/types.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import type { Destination } from '../policy/core.js';
import { markPerforming, openUse, type OpenedUse, type UseKey } from '../warrant/use.store.js';
import type { EhrDeps } from './deps.js';
import { presentWarrant } from './leave.store.js';
import type { ReadOrder } from './read-elements.js';
import { relationReadings } from './relation.js';
import { openSealedRequest } from './sealed-request.store.js';

export type OpenedRead =
  | Extract<OpenedUse, { status: 'done' | 'withheld' }>
  | {
      readonly status: 'open';
      readonly use: UseKey;
      readonly attempt: number;
      readonly order: ReadOrder;
      readonly destination: Destination;
    };

/**
 * Token, row, request and clock are judged; then the use is opened, or resumed, and its attempt is on the log: all in
 * one transaction, before anything is asked of the EHR.
 *
 * @throws Refusal `warrant.*`; then nothing was changed. `log.*` while nobody vouches for the log.
 */
export async function openRead(
  deps: EhrDeps,
  admission: Admission,
  { warrant, step }: { readonly warrant: MintedWarrant; readonly step: StepName },
): Promise<OpenedRead> {
  const { tenant, action } = admission;
  return inTenant(deps.pool, tenant, async (tx) => {
    const presented = await presentWarrant(tx, deps, admission, { warrant, isStep: (name) => name === step });
    const { row, rulebook, leave, use } = presented;
    const { request, subject } = await openSealedRequest(tx, deps.keychain, row);
    const contract = rulebook.actions.get(request.type);
    if (!contract) throw new Refusal('warrant.other_request', 'The rulebook has no such action type.');
    const opened = await openUse(tx, use);
    if (opened.status === 'refused') throw new Refusal(opened.code, 'The warrant does not hold.');
    if (opened.status !== 'open') return opened;
    if (row.kind === 'action') await markPerforming(tx, action);
    await appendLeaf(tx, {
      kind: 'action.attempt',
      action,
      key: `${step}/${opened.attempt}`,
      data: { warrant: row.jti, attempt: opened.attempt },
    });
    return {
      status: 'open',
      use,
      attempt: opened.attempt,
      destination: contract.destination,
      order: {
        leave,
        // Only a system warrant may name what the rulebook's elements do not have.
        elements:
          row.kind === 'system' ? new Map(relationReadings.map((each) => [each.name, each])) : rulebook.elements,
        subject,
        recordsLeft: opened.recordsLeft,
        bytesLeft: opened.bytesLeft,
        requestId: `${action}.${step}.${opened.attempt}`,
      },
    };
  });
}
