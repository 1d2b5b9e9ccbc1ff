/** What a person types to approve what cannot be taken back: whose record, and which one, in words that they can read. */
import { z } from 'zod';
import { patientIdentitySchema } from '../ehr/patient-identity.js';
import { recordIdentitySchema } from '../ehr/record-identity.js';

const shownSchema = z.looseObject({
  type: z.string(),
  input: z.looseObject({ patient: z.string().optional() }),
  change: z
    .looseObject({ target: z.string(), patient: patientIdentitySchema, record: recordIdentitySchema })
    .optional(),
});

/**
 * `Maria Rossi: metformin 500 mg tablet, 2026-10-01`; the reference stands for what the EHR gives no name, or one that
 * nobody could type. Where nothing would change it is the action type.
 *
 * @param shown the text that approvers see.
 */
export function phraseOf(shown: unknown): string {
  const { type, input, change } = shownSchema.parse(shown);
  if (!change) return type;
  const { patient, record, target } = change;
  const name = typeable(record.name);
  const day = /^\d{4}(-\d\d){0,2}/.exec(record.date?.on ?? '')?.[0];
  const which = name === undefined || day === undefined ? (name ?? target) : `${name}, ${day}`;
  return `${typeable(patient.name) ?? input.patient ?? type}: ${which}`;
}

/** Longer ones are not typed but copied, and what is copied was not read. */
const longest = 70;

/** On one line, with single blanks, as a keyboard makes it; undefined for what is too long or has characters that do not show. */
function typeable(words: string | null): string | undefined {
  const line = (words ?? '').normalize('NFC').replace(/\s+/gu, ' ').trim();
  if (line === '' || line.length > longest || /[\p{C}\p{DI}\p{Zl}\p{Zp}]/u.test(line)) return undefined;
  return line;
}
