/** One offer for an enrolment on its way through the worker: its name, its workflow, and what becomes of it. */
import { z } from 'zod';
import { digestSchema, tenantSchema } from '../action/ids.js';
import { passkeySchema } from './ids.js';

/** What the workflow is given. References only: registration and ID token stay in the database. */
export const offerCaseSchema = z.strictObject({
  tenant: tenantSchema,
  enrolment: passkeySchema,
  /** SHA-256 of the offer as it is stored. */
  offer: digestSchema,
});
export type OfferCase = Readonly<z.infer<typeof offerCaseSchema>>;

export const enrolmentAnswerSchema = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('enrolled'), passkey: passkeySchema }),
  z.strictObject({ status: z.literal('refused'), code: z.string() }),
]);
export type EnrolmentAnswer = Readonly<z.infer<typeof enrolmentAnswerSchema>>;

/** One workflow for each offer, so that a forged one does not answer for the true one. */
export function enrolmentWorkflowId({ enrolment, offer }: Pick<OfferCase, 'enrolment' | 'offer'>): string {
  return `passkey/${enrolment}/${offer}`;
}
