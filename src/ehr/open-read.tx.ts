import { databaseClock } from '../action/action.store.js';
import type { StepName } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import type { Admission, MintedWarrant } from '../action/types.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import type { Destination } from '../policy/core.js';
import { leaveOf } from '../warrant/leave.js';
import { tokenHash } from '../warrant/token-hash.js';
import { markPerforming, openUse, type OpenedUse, type UseKey } from '../warrant/use.store.js';
import { verifyToken } from '../warrant/verify.js';
import { findWarrant } from '../warrant/warrant.store.js';
import type { EhrDeps } from './deps.js';
import type { ReadOrder } from './read-elements.js';
import { relationReading } from './relation.js';
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
 * @throws Refusal `warrant.*`; then nothing was changed.
 */
export async function openRead(
  deps: EhrDeps,
  { tenant, action }: Admission,
  { warrant: { jti, token }, step }: { readonly warrant: MintedWarrant; readonly step: StepName },
): Promise<OpenedRead> {
  return inTenant(deps.pool, tenant, async (tx) => {
    const row = await findWarrant(tx, jti);
    if (!row) throw new Refusal('warrant.missing', 'There is no such warrant.');
    if (row.action !== action || row.step !== step)
      throw new Refusal('warrant.other_action', 'The warrant is for another action or step.');
    const { actions, elements, trustRoots } = await deps.rulebook(tx, row.rulebook);
    const claims = await verifyToken(token, { issuers: trustRoots.warrantIssuers, at: await databaseClock(tx) });
    const leave = leaveOf(row, claims);
    const { type, subject } = await openSealedRequest(tx, deps.keychain, row);
    const contract = actions.get(type);
    if (!contract) throw new Refusal('warrant.other_request', 'The rulebook has no such action type.');
    const use: UseKey = { jti, step, tokenSha256: tokenHash(token) };
    const opened = await openUse(tx, use);
    if (opened.status === 'refused') throw new Refusal(opened.code, 'The warrant does not hold.');
    if (opened.status !== 'open') return opened;
    if (row.kind === 'action') await markPerforming(tx, action);
    await appendLeaf(tx, {
      kind: 'action.attempt',
      action,
      key: `${step}/${opened.attempt}`,
      data: { warrant: jti, attempt: opened.attempt },
    });
    return {
      status: 'open',
      use,
      attempt: opened.attempt,
      destination: contract.destination,
      order: {
        leave,
        // Only a system warrant may name what the rulebook's elements do not have.
        elements: row.kind === 'system' ? new Map([[relationReading.name, relationReading]]) : elements,
        subject,
        recordsLeft: opened.recordsLeft,
        bytesLeft: opened.bytesLeft,
        requestId: `${action}.${step}.${opened.attempt}`,
      },
    };
  });
}
