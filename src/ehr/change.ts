/** What an agent may propose, in domain terms: strict shapes for each action type that writes. */
import { z } from 'zod';
import { actionSchema } from '../action/ids.js';
import { address, contactPoint, line, quantity, something, timing, words } from './change-values.js';
import { fhirId } from './meta.js';

/** Roll-back: the fields of the named elements are to be again as they were in that version. */
export const restoration = z.strictObject({
  restore: z.strictObject({
    /** `meta.versionId` of the version to go back to. */
    version: fhirId,
    /** The action that this one compensates. What the agent says: nothing here proves that it wrote anything. */
    undoes: actionSchema.exactOptional(),
  }),
});

export const medicationStatus = z.enum(['active', 'on-hold', 'cancelled', 'completed', 'stopped']);
export const documentStatus = z.enum(['current', 'superseded']);

const dosage = z.strictObject({
  /** Place of the instruction, from 0. One past the last is added. */
  at: z.int().min(0).max(20),
  // `null` removes what is there.
  text: words(500).nullable().exactOptional(),
  patientInstruction: words(500).nullable().exactOptional(),
  timing: timing.nullable().exactOptional(),
  doseAndRate: z
    .array(z.strictObject({ doseQuantity: quantity }))
    .min(1)
    .max(5)
    .nullable()
    .exactOptional(),
});

export const medicationFields = z
  .strictObject({
    status: medicationStatus.exactOptional(),
    dosageInstruction: z.array(dosage).min(1).max(10).exactOptional(),
    /** Added behind the notes that are there. */
    note: z.strictObject({ text: words(500) }).exactOptional(),
  })
  .refine(something);

/** The document's content as a whole is plain text, which approvers can read. */
export const documentFields = z
  .strictObject({
    status: documentStatus.exactOptional(),
    description: line.exactOptional(),
    content: z.strictObject({ text: words(100_000), title: line.exactOptional() }).exactOptional(),
  })
  .refine(something);

/** Each list takes the place of the one that is there, as a whole. */
export const adminFields = z
  .strictObject({
    telecom: z.array(contactPoint).min(1).max(20).exactOptional(),
    address: z.array(address).min(1).max(10).exactOptional(),
  })
  .refine(something);

export const medicationChange = z.union([medicationFields, restoration]);
export const documentChange = z.union([documentFields, restoration]);
export const adminChange = z.union([adminFields, restoration]);

/** A deletion says nothing but that the record was an error; which one, the action's target says. */
export const recordDeletion = z.strictObject({ status: z.literal('entered-in-error') });

export type MedicationFields = z.infer<typeof medicationFields>;
export type DocumentFields = z.infer<typeof documentFields>;
export type AdminFields = z.infer<typeof adminFields>;

/** The version that a roll-back has to read first; undefined for every other change, and for one that is malformed. */
export function restoredVersion(change: unknown): string | undefined {
  return restoration.safeParse(change).data?.restore.version;
}
