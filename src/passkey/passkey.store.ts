import type { PoolClient } from 'pg';
import { z } from 'zod';
import { digestSchema, personSchema, tenantSchema, type Digest, type PersonId } from '../action/ids.js';
import { passkeySchema, type PasskeyId } from './ids.js';
import { offerSchema, type Offer } from './registration.js';

const passkeyRow = z.object({
  passkey: passkeySchema,
  person: personSchema,
  credential: z.string(),
  publicKey: z.instanceof(Buffer),
  aaguid: z.string(),
  rpId: z.string(),
  transports: z.array(z.string()),
  enrolledAt: z.date(),
  lastUsedAt: z.date().nullable(),
  revokedAt: z.date().nullable(),
});
export type PasskeyRow = Readonly<z.infer<typeof passkeyRow>>;

const columns = `passkey, person, credential, public_key AS "publicKey", aaguid::text, rp_id AS "rpId", transports,
  enrolled_at AS "enrolledAt", last_used_at AS "lastUsedAt", revoked_at AS "revokedAt"`;

/** The passkey of this credential id, revoked or not. */
export async function findPasskey(tx: PoolClient, credential: string): Promise<PasskeyRow | undefined> {
  const found = await tx.query(`SELECT ${columns} FROM countersign.passkey WHERE credential = $1`, [credential]);
  return found.rows.map((row) => passkeyRow.parse(row))[0];
}

/** One passkey by its id, revoked or not. */
export async function passkeyOf(tx: PoolClient, passkey: PasskeyId): Promise<PasskeyRow | undefined> {
  const found = await tx.query(`SELECT ${columns} FROM countersign.passkey WHERE passkey = $1`, [passkey]);
  return found.rows.map((row) => passkeyRow.parse(row))[0];
}

/** A person's passkeys, revoked ones included, in the order of their making. */
export async function passkeysOf(tx: PoolClient, person: PersonId): Promise<PasskeyRow[]> {
  const found = await tx.query(
    `SELECT ${columns} FROM countersign.passkey WHERE person = $1 ORDER BY enrolled_at, passkey`,
    [person],
  );
  return found.rows.map((row) => passkeyRow.parse(row));
}

const enrolmentRow = z.object({
  tenant: tenantSchema,
  enrolment: passkeySchema,
  person: personSchema,
  openedAt: z.date(),
  expiresAt: z.date(),
});
export type EnrolmentRow = Readonly<z.infer<typeof enrolmentRow>>;

export async function insertEnrolment(tx: PoolClient, enrolment: PasskeyId, person: PersonId): Promise<void> {
  await tx.query('SELECT countersign.enrolment_open($1, $2)', [enrolment, person]);
}

export async function findEnrolment(tx: PoolClient, enrolment: PasskeyId): Promise<EnrolmentRow | undefined> {
  const found = await tx.query(
    `SELECT tenant, enrolment, person, opened_at AS "openedAt", expires_at AS "expiresAt"
       FROM countersign.enrolment WHERE enrolment = $1`,
    [enrolment],
  );
  return found.rows.map((row) => enrolmentRow.parse(row))[0];
}

/** Notes an offer; its SHA-256 names it from here on. Undefined for what is no enrolment of this person. */
export async function insertOffer(
  tx: PoolClient,
  enrolment: PasskeyId,
  person: PersonId,
  offer: Offer,
): Promise<Digest | undefined> {
  const received = await tx.query(`SELECT encode(countersign.enrolment_receive($1, $2, $3), 'hex') AS name`, [
    enrolment,
    person,
    JSON.stringify(offer),
  ]);
  return z.object({ name: digestSchema.nullable() }).parse(received.rows[0]).name ?? undefined;
}

const offerRow = z.object({
  offer: offerSchema,
  receivedAt: z.date(),
  /** Whether it came after its enrolment was over. */
  late: z.boolean(),
  refused: z.string().nullable(),
  /** Whether it made its passkey. */
  counted: z.boolean(),
});
export type OfferRow = Readonly<z.infer<typeof offerRow>>;

export async function findOffer(tx: PoolClient, enrolment: PasskeyId, name: Digest): Promise<OfferRow | undefined> {
  const found = await tx.query(
    `SELECT o.offer, o.received_at AS "receivedAt", o.received_at >= e.expires_at AS late, o.refused,
            EXISTS (SELECT FROM countersign.passkey p WHERE p.tenant = o.tenant AND p.passkey = o.enrolment
                       AND p.offer_sha256 = o.offer_sha256) AS counted
       FROM countersign.enrolment_offer o JOIN countersign.enrolment e USING (tenant, enrolment)
      WHERE o.enrolment = $1 AND o.offer_sha256 = decode($2, 'hex')`,
    [enrolment, name],
  );
  return found.rows.map((row) => offerRow.parse(row))[0];
}

/** Keeps why an offer made no passkey; undefined when it made one meanwhile. Granted to the governance worker only. */
export async function keepOfferRefusal(
  tx: PoolClient,
  enrolment: PasskeyId,
  name: Digest,
  code: string,
): Promise<string | undefined> {
  const kept = await tx.query(`SELECT countersign.enrolment_refuse($1, decode($2, 'hex'), $3) AS kept`, [
    enrolment,
    name,
    code,
  ]);
  return z.object({ kept: z.string().nullable() }).parse(kept.rows[0]).kept ?? undefined;
}

export interface NewPasskey {
  readonly enrolment: PasskeyId;
  /** Of the offer that made it. */
  readonly name: Digest;
  readonly credential: string;
  readonly publicKey: Uint8Array;
  readonly counter: number;
  readonly aaguid: string;
  readonly rpId: string;
  readonly transports: readonly string[];
}

/** Makes the passkey; why not, if not. Making it again changes nothing. Granted to the governance worker only. */
export async function insertPasskey(tx: PoolClient, row: NewPasskey): Promise<string | undefined> {
  const recorded = await tx.query(
    `SELECT countersign.passkey_record($1, decode($2, 'hex'), $3, $4, $5, $6, $7, $8) AS refusal`,
    [
      row.enrolment,
      row.name,
      row.credential,
      Buffer.from(row.publicKey),
      row.counter,
      row.aaguid,
      row.rpId,
      row.transports,
    ],
  );
  return z.object({ refusal: z.string().nullable() }).parse(recorded.rows[0]).refusal ?? undefined;
}

/** Notes that it signed; why it may not count, if not. Granted to the governance worker only. */
export async function usePasskey(tx: PoolClient, passkey: PasskeyId, counter: number): Promise<string | undefined> {
  const used = await tx.query('SELECT countersign.passkey_use($1, $2) AS refusal', [passkey, counter]);
  return z.object({ refusal: z.string().nullable() }).parse(used.rows[0]).refusal ?? undefined;
}

/** False when this person has no such passkey. */
export async function revokePasskey(tx: PoolClient, passkey: PasskeyId, person: PersonId): Promise<boolean> {
  const revoked = await tx.query('SELECT countersign.passkey_revoke($1, $2) AS revoked', [passkey, person]);
  return z.object({ revoked: z.boolean() }).parse(revoked.rows[0]).revoked;
}
