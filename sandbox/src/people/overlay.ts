/** What a demo needs and the Synthea bundles lack, laid over the patients in a repeatable way. */
import { parseResource, patientOf, valuesAt, type Resource } from '../ehr/resource.js';
import { instantFrom } from './calendar.js';
import { randomFrom } from './random.js';
import {
  allergyIntolerance,
  appointment,
  careTeam,
  dosage,
  encounter,
  medicationRequest,
  progressNote,
  type Chart,
} from './records.js';
import { allergies, medications } from './vocabulary.js';

/** On the open encounter of each patient to show. */
export const demoTag = { system: 'urn:countersign:sandbox', code: 'demo' } as const;

/** How many active medication requests with a whole dosage a patient has at least. */
const fewestMedications = 2;

/**
 * Each patient with an open encounter of the treating team, a care team, at least two active medication requests whose dosage says in
 * words and in structure the same, every active one with a dosage, an allergy, an appointment and a note. What a patient
 * has already is kept, also a dosage of another kind, and no medication is ordered twice.
 */
export function overlaid(
  people: readonly Resource[],
  { seed, today }: { readonly seed: string; readonly today: string },
): readonly Resource[] {
  const dosed = people.map((resource) => withDosage(resource, seed));
  const added = dosed
    .filter(({ resourceType }) => resourceType === 'Patient')
    .flatMap(({ id }) =>
      additions(
        id,
        dosed.filter((resource) => patientOf(resource) === `Patient/${id}`),
        { seed, today },
      ),
    );
  return [...dosed, ...added];
}

function isActiveMedication(resource: Resource): boolean {
  return resource.resourceType === 'MedicationRequest' && resource['status'] === 'active';
}

/** Words, timing and dose in each instruction. */
function isWhollyDosed(resource: Resource): boolean {
  const instructions = valuesAt(resource, 'dosageInstruction');
  const whole = (each: unknown) => ['text', 'timing', 'doseAndRate'].every((path) => valuesAt(each, path).length > 0);
  return instructions.length > 0 && instructions.every(whole);
}

function withDosage(resource: Resource, seed: string): Resource {
  if (!isActiveMedication(resource) || resource['dosageInstruction'] !== undefined) return resource;
  const random = randomFrom(`${seed}/dosage/${resource.id}`);
  return parseResource({ ...resource, dosageInstruction: dosage({ dose: '1 tablet', frequency: random.int(1, 2) }) });
}

function additions(
  id: string,
  record: readonly Resource[],
  { seed, today }: { readonly seed: string; readonly today: string },
): readonly Resource[] {
  const random = randomFrom(`${seed}/overlay/${id}`);
  const chart: Chart = { patient: `Patient/${id}`, encounter: `Encounter/${id}-open` };
  const start = instantFrom(today, -1, '15:00');
  const active = record.filter(isActiveMedication);
  const lacking = Math.max(0, fewestMedications - active.filter(isWhollyDosed).length);
  const ordered = active.flatMap((resource) => valuesAt(resource, 'medicationCodeableConcept.coding.code'));
  const allergic = record.some(({ resourceType }) => resourceType === 'AllergyIntolerance');
  const days = random.int(7, 30);
  return [
    encounter({ id: `${id}-open`, patient: chart.patient, start, tag: demoTag }),
    careTeam(`${id}-team`, chart.patient, start),
    ...random
      .some(
        medications.filter(({ code }) => !ordered.includes(code)),
        lacking,
      )
      .map((medication) =>
        medicationRequest({ id: random.uuid(), chart, medication, status: 'active', authoredOn: start }),
      ),
    ...(allergic
      ? []
      : [allergyIntolerance({ id: random.uuid(), chart, allergy: random.pick(allergies), recordedDate: start })]),
    appointment(random.uuid(), chart.patient, {
      start: instantFrom(today, days, '15:00'),
      end: instantFrom(today, days, '15:30'),
    }),
    progressNote(random.uuid(), chart, {
      date: start,
      text: 'Seen for follow-up. Medication list and allergies to be reviewed.',
    }),
  ];
}
