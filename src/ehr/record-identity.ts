/** Which record a write is about, in words that people know it by: an id says nothing to whoever signs. */
import { z } from 'zod';
import type { Resource } from './bundle.js';
import { patientIdentity } from './patient-identity.js';

const said = z.string().nullable();

export const recordIdentitySchema = z.strictObject({
  /** The medication, the diagnosis, the kind of document. */
  name: said,
  /** What the code says, where that is not the name. */
  coded: said,
  date: z
    .strictObject({ word: z.enum(['born', 'dated', 'given', 'ordered', 'performed', 'recorded']), on: z.string() })
    .nullable(),
  status: said,
  /** Instructions of an order, description of a document. */
  text: said,
});
/** As the record is before the change; `null` where the EHR does not say. Texts are whole. */
export type RecordIdentity = Readonly<z.infer<typeof recordIdentitySchema>>;

/** A closed list. A resource of a type that is not here is known by its id alone. */
export function recordIdentity(resource: Resource): RecordIdentity {
  return { name: null, coded: null, date: null, status: null, text: null, ...saidBy(resource) };
}

function saidBy(resource: Resource): Partial<RecordIdentity> {
  const { resourceType: type, code, status, ...of } = resource;
  switch (type) {
    case 'AllergyIntolerance':
    case 'Condition':
      return {
        ...named(code),
        date: on('recorded', of['recordedDate']),
        status: joined([named(of['clinicalStatus']).name, named(of['verificationStatus']).name], ', '),
      };
    case 'DocumentReference':
      return {
        ...named(of['type']),
        date: on('dated', of['date']),
        status: text(status),
        text: text(of['description']),
      };
    case 'Immunization':
      return {
        ...named(of['vaccineCode']),
        date: on('given', of['occurrenceDateTime'] ?? of['occurrenceString']),
        status: text(status),
      };
    case 'MedicationRequest':
      return {
        ...medication(resource),
        date: on('ordered', of['authoredOn']),
        status: text(status),
        text: joined(instructions.parse(of['dosageInstruction']), '; '),
      };
    case 'Patient': {
      const { name, birthDate } = patientIdentity(resource);
      return { name, date: on('born', birthDate) };
    }
    case 'Procedure':
      return {
        ...named(code),
        date: on('performed', of['performedDateTime'] ?? of['performedString']),
        status: text(status),
      };
    default:
      return {};
  }
}

const optionalText = z.string().optional().catch(undefined);
const concept = z
  .object({
    text: optionalText,
    coding: z.array(z.object({ display: optionalText, code: optionalText })).catch([]),
  })
  .catch({ text: undefined, coding: [] });

/** A CodeableConcept: its text, else what its code says. */
function named(value: unknown): Pick<RecordIdentity, 'name' | 'coded'> {
  const { text: words, coding } = concept.parse(value);
  const code = text(coding.find(({ display }) => text(display) !== null)?.display ?? coding[0]?.code);
  const name = text(words) ?? code;
  return { name, coded: code === name ? null : code };
}

const reference = z.object({ reference: optionalText, display: optionalText }).catch({
  reference: undefined,
  display: undefined,
});
const containedList = z.array(z.looseObject({ id: optionalText, code: z.unknown() })).catch([]);

/** Its code; else what the reference calls it, or the medication that the order brings along. */
function medication(order: Resource): Pick<RecordIdentity, 'name' | 'coded'> {
  const inline = named(order['medicationCodeableConcept']);
  if (inline.name !== null) return inline;
  const { reference: to, display } = reference.parse(order['medicationReference']);
  const contained = containedList.parse(order['contained']).find(({ id }) => id !== undefined && `#${id}` === to);
  const { name, coded } = named(contained?.code);
  const called = text(display);
  return called === null ? { name, coded } : { name: called, coded: name === called ? coded : name };
}

const instructions = z.array(z.object({ text: optionalText }).transform(({ text: words }) => text(words))).catch([]);

type DateWord = NonNullable<RecordIdentity['date']>['word'];

function on(word: DateWord, value: unknown): RecordIdentity['date'] {
  const day = text(value);
  return day === null ? null : { word, on: day };
}

function joined(parts: readonly (string | null)[], by: string): string | null {
  return text(parts.filter((part) => part !== null).join(by));
}

/** Blank says nothing. */
function text(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null;
}
