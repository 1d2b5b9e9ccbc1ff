/**
 * Quotas: how much of something there may be in an hour or a day. What counts is an action that was classified and not
 * refused, whatever becomes of it afterwards: one that is denied or cancelled has taken somebody's attention, and
 * asking must not be free. A refused one counts nothing, and neither does repeating a call. Records count once a
 * warrant may open them: with what it opened, and until it is over with the most that it may.
 */
import { z } from 'zod';
import { raisingId, raiseTo, type RaiseTo } from './raising.js';
import { concerns, countedPer, countings, countKey, isMoreThan, type Count, type Tallied } from './tally.js';

const quotaRow = z
  .strictObject({
    reason: z.string().min(1),
    per: z.enum(countedPer),
    counting: z.enum(countings),
    limit: z.int().min(1).max(1_000_000),
    /** A clock hour, or a calendar day in the tenant's zone. */
    each: z.enum(['hour', 'day']),
    /** Refused beyond the limit, or raised. */
    beyond: z.union([z.literal('refused'), raiseTo], { error: 'expected refused, one_tier, T1, T2 or T3' }),
  })
  .refine(({ per, counting }) => counting !== 'patients' || per === 'agent', {
    error: 'patients are counted per agent: a patient is one patient',
    path: ['counting'],
  })
  .refine(({ per, counting }) => counting !== 'actions' || per === 'agent', {
    error: 'an action that is counted per patient is about one: say actions_about_patients',
    path: ['counting'],
  });

export const quotasSchema = z.strictObject({ quotas: z.record(raisingId, quotaRow) });
export type QuotasDocument = z.infer<typeof quotasSchema>;

export interface Quota {
  readonly id: string;
  readonly count: Count;
  readonly limit: number;
  readonly beyond: 'refused' | RaiseTo;
}

export function quotasOf({ quotas }: QuotasDocument): Quota[] {
  return Object.entries(quotas).map(([id, { per, counting, limit, each, beyond }]) => ({
    id,
    count: { per, counting, span: each },
    limit,
    beyond,
  }));
}

export interface QuotaFacts {
  readonly namesPatient: boolean;
  readonly tallied: Tallied;
}

/** The quotas that this action is beyond. */
export function exceeded(quotas: readonly Quota[], { namesPatient, tallied }: QuotaFacts): Quota[] {
  return quotas.filter(({ count, limit }) => concerns(count, namesPatient) && isMoreThan(limit, tallied, count));
}

/** How many records the quotas that refuse leave to one more warrant; undefined where none bounds them. */
export function recordsLeft(quotas: readonly Quota[], { namesPatient, tallied }: QuotaFacts): number | undefined {
  if (tallied === 'not_counted') return undefined;
  const left = quotas
    .filter(
      ({ count, beyond }) => count.counting === 'records' && beyond === 'refused' && concerns(count, namesPatient),
    )
    .map(({ count, limit }) => limit - (tallied[countKey(count)] ?? limit) + 1);
  return left.length === 0 ? undefined : Math.max(1, Math.min(...left));
}
