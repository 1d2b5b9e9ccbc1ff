/** What raises an action above the highest of its floors (DESIGN §5.2): rules as data, under ids that tell why. */
import { z } from 'zod';
import type { Tier } from '../action/types.js';
import { durationSchema, seconds } from '../rulebook/duration.js';
import { elementName, type ElementDefinition } from '../rulebook/elements.js';
import { destinations, type Destination } from './core.js';
import type { MinimumNecessary } from './minimum-necessary.js';
import { concerns, isMoreThan, type Count, type Tallied } from './tally.js';

/** Lower-case words and dots: it stands on the audit log. */
export const raisingId = z
  .string()
  .regex(/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/)
  .max(64);

/** One tier above the floors, or up to this one. Above T3 there is nobody to ask: the action is refused. */
export const raiseTo = z.enum(['one_tier', 'T1', 'T2', 'T3']);
export type RaiseTo = z.infer<typeof raiseTo>;

const common = { id: raisingId, reason: z.string().min(1), raise: raiseTo };
const many = z.int().min(1).max(1_000_000);

export const raisingRow = z.discriminatedUnion('when', [
  /** The data carries a sensitivity label that the request does not name. */
  z.strictObject({ ...common, when: z.literal('unnamed_label') }),
  z.strictObject({ ...common, when: z.literal('outside_minimum_necessary') }),
  /** More of the agent's than so many, counted with this one over the time before it: many small reads are a bulk read. */
  z.strictObject({
    ...common,
    when: z.literal('volume'),
    counting: z.enum(['patients', 'records']),
    more_than: many,
    within: durationSchema,
  }),
  /** One of these elements, or more elements with PHI than so many: a chart asked for piece by piece is a chart. */
  z.strictObject({
    ...common,
    when: z.literal('whole_chart'),
    elements: z.array(elementName).min(1),
    more_than: many,
  }),
  /** Anywhere but to these. */
  z.strictObject({ ...common, when: z.literal('destination'), unless: z.array(z.enum(destinations)).min(1) }),
]);

export type RaisingDocument = z.infer<typeof raisingRow>;

export interface RaisingRule {
  readonly id: string;
  readonly raise: RaiseTo;
  readonly when:
    | { readonly kind: 'unnamed_label' | 'outside_minimum_necessary' }
    | { readonly kind: 'volume'; readonly count: Count; readonly moreThan: number }
    | { readonly kind: 'whole_chart'; readonly elements: ReadonlySet<string>; readonly moreThan: number }
    | { readonly kind: 'destination'; readonly unless: ReadonlySet<Destination> };
}

export function raisingRuleOf(row: RaisingDocument): RaisingRule {
  return { id: row.id, raise: row.raise, when: whenOf(row) };
}

function whenOf(row: RaisingDocument): RaisingRule['when'] {
  switch (row.when) {
    case 'unnamed_label':
    case 'outside_minimum_necessary':
      return { kind: row.when };
    case 'volume': {
      const count: Count = { per: 'agent', counting: row.counting, span: { seconds: seconds(row.within) } };
      return { kind: 'volume', count, moreThan: row.more_than };
    }
    case 'whole_chart':
      return { kind: 'whole_chart', elements: new Set(row.elements), moreThan: row.more_than };
    case 'destination':
      return { kind: 'destination', unless: new Set(row.unless) };
  }
}

/**
 * Sensitivity labels (DS4P) of the data that the request does not name. `not_read_yet`: nothing has read any label
 * before the action runs, so that nobody could know; what is labelled is then found, and withheld, where it is read.
 * `unreadable`: somebody looked and could not tell, which raises as a label does.
 */
export type UnnamedLabels = readonly string[] | 'not_read_yet' | 'unreadable';

export interface RaisingFacts {
  readonly elements: readonly Pick<ElementDefinition, 'name' | 'sensitivity'>[];
  readonly namesPatient: boolean;
  readonly minimumNecessary: MinimumNecessary;
  readonly destination: Destination;
  readonly unnamedLabels: UnnamedLabels;
  readonly tallied: Tallied;
}

/** The rules that raise this action. */
export function raisedBy(rules: readonly RaisingRule[], facts: RaisingFacts): RaisingRule[] {
  return rules.filter((rule) => raises(rule, facts));
}

function raises({ when }: RaisingRule, facts: RaisingFacts): boolean {
  switch (when.kind) {
    case 'unnamed_label':
      return facts.unnamedLabels !== 'not_read_yet' && facts.unnamedLabels.length > 0;
    case 'outside_minimum_necessary':
      return facts.minimumNecessary.status === 'outside';
    case 'volume':
      return concerns(when.count, facts.namesPatient) && isMoreThan(when.moreThan, facts.tallied, when.count);
    case 'whole_chart': {
      const confidential = facts.elements.filter(({ sensitivity }) => sensitivity !== 'none');
      return confidential.length > when.moreThan || confidential.some(({ name }) => when.elements.has(name));
    }
    case 'destination':
      return !when.unless.has(facts.destination);
  }
}

/** The tier that a rule raises to; undefined above T3. */
export function raisedTier(base: Tier, raise: RaiseTo): Tier | undefined {
  return raise === 'one_tier' ? above[base] : raise;
}

const above: Readonly<Record<Tier, Tier | undefined>> = { T0: 'T1', T1: 'T2', T2: 'T3', T3: undefined };
