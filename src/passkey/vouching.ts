/**
 * A second person's word that a passkey is the one of the person who holds it (DESIGN §5.4): what is signed, and how two
 * people tell keys apart. An identity provider can be made to say that a key is anybody's; it cannot make this signature.
 */
import { z } from 'zod';
import { canonicalBytes } from '../action/canonical.js';
import { digestSchema, personSchema, tenantSchema, type Digest } from '../action/ids.js';
import type { Tier } from '../action/types.js';
import { hex, utf8 } from '../audit/bytes.js';
import { base64url } from './base64url.js';
import { passkeySchema, vouchingSchema, type VouchingId } from './ids.js';

export const statementSchema = z.strictObject({
  v: z.literal(1),
  tenant: tenantSchema,
  vouching: vouchingSchema,
  passkey: passkeySchema,
  /** Whose passkey it is. */
  person: personSchema,
  /** SHA-256 of the credential id's and of the COSE key's bytes, as in the leaf of the enrolment. */
  credential: digestSchema,
  publicKey: digestSchema,
  voucher: personSchema,
});
/** That this passkey, with this key, is this person's: so says the voucher. */
export type VouchingStatement = Readonly<z.infer<typeof statementSchema>>;

type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** base64url SHA-256 of a label and the statement's RFC 8785 bytes: the challenge that the voucher's passkey signs. */
export function vouchingHash(statement: VouchingStatement, sha256: Sha256): string {
  return base64url(sha256(new Uint8Array([...utf8('countersign-vouching/v1\n'), ...canonicalBytes(statement)])));
}

/**
 * What owner and voucher read to each other: 80 bits in five groups, so that nobody finds a second key with the same.
 * It is of the very digests that are signed.
 */
export function fingerprintOf(
  { credential, publicKey }: { readonly credential: Digest; readonly publicKey: Digest },
  sha256: Sha256,
): string {
  const digits = hex(sha256(utf8(`countersign-passkey/v1\n${credential}\n${publicKey}`))).slice(0, 20);
  return (digits.match(/.{4}/g) ?? []).join('-');
}

const withoutWord: ReadonlySet<Tier> = new Set<Tier>(['T0', 'T1', 'T2']);

/** Whether votes of this tier take a passkey that somebody vouched for. No rulebook can ask for less. */
export function asksForWord(tier: Tier): boolean {
  return !withoutWord.has(tier);
}

/** One word on its way through the worker. References only: the assertion stays in the database. */
export const wordCaseSchema = z.strictObject({
  tenant: tenantSchema,
  vouching: vouchingSchema,
  /** SHA-256 of the assertion as it is stored. */
  word: digestSchema,
});
export type WordCase = Readonly<z.infer<typeof wordCaseSchema>>;

export const vouchingAnswerSchema = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('vouched'), passkey: passkeySchema }),
  z.strictObject({ status: z.literal('refused'), code: z.string() }),
]);
export type VouchingAnswer = Readonly<z.infer<typeof vouchingAnswerSchema>>;

/** One workflow for each word, so that a forged one does not answer for the true one. */
export function vouchingWorkflowId({
  vouching,
  word,
}: {
  readonly vouching: VouchingId;
  readonly word: Digest;
}): string {
  return `vouching/${vouching}/${word}`;
}
