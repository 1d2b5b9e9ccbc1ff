import { z } from 'zod';

/** The id of an enrolment, and of the passkey that it makes. */
export const passkeySchema = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'not a PasskeyId')
  .brand<'PasskeyId'>();
export type PasskeyId = z.infer<typeof passkeySchema>;
