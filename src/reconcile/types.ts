import { z } from 'zod';
import { tenantSchema, type ActionId, type Digest, type TenantId } from '../action/ids.js';
import type { Admission, MintedWarrant } from '../action/types.js';
import type { RunStatus } from './finding.js';

/** What one reconciliation goes through, in this order. */
export const passes = ['open', 'concluded', 'closed', 'versions'] as const;

/** Argument of the workflow: where to go on; from the beginning where nothing is said. */
export const reconcileSchema = z.strictObject({
  tenant: tenantSchema,
  pass: z.enum(passes).default('open'),
  after: z.string().optional(),
});

/** One batch of a pass. */
export interface Batch {
  readonly tenant: TenantId;
  /** Where the batch before it ended, in the pass's own words; absent for the first. */
  readonly after?: string;
}

/** What a batch did. */
export interface BatchDone {
  /** Absent after the last batch. */
  readonly next?: string;
  /** How many of it were put right or recorded. */
  readonly done: number;
  /** How many could not be; they are looked at again next time. */
  readonly failed: number;
}

/** One look that is due at what the EHR holds of an ended action's write. */
export interface Look {
  readonly admission: Admission;
  readonly warrant: MintedWarrant;
}

/** The looks of one batch. */
export interface Looks {
  readonly looks: readonly Look[];
  /** How many could not be prepared; they are due again later. */
  readonly failed: number;
  /** Whether more may be due now. */
  readonly more: boolean;
}

/** The Schedule, and prefix of the workflow, that reconciles. */
export function reconcileScheduleId(tenant: TenantId): string {
  return `reconcile/${tenant}`;
}

/** What a workflow of an action is started with, again or for the first time. */
export interface StartOrder {
  readonly admission: Admission;
  readonly type: string;
  readonly agent: string;
  readonly purpose: string;
}

/** One run under an action's workflow id. */
export interface ActionRun {
  readonly action: ActionId;
  readonly run: string;
}

/** A run that closed, and how. */
export interface ClosedRun extends ActionRun {
  readonly status: RunStatus;
}

/** What the log keeps of a closed run's history, which is encrypted. */
export interface ClosedHistory {
  /** First run of its chain. */
  readonly first: string;
  readonly events: number;
  /** Of the history as a protobuf message; see src/temporal/history-digest.ts. */
  readonly sha256: Digest;
}
