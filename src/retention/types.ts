import { z } from 'zod';
import { tenantSchema, type TenantId } from '../action/ids.js';

/** Argument of the timer workflow of one disposal date. */
export const disposalDaySchema = z.object({
  tenant: tenantSchema,
  /** Calendar day in the tenant's zone. */
  date: z.iso.date(),
  /** UTC instant at which that day begins there; computed once, by the sweeper. */
  startsAt: z.iso.datetime(),
});
export type DisposalDay = Readonly<z.infer<typeof disposalDaySchema>>;

/** The workflow that disposes of what is due on that day. */
export function retentionWorkflowId(tenant: TenantId, date: string): string {
  return `retention/${tenant}/${date}`;
}

/** The Schedule, and prefix of the workflow, that starts the timers. */
export function sweepScheduleId(tenant: TenantId): string {
  return `retention-sweep/${tenant}`;
}
