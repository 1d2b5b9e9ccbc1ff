/** The treatment relationship as an Encounter shows it: is the principal taking part in this patient's open episode? */
import { z } from 'zod';
import type { Relation } from '../action/types.js';
import { localReference } from './belongs.js';
import type { ElementReading } from './reading.js';

/** How the Encounter is read. Not an element of the rulebook: no agent can ask for it, and nothing of it is released. */
export const relationReading: ElementReading = {
  name: 'treatment_relation',
  searches: [{ type: 'Encounter', params: { _id: '{episode}', patient: '{patient}' } }],
  scopes: ['system/Encounter.rs'],
  fields: ['status', 'participant.individual.reference', 'participant.period.end'],
  maxRecords: 1,
  episodeBound: true,
};

/** FHIR R4 EncounterStatus of an episode that goes on now; planned and finished ones show no treatment. */
const ongoing: ReadonlySet<string> = new Set(['arrived', 'triaged', 'in-progress', 'onleave']);

const encounterSchema = z.object({
  status: z.string(),
  participant: z
    .array(
      z.object({
        individual: z.object({ reference: z.string().optional() }).optional(),
        period: z.object({ end: z.string().optional() }).optional(),
      }),
    )
    .default([]),
});

export interface RelationFacts {
  /** What the EHR gave for this patient and episode, already checked to be theirs. */
  readonly encounters: readonly unknown[];
  /** The principal's `Practitioner/<id>` in the directory; undefined for one who has none. */
  readonly practitioner: string | undefined;
  readonly base: string;
  readonly asOf: Date;
}

/** `unknown` where somebody's record is not readable enough to say; it never grants, as `not_related` does not. */
export function relationOf({ encounters, practitioner, base, asOf }: RelationFacts): Relation {
  const encounter = encounterSchema.safeParse(encounters[0]);
  if (encounters.length !== 1 || !encounter.success || practitioner === undefined) return { status: 'unknown' };
  const takesPart = encounter.data.participant.some(
    ({ individual, period }) =>
      localReference(individual?.reference, base) === practitioner &&
      (period?.end === undefined || Date.parse(period.end) > asOf.getTime()),
  );
  if (!ongoing.has(encounter.data.status) || !takesPart) return { status: 'not_related' };
  return { status: 'related', basis: 'encounter_participant' };
}
