import { DateTime } from 'luxon';
import type { Pool } from 'pg';
import { z } from 'zod';
import type { TenantId } from '../action/ids.js';
import { inTenant } from '../database/transaction.js';
import { openDates } from './disposal.store.js';
import type { DisposalDay } from './types.js';

/** Every date with something left to dispose of, and the instant at which that day begins in the tenant's zone. */
export async function dueDays({ pool }: { readonly pool: Pool }, tenant: TenantId): Promise<DisposalDay[]> {
  return inTenant(pool, tenant, async (tx) => {
    const found = await tx.query('SELECT zone FROM countersign.tenant WHERE tenant = $1', [tenant]);
    const { zone } = z.object({ zone: z.string() }).parse(found.rows[0]);
    return (await openDates(tx)).map((date) => ({ tenant, date, startsAt: startOfDay(date, zone) }));
  });
}

/** @throws RangeError for a date or zone that the calendar does not know. */
function startOfDay(date: string, zone: string): string {
  const start = DateTime.fromISO(date, { zone }).startOf('day').toUTC().toISO();
  if (start === null) throw new RangeError('not a date in this zone');
  return start;
}
