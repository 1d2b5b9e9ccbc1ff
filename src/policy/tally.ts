/** What was counted of earlier actions: which counts rules may ask for, and how the answers are called. */
import { z } from 'zod';
import type { Rulebook } from '../rulebook/rulebook.js';

/** `actions` counts every action; the others only those that name a patient. */
export const countings = ['actions', 'actions_about_patients', 'patients', 'records'] as const;
export type Counting = (typeof countings)[number];

export const countedPer = ['agent', 'patient', 'agent_and_patient'] as const;
export type CountedPer = (typeof countedPer)[number];

/** A clock hour or a calendar day in the tenant's zone, or so many seconds back from now. */
export type Span = 'hour' | 'day' | { readonly seconds: number };

/** One count that a rule of the rulebook asks for. */
export interface Count {
  readonly per: CountedPer;
  readonly counting: Counting;
  readonly span: Span;
}

/**
 * Counts by {@link countKey}, the action that is judged included: as one action, as one patient, and as one record at
 * least, because how many it will bring nobody knows before.
 */
export const talliesSchema = z.record(z.string(), z.int().min(1));
export type Tallies = Readonly<z.infer<typeof talliesSchema>>;

/**
 * `not_counted` is for looking at rules without an installation behind them: then no rule about counts speaks. It is
 * never said of an action. A count that is missing among others was not taken, and exceeds every limit.
 */
export type Tallied = Tallies | 'not_counted';

/** `agent.patients.day`, `agent.records.86400`. Two rules that ask for the same share the answer. */
export function countKey({ per, counting, span }: Count): string {
  return `${per}.${counting}.${typeof span === 'string' ? span : span.seconds}`;
}

/** Whether an action is among what is counted, and so bound by what was. */
export function concerns({ counting }: Pick<Count, 'counting'>, namesPatient: boolean): boolean {
  return namesPatient || counting === 'actions';
}

/** Whether there are more than `limit`. */
export function isMoreThan(limit: number, tallied: Tallied, count: Count): boolean {
  if (tallied === 'not_counted') return false;
  const key = countKey(count);
  const tally = Object.hasOwn(tallied, key) ? tallied[key] : undefined;
  return !(tally !== undefined && tally <= limit);
}

/** What quotas and raising rules of a rulebook ask about such an action, each count once. */
export function countsOf({ quotas, raising }: Pick<Rulebook, 'quotas' | 'raising'>, namesPatient: boolean): Count[] {
  const asked = [
    ...quotas.map(({ count }) => count),
    ...raising.flatMap(({ when }) => (when.kind === 'volume' ? [when.count] : [])),
  ].filter((count) => concerns(count, namesPatient));
  return [...new Map(asked.map((count) => [countKey(count), count])).values()];
}
