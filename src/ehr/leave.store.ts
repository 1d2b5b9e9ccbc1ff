import type { PoolClient } from 'pg';
import { databaseClock } from '../action/action.store.js';
import type { StepName } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import type { Admission, MintedWarrant } from '../action/types.js';
import { leaveOf, type Leave } from '../warrant/leave.js';
import { tokenHash } from '../warrant/token-hash.js';
import type { UseKey } from '../warrant/use.store.js';
import { verifyToken } from '../warrant/verify.js';
import { findWarrant, type WarrantRow } from '../warrant/warrant.store.js';
import type { EhrDeps, PinnedRulebook } from './deps.js';

/** A warrant whose row and token agree; whether it still holds, the database says when its use is opened. */
export interface PresentedWarrant {
  readonly row: WarrantRow;
  readonly rulebook: PinnedRulebook;
  readonly leave: Leave;
  readonly use: UseKey;
}

/** @throws Refusal `warrant.missing`, `.other_action` for another action or step, `.issuer`, `.altered`, `.expired`, `.not_yet`. */
export async function presentWarrant(
  tx: PoolClient,
  deps: Pick<EhrDeps, 'rulebook'>,
  { action }: Admission,
  {
    warrant: { jti, token },
    isStep,
  }: { readonly warrant: MintedWarrant; readonly isStep: (step: StepName) => boolean },
): Promise<PresentedWarrant> {
  const row = await findWarrant(tx, jti);
  if (!row) throw new Refusal('warrant.missing', 'There is no such warrant.');
  if (row.action !== action || !isStep(row.step))
    throw new Refusal('warrant.other_action', 'The warrant is for another action or step.');
  const rulebook = await deps.rulebook(tx, row.rulebook);
  const issuers = rulebook.trustRoots.warrantIssuers;
  const claims = await verifyToken(token, { issuers, at: await databaseClock(tx) });
  return { row, rulebook, leave: leaveOf(row, claims), use: { jti, step: row.step, tokenSha256: tokenHash(token) } };
}
