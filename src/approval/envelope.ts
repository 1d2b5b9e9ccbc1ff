import { z } from 'zod';
import { assertionSchema } from '../passkey/assertion.js';
import { decisionSchema } from './decision.js';

/** Compact JWS of at most 8 kB, without profile claims; its nonce is the decision's hash. */
const idToken = z
  .string()
  .regex(/^[\w-]+\.[\w-]+\.[\w-]+$/)
  .max(8_192);

/** A proof by the person's identity provider: an ID token obtained for this vote. */
const idpProofSchema = z.strictObject({ kind: z.literal('idp'), idToken });

/** A proof by the person's own passkey: it signed the decision's hash, and its holder was verified. */
const passkeyProofSchema = assertionSchema.extend({
  kind: z.literal('passkey'),
  /** Of a sign-in for this very vote, where the tier asks for a fresh one (RFC 9470). */
  idToken: idToken.optional(),
});

export const proofSchema = z.discriminatedUnion('kind', [idpProofSchema, passkeyProofSchema]);
export type Proof = z.infer<typeof proofSchema>;
export type PasskeyProof = z.infer<typeof passkeyProofSchema>;

/** Decision and proof: what a vote is made of. No free text, so it may travel in clear. */
export const envelopeSchema = z.strictObject({ decision: decisionSchema, proof: proofSchema });
export type DecisionEnvelope = z.infer<typeof envelopeSchema>;

/** Shape only; what the proof is worth is another question. */
export function isDecisionEnvelope(value: unknown): value is DecisionEnvelope {
  return envelopeSchema.safeParse(value).success;
}
