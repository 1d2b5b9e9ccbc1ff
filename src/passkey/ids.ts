import { z } from 'zod';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The id of an enrolment, and of the passkey that it makes. */
export const passkeySchema = z.string().regex(uuid, 'not a PasskeyId').brand<'PasskeyId'>();
export type PasskeyId = z.infer<typeof passkeySchema>;

/** The id of a vouching: one person, asked for their word on the passkey of another. */
export const vouchingSchema = z.string().regex(uuid, 'not a VouchingId').brand<'VouchingId'>();
export type VouchingId = z.infer<typeof vouchingSchema>;
