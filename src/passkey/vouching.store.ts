import type { PoolClient } from 'pg';
import { z } from 'zod';
import { digestSchema, personSchema, tenantSchema, type Digest, type PersonId } from '../action/ids.js';
import { assertionSchema, type Assertion } from './assertion.js';
import { passkeySchema, vouchingSchema, type PasskeyId, type VouchingId } from './ids.js';
import { keyDigests } from './key-digests.js';
import type { VouchingStatement } from './vouching.js';

const vouchingRow = z.object({
  tenant: tenantSchema,
  vouching: vouchingSchema,
  passkey: passkeySchema,
  person: personSchema,
  voucher: personSchema,
  credential: z.string(),
  publicKey: z.instanceof(Buffer),
  expiresAt: z.date(),
});
export type VouchingRow = Readonly<z.infer<typeof vouchingRow>>;

/** @throws DatabaseError for a passkey of the voucher's own. */
export async function insertVouching(
  tx: PoolClient,
  vouching: VouchingId,
  passkey: PasskeyId,
  voucher: PersonId,
): Promise<void> {
  await tx.query('SELECT countersign.vouching_open($1, $2, $3)', [vouching, passkey, voucher]);
}

/** A vouching with everything that its statement binds, from the rows. */
export async function findVouching(tx: PoolClient, vouching: VouchingId): Promise<VouchingRow | undefined> {
  const found = await tx.query(
    `SELECT v.tenant, v.vouching, v.passkey, v.person, v.voucher, p.credential, p.public_key AS "publicKey",
            v.expires_at AS "expiresAt"
       FROM countersign.vouching v JOIN countersign.passkey p USING (tenant, passkey)
      WHERE v.vouching = $1`,
    [vouching],
  );
  return found.rows.map((row) => vouchingRow.parse(row))[0];
}

/** The statement that a vouching stands for: the same rows give the same bytes. */
export function statementOf(row: VouchingRow): VouchingStatement {
  const { tenant, vouching, passkey, person, voucher } = row;
  return { v: 1, tenant, vouching, passkey, person, voucher, ...keyDigests(row) };
}

/** Notes a word; its SHA-256 names it from here on. Undefined for what is no vouching of this person. */
export async function insertWord(
  tx: PoolClient,
  vouching: VouchingId,
  voucher: PersonId,
  word: Assertion,
): Promise<Digest | undefined> {
  const received = await tx.query(`SELECT encode(countersign.vouching_receive($1, $2, $3), 'hex') AS name`, [
    vouching,
    voucher,
    JSON.stringify(word),
  ]);
  return z.object({ name: digestSchema.nullable() }).parse(received.rows[0]).name ?? undefined;
}

const wordRow = z.object({
  word: assertionSchema,
  /** Whether it came after its vouching was over. */
  late: z.boolean(),
  refused: z.string().nullable(),
  counted: z.boolean(),
});
export type WordRow = Readonly<z.infer<typeof wordRow>>;

export async function findWord(tx: PoolClient, vouching: VouchingId, name: Digest): Promise<WordRow | undefined> {
  const found = await tx.query(
    `SELECT w.word, w.received_at >= v.expires_at AS late, w.refused,
            EXISTS (SELECT FROM countersign.vouched d WHERE d.tenant = w.tenant AND d.vouching = w.vouching
                       AND d.word_sha256 = w.word_sha256) AS counted
       FROM countersign.vouching_word w JOIN countersign.vouching v USING (tenant, vouching)
      WHERE w.vouching = $1 AND w.word_sha256 = decode($2, 'hex')`,
    [vouching, name],
  );
  return found.rows.map((row) => wordRow.parse(row))[0];
}

/** Keeps why a word does not count; undefined when it counted meanwhile. Granted to the governance worker only. */
export async function keepWordRefusal(
  tx: PoolClient,
  vouching: VouchingId,
  name: Digest,
  code: string,
): Promise<string | undefined> {
  const kept = await tx.query(`SELECT countersign.vouching_refuse($1, decode($2, 'hex'), $3) AS kept`, [
    vouching,
    name,
    code,
  ]);
  return z.object({ kept: z.string().nullable() }).parse(kept.rows[0]).kept ?? undefined;
}

export interface NewWord {
  readonly vouching: VouchingId;
  readonly name: Digest;
  readonly voucherPasskey: PasskeyId;
  readonly counter: number;
}

/** Makes the word count; why not, if not. Again changes nothing. Granted to the governance worker only. */
export async function recordWord(
  tx: PoolClient,
  { vouching, name, voucherPasskey, counter }: NewWord,
): Promise<string | undefined> {
  const recorded = await tx.query(`SELECT countersign.vouching_record($1, decode($2, 'hex'), $3, $4) AS refusal`, [
    vouching,
    name,
    voucherPasskey,
    counter,
  ]);
  return z.object({ refusal: z.string().nullable() }).parse(recorded.rows[0]).refusal ?? undefined;
}

const vouchedRow = z.object({
  vouching: vouchingSchema,
  voucherPasskey: passkeySchema,
  word: assertionSchema,
  givenAt: z.date(),
});
export type VouchedRow = Readonly<z.infer<typeof vouchedRow>>;

/** The word that counts for this passkey. */
export async function wordFor(tx: PoolClient, passkey: PasskeyId): Promise<VouchedRow | undefined> {
  const found = await tx.query(
    `SELECT d.vouching, d.voucher_passkey AS "voucherPasskey", w.word, d.given_at AS "givenAt"
       FROM countersign.vouched d JOIN countersign.vouching_word w USING (tenant, vouching, word_sha256)
      WHERE d.passkey = $1`,
    [passkey],
  );
  return found.rows.map((row) => vouchedRow.parse(row))[0];
}

/** Whether somebody in this tenant has vouched for a passkey at all. */
export async function anybodyVouched(tx: PoolClient): Promise<boolean> {
  const found = await tx.query('SELECT FROM countersign.vouched LIMIT 1');
  return found.rowCount !== 0;
}

const voucherRow = z.object({ passkey: passkeySchema, name: z.string(), givenAt: z.date() });
export type VoucherRow = Readonly<z.infer<typeof voucherRow>>;

/** Who vouched for which of a person's passkeys. */
export async function vouchersOf(tx: PoolClient, person: PersonId): Promise<ReadonlyMap<PasskeyId, VoucherRow>> {
  const found = await tx.query(
    `SELECT d.passkey, p.display_name AS name, d.given_at AS "givenAt"
       FROM countersign.vouched d
       JOIN countersign.vouching v USING (tenant, vouching)
       JOIN countersign.person p ON p.tenant = v.tenant AND p.person = v.voucher
      WHERE v.person = $1`,
    [person],
  );
  return new Map(found.rows.map((row) => voucherRow.parse(row)).map((row) => [row.passkey, row]));
}
