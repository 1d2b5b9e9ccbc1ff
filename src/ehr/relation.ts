/** The treatment relationship: does the principal take part in this patient's care now, by the EHR or by the roster? */
import { z } from 'zod';
import { localReference } from './belongs.js';
import type { ElementReading } from './reading.js';

/**
 * How the EHR is asked. Not elements of the rulebook: no agent can ask for them, and nothing of them is released. The
 * fields are kept whole, so that what is there and cannot be read (a team's episode, a place, the end of a period) does
 * not look as if it were not there.
 */
const encounterReading: ElementReading = {
  name: 'treatment_relation',
  searches: [{ type: 'Encounter', params: { _id: '{episode}', patient: '{patient}' } }],
  scopes: ['system/Encounter.rs'],
  fields: ['status', 'participant', 'serviceProvider', 'location'],
  maxRecords: 1,
  episodeBound: true,
};
const teamReading: ElementReading = {
  name: 'treatment_team',
  searches: [{ type: 'CareTeam', params: { patient: '{patient}', status: 'active' } }],
  scopes: ['system/CareTeam.rs'],
  fields: ['status', 'encounter', 'period', 'participant'],
  maxRecords: 50,
  episodeBound: false,
};
export const relationReadings: readonly ElementReading[] = [encounterReading, teamReading];

/** FHIR R4 EncounterStatus of an episode that goes on now; planned and finished ones show no treatment. */
const ongoing: ReadonlySet<string> = new Set(['arrived', 'triaged', 'in-progress', 'onleave']);

const referenceSchema = z.object({ reference: z.string().optional() });
const periodSchema = z.object({ start: z.string().optional(), end: z.string().optional() });
type Period = z.infer<typeof periodSchema>;

const encounterSchema = z.object({
  id: z.string(),
  status: z.string(),
  participant: z
    .array(z.object({ individual: referenceSchema.optional(), period: periodSchema.optional() }))
    .default([]),
  serviceProvider: referenceSchema.optional(),
  location: z
    .array(
      z.object({
        location: referenceSchema.optional(),
        status: z.string().optional(),
        period: periodSchema.optional(),
      }),
    )
    .default([]),
});
type Encounter = z.infer<typeof encounterSchema>;

const teamSchema = z.object({
  status: z.string().optional(),
  encounter: referenceSchema.optional(),
  period: periodSchema.optional(),
  participant: z.array(z.object({ member: referenceSchema.optional(), period: periodSchema.optional() })).default([]),
});

/** What the directory says that the EHR does not. */
export interface Duty {
  /** For which the principal is on call now. */
  readonly departments: ReadonlySet<string>;
  /** `Organization/<id>` or `Location/<id>` → the department that works there. */
  readonly places: ReadonlyMap<string, string>;
  /** Of the agent; it counts for an Encounter that names no place at all. */
  readonly agentDepartment: string | undefined;
}

export interface RelationFacts {
  /** What the EHR gave for this patient, and the first for this episode too: already checked to be theirs. */
  readonly encounters: readonly unknown[];
  readonly teams: readonly unknown[];
  /** There was more than was read. */
  readonly truncated: boolean;
  /** The principal's `Practitioner/<id>` in the directory; undefined for one who has none. */
  readonly practitioner: string | undefined;
  readonly duty: Duty;
  readonly base: string;
  readonly asOf: Date;
}

export type FoundRelation =
  | { readonly status: 'related'; readonly basis: 'encounter_participant' | 'care_team' }
  /** On call for these departments, which are the episode's. */
  | { readonly status: 'related'; readonly basis: 'on_call'; readonly departments: readonly string[] }
  | { readonly status: 'not_related' | 'unknown' };

/** `unknown` where somebody's record is not readable enough to say; it never grants, as `not_related` does not. */
export function relationOf(facts: RelationFacts): FoundRelation {
  const { encounters, practitioner, base, asOf } = facts;
  const read = encounterSchema.safeParse(encounters[0]);
  if (encounters.length !== 1 || !read.success || practitioner === undefined) return { status: 'unknown' };
  const encounter = read.data;
  const open = ongoing.has(encounter.status);
  const isPrincipal = (reference: string | undefined): boolean => localReference(reference, base) === practitioner;

  const takesPart = encounter.participant.some(
    ({ individual, period }) => isPrincipal(individual?.reference) && goesOn(period, asOf),
  );
  if (open && takesPart) return { status: 'related', basis: 'encounter_participant' };

  const teams = facts.teams.map((team) => teamSchema.safeParse(team));
  const isOfTeam = teams.some(({ data: team }) => {
    if (team?.status !== 'active' || !goesOn(team.period, asOf)) return false;
    // A team of one episode is that episode's, and goes when it ends; one that names none is the patient's.
    const ofEpisode = localReference(team.encounter?.reference, base) === `Encounter/${encounter.id}`;
    if (team.encounter !== undefined && !(open && ofEpisode)) return false;
    return team.participant.some(({ member, period }) => isPrincipal(member?.reference) && goesOn(period, asOf));
  });
  if (isOfTeam) return { status: 'related', basis: 'care_team' };

  const departments = open ? departmentsOnDuty(encounter, facts) : [];
  if (departments.length > 0) return { status: 'related', basis: 'on_call', departments };
  const all = !facts.truncated && teams.every(({ success }) => success);
  return { status: all ? 'not_related' : 'unknown' };
}

/** Departments of the places that the Encounter names; where it names none, the agent's: those that the principal serves. */
function departmentsOnDuty(encounter: Encounter, { duty, base, asOf }: RelationFacts): readonly string[] {
  const { serviceProvider, location: locations } = encounter;
  const here = locations
    .filter(({ status, period }) => (status === undefined || status === 'active') && goesOn(period, asOf))
    .map(({ location }) => location?.reference);
  const departments =
    serviceProvider === undefined && locations.length === 0
      ? [duty.agentDepartment]
      : [serviceProvider?.reference, ...here].map((place) => duty.places.get(localReference(place, base) ?? ''));
  return [...duty.departments].filter((name) => departments.includes(name)).sort();
}

function goesOn({ start, end }: Period = {}, asOf: Date): boolean {
  return (
    (start === undefined || instantOf(start) <= asOf.getTime()) &&
    (end === undefined || instantOf(end) > asOf.getTime())
  );
}

/** FHIR R4 dateTime: a year, a month, a day, or an instant with its offset. */
const dateTime = /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?$/;

/** NaN, which is neither before nor after anything, for what is none. A day counts from, and to, its first instant in UTC. */
function instantOf(value: string): number {
  return dateTime.test(value) ? Date.parse(value) : Number.NaN;
}
