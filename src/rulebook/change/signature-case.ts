/** What the workflows of a change are given and answer: references only; assertions stay in the database. */
import { z } from 'zod';
import { challengeSchema, digestSchema, tenantSchema } from '../../action/ids.js';
import { changeRefusalSchema, proposalSchema } from './change.js';

/** One assertion under one challenge. */
export const signatureCaseSchema = z.strictObject({
  step: z.literal('sign'),
  tenant: tenantSchema,
  challenge: challengeSchema,
  /** SHA-256 of the assertion as it is stored. */
  proof: digestSchema,
});
export type SignatureCase = Readonly<z.infer<typeof signatureCaseSchema>>;

export const activationCaseSchema = z.strictObject({
  step: z.literal('activate'),
  tenant: tenantSchema,
  proposal: proposalSchema,
});
export type ActivationCase = Readonly<z.infer<typeof activationCaseSchema>>;

export const changeCaseSchema = z.discriminatedUnion('step', [signatureCaseSchema, activationCaseSchema]);
export type ChangeCase = z.infer<typeof changeCaseSchema>;

export const changeAnswerSchema = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('signed'), challenge: challengeSchema }),
  z.strictObject({ status: z.literal('activated'), ordinal: z.int(), digest: digestSchema }),
  z.strictObject({ status: z.literal('refused'), code: changeRefusalSchema }),
]);
export type ChangeAnswer = Readonly<z.infer<typeof changeAnswerSchema>>;

/** One workflow for each assertion, so that a forged one does not answer for the true one; and one for each activation. */
export function changeWorkflowId(of: ChangeCase): string {
  return of.step === 'sign' ? `rulebook/${of.challenge}/${of.proof}` : `rulebook/${of.proposal}`;
}
