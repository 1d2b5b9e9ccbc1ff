/** Whose record a write is about: approvers see the name and the birth date, and nothing else of the patient is read for it. */
import { z } from 'zod';
import { Refusal } from '../action/refusal.js';
import { isFaithful } from './faithful.js';
import type { ElementReading } from './reading.js';

/**
 * `demographics.name` and `demographics.dob` in one question. No element of the rulebook: no agent can ask for it, and it
 * goes into what approvers are shown and nowhere else.
 */
export const patientReading: ElementReading = {
  name: 'patient_identity',
  searches: [{ type: 'Patient', params: { _id: '{patient}' } }],
  scopes: ['system/Patient.rs'],
  fields: ['name', 'birthDate'],
  maxRecords: 1,
  episodeBound: false,
};

export const patientIdentitySchema = z.strictObject({
  name: z.string().nullable(),
  /** FHIR R4 `date`: a day, a month or a year. */
  birthDate: z.string().nullable(),
});
/** As the EHR says it; `null` where it does not. */
export type PatientIdentity = Readonly<z.infer<typeof patientIdentitySchema>>;

const optionalText = z.string().optional().catch(undefined);
const texts = z.array(z.string()).catch([]);
const humanName = z
  .object({
    use: optionalText,
    text: optionalText,
    prefix: texts,
    given: texts,
    family: optionalText,
    suffix: texts,
  })
  .transform((name) => ({ use: name.use, whole: wholeName(name) }));
const patient = z
  .object({ name: z.array(humanName).catch([]), birthDate: optionalText })
  .catch({ name: [], birthDate: undefined });

/** FHIR R4 NameUse, in the order in which people are called; a name without a use comes third. */
const uses: readonly (string | undefined)[] = ['official', 'usual', undefined, 'temp', 'nickname', 'anonymous'];

/**
 * @param resource the Patient as the EHR gave it; null where it gave none.
 * @throws Refusal `ehr.malformed` for one that cannot be shown as it is.
 */
export function patientIdentity(resource: unknown): PatientIdentity {
  if (!isFaithful(resource)) throw new Refusal('ehr.malformed', 'The EHR gave a patient that no record can be.');
  const { name: names, birthDate } = patient.parse(resource);
  const spoken = names.filter(({ whole }) => whole !== '');
  const rank = (use: string | undefined): number => (uses.includes(use) ? uses.indexOf(use) : uses.length);
  const [name] = spoken.toSorted((a, b) => rank(a.use) - rank(b.use));
  return { name: name?.whole ?? null, birthDate: birthDate?.trim() ? birthDate : null };
}

interface NameParts {
  readonly text?: string | undefined;
  readonly prefix: readonly string[];
  readonly given: readonly string[];
  readonly family?: string | undefined;
  readonly suffix: readonly string[];
}

function wholeName({ text, prefix, given, family, suffix }: NameParts): string {
  if (text?.trim()) return text;
  return [...prefix, ...given, family ?? '', ...suffix].filter((part) => part.trim() !== '').join(' ');
}
