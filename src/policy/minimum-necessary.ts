/**
 * The minimum-necessary table (45 CFR 164.502(b), 164.514(d)): which elements an agent of a role routinely needs for a
 * purpose. What a treating provider asks of another is exempt by law; an agent inside the hospital's EHR is a use, and
 * bound, for treatment as for everything else.
 */
import { z } from 'zod';
import { elementName, type ElementDefinition } from '../rulebook/elements.js';

/** Lower-case words and dots: it stands on the audit log. */
const routineId = z
  .string()
  .regex(/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/)
  .max(64);

/**
 * How far back an element is routinely needed. `undated` is said of what states the present, such as the medications
 * that are taken now: a search for it has no date to bound, and to cut it by age would hide what still holds.
 */
const lookBack = z.union([z.literal('undated'), z.strictObject({ days: z.int().min(1).max(36_500) })], {
  error: 'expected undated or {days: n}',
});

const routineRow = z.strictObject({
  /** Why this is what the role needs. */
  reason: z.string().min(1),
  purpose: z.string().regex(/^[A-Z]{2,12}$/),
  /** Role of the agent in the directory. */
  agent_role: z.string().min(1).max(40),
  elements: z.record(elementName, lookBack).refine((rows) => Object.keys(rows).length > 0, { error: 'no element' }),
  /** The most that one warrant opens. */
  records: z.int().min(1).max(1_000_000),
});

export const minimumNecessarySchema = z.strictObject({ routine: z.record(routineId, routineRow) });
export type MinimumNecessaryDocument = z.infer<typeof minimumNecessarySchema>;

/** One row: one purpose and one role. */
export interface Routine {
  readonly id: string;
  readonly purpose: string;
  readonly agentRole: string;
  readonly elements: ReadonlyMap<string, z.infer<typeof lookBack>>;
  readonly maxRecords: number;
}

export function routinesOf({ routine }: MinimumNecessaryDocument): Routine[] {
  return Object.entries(routine).map(([id, { purpose, agent_role, elements, records }]) => ({
    id,
    purpose,
    agentRole: agent_role,
    elements: new Map(Object.entries(elements)),
    maxRecords: records,
  }));
}

export type MinimumNecessary =
  /** No element that could be too much. */
  | { readonly status: 'not_asked' }
  /** Everything is routine: verified by this row, which bounds the warrant. */
  | { readonly status: 'inside'; readonly routine: Routine }
  /** These are not, or there is no row for the purpose and role. */
  | { readonly status: 'outside'; readonly elements: readonly string[] };

/** Judges the elements that hold PHI; an unknown purpose or role has no row, and is outside with all of them. */
export function minimumNecessary(
  routines: readonly Routine[],
  asked: {
    readonly purpose: string;
    readonly agentRole: string;
    readonly elements: readonly Pick<ElementDefinition, 'name' | 'sensitivity'>[];
  },
): MinimumNecessary {
  const names = asked.elements.filter(({ sensitivity }) => sensitivity !== 'none').map(({ name }) => name);
  if (names.length === 0) return { status: 'not_asked' };
  const routine = routines.find(({ purpose, agentRole }) => purpose === asked.purpose && agentRole === asked.agentRole);
  const outside = names.filter((name) => routine?.elements.has(name) !== true);
  return routine !== undefined && outside.length === 0
    ? { status: 'inside', routine }
    : { status: 'outside', elements: outside };
}

/** Days by element, for those of the asked that are bound. */
export function lookBackOf({ elements }: Routine, asked: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    asked.flatMap((name) => {
      const back = elements.get(name);
      return typeof back === 'object' ? [[name, back.days] as const] : [];
    }),
  );
}
