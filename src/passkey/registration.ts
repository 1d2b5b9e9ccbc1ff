/** What a person's authenticator gives when a passkey is made, and the bytes that bind it to their own sign-in. */
import { z } from 'zod';
import { canonicalBytes } from '../action/canonical.js';
import type { PersonId, TenantId } from '../action/ids.js';
import { utf8 } from '../audit/bytes.js';
import { base64url } from './base64url.js';
import type { PasskeyId } from './ids.js';

/** COSE algorithms: ES256, EdDSA, RS256; the ones that a browser is offered. */
export const algorithms: readonly number[] = [-7, -8, -257];

/** How many passkeys a person may hold at once; the database counts them. */
export const mostPasskeys = 5;

/** base64url of at most so many characters. */
export const base64urlText = (longest: number) =>
  z
    .string()
    .regex(/^[\w-]+$/)
    .max(longest);

/** At most 1,023 bytes (WebAuthn Level 3 §4). */
export const credentialSchema = base64urlText(1_364);

/** The parts of a RegistrationResponseJSON that count. */
export const registrationSchema = z.strictObject({
  id: credentialSchema,
  clientDataJSON: base64urlText(4_096),
  attestationObject: base64urlText(16_384),
  transports: z
    .array(z.string().regex(/^[a-z-]{1,20}$/))
    .max(8)
    .optional(),
});
export type Registration = Readonly<z.infer<typeof registrationSchema>>;

/** Registration, and the ID token that the person obtained for it. */
export const offerSchema = z.strictObject({
  registration: registrationSchema,
  /** Compact JWS of at most 8 kB; its nonce is {@link enrolmentNonce}. */
  idToken: z
    .string()
    .regex(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    .max(8_192),
});
export type Offer = Readonly<z.infer<typeof offerSchema>>;

export interface Enrolment {
  readonly tenant: TenantId;
  readonly enrolment: PasskeyId;
  readonly person: PersonId;
  readonly openedAt: Date;
}

type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** base64url SHA-256: the challenge that the authenticator signs into the registration. */
export function enrolmentChallenge({ tenant, enrolment, person, openedAt }: Enrolment, sha256: Sha256): string {
  const bound = { v: 1, tenant, enrolment, person, openedAt: openedAt.toISOString() };
  return base64url(sha256(new Uint8Array([...utf8('countersign-enrolment/v1\n'), ...canonicalBytes(bound)])));
}

/**
 * The nonce of the ID token that proves an enrolment: SHA-256 over challenge, credential, client data and attestation,
 * one a line. The person signs in after the key was made, so their token speaks of this very key and of no other.
 */
export function enrolmentNonce(challenge: string, registration: Registration, sha256: Sha256): string {
  const { id, clientDataJSON, attestationObject } = registration;
  const lines = ['countersign-enrolment-proof/v1', challenge, id, clientDataJSON, attestationObject];
  return base64url(sha256(utf8(lines.join('\n'))));
}

/** WebAuthn's `user.id`: the person's id and nothing else, since authenticators give it to whoever asks. */
export function userHandleOf(person: PersonId): string {
  return base64url(utf8(person));
}
