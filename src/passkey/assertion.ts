/** A passkey's signature under a challenge, as it travels in a proof. */
import { z } from 'zod';
import { base64urlText, credentialSchema } from './registration.js';

export const assertionSchema = z.strictObject({
  credentialId: credentialSchema,
  clientDataJSON: base64urlText(4_096),
  authenticatorData: base64urlText(2_048),
  /** RSA keys of 8,192 bits sign 1,024 bytes. */
  signature: base64urlText(1_366),
  /** The person's id, where the authenticator keeps it. */
  userHandle: base64urlText(88).optional(),
});
export type Assertion = Readonly<z.infer<typeof assertionSchema>>;
