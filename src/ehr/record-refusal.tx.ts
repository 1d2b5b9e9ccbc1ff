import { findAction } from '../action/action.store.js';
import type { RefusalCode } from '../action/refusal.js';
import type { StepName } from '../action/ids.js';
import type { Admission, MintedWarrant } from '../action/types.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { findWarrant } from '../warrant/warrant.store.js';
import type { EhrDeps } from './deps.js';

/**
 * Answers of an EHR that somebody should look at: it mixed people up, tried to lead us away, or holds something else than
 * was approved. And sealed content that somebody changed.
 */
const alarming: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  'key.unreadable',
  'ehr.off_base',
  'ehr.other_patient',
  'ehr.other_type',
  'ehr.redirect',
  'ehr.unasked',
  'ehr.written_otherwise',
]);

/** An attempt that a later one overtook, that has to wait for an earlier one, or whose own lease ended. */
const overtaken: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  'warrant.lease_over',
  'warrant.leased',
  'warrant.superseded',
]);

/**
 * Puts a gateway's refusal on the log: a warrant that did not hold as `warrant.refused`, and it and an alarming answer as
 * `security.event`. A busy or broken EHR is neither, and no event is an attempt among others.
 */
export async function recordRefusal(
  { pool }: EhrDeps,
  { tenant, action }: Admission,
  { warrant, step, code }: { readonly warrant: MintedWarrant; readonly step: StepName; readonly code: RefusalCode },
): Promise<void> {
  const ofWarrant = code.startsWith('warrant.') && !overtaken.has(code);
  if (!ofWarrant && !alarming.has(code)) return;
  await inTenant(pool, tenant, async (tx) => {
    const key = `${step}/${warrant.jti}/${code}`;
    const known = await findWarrant(tx, warrant.jti);
    const agent = (await findAction(tx, action))?.agent ?? null;
    if (ofWarrant)
      await appendLeaf(tx, { kind: 'warrant.refused', action, key, data: { warrant: known?.jti ?? null, code } });
    await appendLeaf(tx, { kind: 'security.event', action, key, data: { code, agent } });
  });
}
