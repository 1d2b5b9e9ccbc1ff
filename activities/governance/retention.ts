import type { TenantId } from '../../src/action/ids.js';
import type { DisposalDay } from '../../src/retention/types.js';
import { dueDays } from '../../src/retention/due-days.tx.js';
import { disposeBatch, type DisposeDeps } from '../../src/retention/dispose.tx.js';

/** Activities of the retention workflows. */
export interface RetentionActivities {
  disposeBatch(day: {
    readonly tenant: TenantId;
    readonly asOf: string;
  }): Promise<{ readonly disposed: number; readonly more: boolean }>;
  /** The dates on which something is still to be disposed of, each with the instant at which it begins. */
  disposalDays(tenant: TenantId): Promise<DisposalDay[]>;
}

export function retentionActivities(deps: DisposeDeps): RetentionActivities {
  return {
    disposeBatch: (day) => disposeBatch(deps, day),
    disposalDays: (tenant) => dueDays(deps, tenant),
  };
}
