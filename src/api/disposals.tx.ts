import { DateTime } from 'luxon';
import type { Pool } from 'pg';
import { databaseClock, tenantZone } from '../action/action.store.js';
import type { TenantId } from '../action/ids.js';
import { inTenant } from '../database/transaction.js';
import { retentionDays, type RetentionDay } from '../retention/disposal.store.js';

/** One date and class: `held` when only holds keep its records, `due` when the date has come and some are left. */
export interface DisposalView extends RetentionDay {
  readonly status: 'scheduled' | 'due' | 'held' | 'done';
}

/** Disposal dates of the tenant, soonest first. */
export async function disposals(pool: Pool, tenant: TenantId): Promise<DisposalView[]> {
  return inTenant(pool, tenant, async (tx) => {
    const zone = await tenantZone(tx, tenant);
    const today = DateTime.fromJSDate(await databaseClock(tx), { zone }).toISODate() ?? '';
    return (await retentionDays(tx)).map((day) => ({ ...day, status: statusOf(day, today) }));
  });
}

function statusOf({ date, records, held, disposed }: RetentionDay, today: string): DisposalView['status'] {
  if (disposed === records) return 'done';
  if (date > today) return 'scheduled';
  return disposed + held >= records ? 'held' : 'due';
}
