/** What an agent may propose, in domain terms: one strict shape for each action type that writes. */
import { z } from 'zod';

const line = z.string().min(1).max(500);
/** FHIR `string` without control characters but line breaks and tabs, so that what people see is what is written. */
const shownLine = line.regex(/^[\P{C}\n\t]*$/u);
const words = z
  .string()
  .min(1)
  .max(100_000)
  .regex(/^[\P{C}\n\t]*$/u);
const uri = z.string().max(200).regex(/^\S+$/);
const dateTime = z.string().regex(/^\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?$/);
const positive = z.number().positive().max(1_000_000);

const quantity = z.strictObject({
  value: positive,
  unit: shownLine,
  system: uri.optional(),
  code: shownLine.optional(),
});
const period = z.strictObject({ start: dateTime.optional(), end: dateTime.optional() });
const timing = z.strictObject({
  repeat: z.strictObject({
    boundsPeriod: period.optional(),
    count: z.int().min(1).max(1_000).optional(),
    frequency: z.int().min(1).max(100).optional(),
    frequencyMax: z.int().min(1).max(100).optional(),
    period: positive.optional(),
    periodMax: positive.optional(),
    periodUnit: z.enum(['s', 'min', 'h', 'd', 'wk', 'mo', 'a']).optional(),
    dayOfWeek: z
      .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
      .min(1)
      .optional(),
    timeOfDay: z
      .array(z.string().regex(/^\d\d:\d\d:\d\d$/))
      .min(1)
      .max(24)
      .optional(),
    when: z
      .array(z.string().regex(/^[A-Z]{1,5}(\.[A-Z]{1,5})?$/))
      .min(1)
      .max(10)
      .optional(),
  }),
});
const doseAndRate = z
  .array(z.strictObject({ doseQuantity: quantity }))
  .min(1)
  .max(5);

/** At least one thing must be asked for: an empty change is no change. */
const something = (change: object): boolean => Object.keys(change).length > 0;

/** `null` removes what is there. An instruction one past the last is added. */
export const medicationChange = z
  .strictObject({
    status: z.enum(['active', 'on-hold', 'cancelled', 'completed', 'stopped']).optional(),
    dosageInstruction: z
      .array(
        z.strictObject({
          /** Place of the instruction, from 0. */
          at: z.int().min(0).max(20),
          text: shownLine.nullable().optional(),
          timing: timing.nullable().optional(),
          doseAndRate: doseAndRate.nullable().optional(),
        }),
      )
      .min(1)
      .max(10)
      .optional(),
    /** Added behind the notes that are there. */
    note: z.strictObject({ text: shownLine }).optional(),
  })
  .refine(something);

/** The document's content as a whole is plain text, which approvers can read. */
export const documentChange = z
  .strictObject({
    status: z.enum(['current', 'superseded']).optional(),
    description: shownLine.optional(),
    content: z.strictObject({ text: words, title: shownLine.optional() }).optional(),
  })
  .refine(something);

const contactPoint = z.strictObject({
  system: z.enum(['phone', 'fax', 'email', 'pager', 'sms', 'other']),
  value: shownLine,
  use: z.enum(['home', 'work', 'temp', 'old', 'mobile']).optional(),
  rank: z.int().min(1).max(20).optional(),
  period: period.optional(),
});
const address = z.strictObject({
  use: z.enum(['home', 'work', 'temp', 'old', 'billing']).optional(),
  type: z.enum(['postal', 'physical', 'both']).optional(),
  text: shownLine.optional(),
  line: z.array(shownLine).min(1).max(5).optional(),
  city: shownLine.optional(),
  district: shownLine.optional(),
  state: shownLine.optional(),
  postalCode: shownLine.optional(),
  country: shownLine.optional(),
  period: period.optional(),
});

/** Each list takes the place of the one that is there, as a whole. */
export const adminChange = z
  .strictObject({
    telecom: z.array(contactPoint).min(1).max(20).optional(),
    address: z.array(address).min(1).max(10).optional(),
  })
  .refine(something);

/** A deletion says nothing but that the record was an error; which one, the action's target says. */
export const recordDeletion = z.strictObject({ status: z.literal('entered-in-error') });

export type MedicationChange = z.infer<typeof medicationChange>;
export type DocumentChange = z.infer<typeof documentChange>;
export type AdminChange = z.infer<typeof adminChange>;
