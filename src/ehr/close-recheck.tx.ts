import { findAction } from '../action/action.store.js';
import { Refusal } from '../action/refusal.js';
import type { Admission } from '../action/types.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { closeUse } from '../warrant/use.store.js';
import { actionsOf } from './as-approved.js';
import type { Resource } from './bundle.js';
import type { EhrDeps } from './deps.js';
import { judgeVersions } from './judge-versions.js';
import type { OpenRecheck, Rechecked } from './open-recheck.tx.js';
import { markVersionsChecked, sentAmong } from './recorded-write.store.js';
import { alarmOf } from './version-finding.js';

export interface VersionsRead {
  /** Newest first; undefined when the EHR did not say. */
  readonly versions: readonly Resource[] | undefined;
  readonly bytes: number;
}

/**
 * Puts on the log how the EHR's versions compare with the record, once for each action, and beside it a security event
 * where they do not fit. From an answer that shows nothing, nothing is put on the log: it is asked again.
 *
 * @throws Refusal `warrant.*`: then nothing was recorded.
 */
export async function closeRecheck(
  { pool }: EhrDeps,
  { tenant, action }: Admission,
  { use, attempt, recorded }: OpenRecheck,
  { versions, bytes }: VersionsRead,
): Promise<Rechecked> {
  return inTenant(pool, tenant, async (tx) => {
    const end = { status: 'done', records: versions ? 1 : 0, bytes, findings: 0, truncated: false } as const;
    const refused = await closeUse(tx, use, attempt, end);
    if (refused !== undefined) throw new Refusal(refused, 'The warrant no longer holds; nothing was recorded.');
    if (!versions) return { status: 'not_said' };
    const { finding, version } = judgeVersions(recorded, versions, await sentAmong(tx, versions.flatMap(actionsOf)));
    if (finding === 'not_said') return { status: 'not_said' };
    await markVersionsChecked(tx, action);
    const agent = (await findAction(tx, action))?.agent ?? null;
    const data = { warrant: use.jti, finding, version };
    await appendLeaf(tx, { kind: 'version.checked', action, key: 'recheck', data });
    const code = alarmOf(finding);
    if (code !== undefined)
      await appendLeaf(tx, { kind: 'security.event', action, key: `recheck/${code}`, data: { code, agent } });
    return { status: 'checked' };
  });
}
