/** The use of a warrant that writes: one attempt at a time holds its lease. Every verdict is the database's. */
import type { PoolClient } from 'pg';
import { z } from 'zod';
import { stepSchema, warrantSchema, type ActionId, type Digest, type StepName, type WarrantId } from '../action/ids.js';
import { useRefusalSchema, type UseKey } from './use.store.js';

const writeRefusalSchema = z.enum([...useRefusalSchema.options, 'warrant.lease_over']);
export type WriteRefusal = z.infer<typeof writeRefusalSchema>;

export interface OpenWriteUse {
  readonly status: 'open';
  /** Counts from 1. */
  readonly attempt: number;
  /** An earlier attempt may have sent something: look before anything is sent again. */
  readonly readBack: boolean;
  /** Milliseconds, from some instant after the question was asked. */
  readonly leaseMs: number;
  readonly expiresMs: number;
  readonly bytesLeft: number;
  readonly openedAt: Date;
}

export type OpenedWriteUse =
  | { readonly status: 'refused'; readonly code: WriteRefusal }
  /** Another attempt holds the lease for so many milliseconds; nothing was changed. */
  | { readonly status: 'leased'; readonly waitMs: number }
  | OpenWriteUse
  /** It ended before, and so it stays. */
  | { readonly status: 'done' | 'conflict' | 'rejected' };

const openedRow = z.object({
  refusal: writeRefusalSchema.nullable(),
  status: z.enum(['open', 'leased', 'done', 'conflict', 'rejected']).nullable(),
  attempt: z.int().nullable(),
  readBack: z.boolean().nullable(),
  waitMs: z.int().nullable(),
  leaseMs: z.int().nullable(),
  expiresMs: z.int().nullable(),
  bytesLeft: z.int().nullable(),
  openedAt: z.date().nullable(),
});
const openSchema = z.object({
  status: z.literal('open'),
  attempt: z.int(),
  readBack: z.boolean(),
  leaseMs: z.int(),
  expiresMs: z.int(),
  bytesLeft: z.int(),
  openedAt: z.date(),
});
const leasedSchema = z.object({ status: z.literal('leased'), waitMs: z.int() });
const endedSchema = z.object({ status: z.enum(['done', 'conflict', 'rejected']) });

/** Opens the write of this step or numbers one more attempt of it, with a lease of so many seconds. */
export async function openWriteUse(
  tx: PoolClient,
  { jti, step, tokenSha256 }: UseKey,
  leaseSeconds: number,
): Promise<OpenedWriteUse> {
  const opened = await tx.query(
    `SELECT refusal, status, attempt, read_back AS "readBack", wait_ms AS "waitMs", lease_ms AS "leaseMs",
            expires_ms AS "expiresMs", bytes_left::float8 AS "bytesLeft", opened_at AS "openedAt"
       FROM countersign.warrant_write_open($1, $2, $3, $4)`,
    [jti, step, tokenSha256, leaseSeconds],
  );
  const row = openedRow.parse(opened.rows[0]);
  if (row.refusal !== null) return { status: 'refused', code: row.refusal };
  if (row.status === 'open') return openSchema.parse(row);
  if (row.status === 'leased') return leasedSchema.parse(row);
  return endedSchema.parse(row);
}

const sendingRow = z.object({ refusal: writeRefusalSchema.nullable(), leaseMs: z.int().nullable() });

export type Sending =
  /** From here on something may have been sent; `leaseMs` milliseconds of the lease are left. */
  | { readonly status: 'sending'; readonly leaseMs: number }
  | { readonly status: 'refused'; readonly code: WriteRefusal };

/** Asked once in an attempt, right before the request that writes. */
export async function markSending(
  tx: PoolClient,
  { jti, step, tokenSha256 }: UseKey,
  attempt: number,
): Promise<Sending> {
  const sending = await tx.query(
    'SELECT refusal, lease_ms AS "leaseMs" FROM countersign.warrant_write_sending($1, $2, $3, $4)',
    [jti, step, tokenSha256, attempt],
  );
  const { refusal, leaseMs } = sendingRow.parse(sending.rows[0]);
  return refusal === null ? { status: 'sending', leaseMs: leaseMs ?? 0 } : { status: 'refused', code: refusal };
}

/** What was written, as the record keeps it. */
export interface WrittenVersion {
  /** Pseudonym of the resource's reference. */
  readonly written: Digest;
  /** `meta.versionId`. */
  readonly version: string;
}

export type WriteUseEnd =
  | ({ readonly status: 'done' } & WrittenVersion)
  /** `open` and `unknown` leave it to the next attempt; `unknown` once the lease is over. */
  | { readonly status: 'conflict' | 'rejected' | 'unknown' | 'open' };

const verdictRow = z.object({ refusal: writeRefusalSchema.nullable() });

/** Ends this attempt. A refusal changed nothing: a later attempt took over, and its word counts. */
export async function closeWriteUse(
  tx: PoolClient,
  { jti, step, tokenSha256 }: UseKey,
  attempt: number,
  { end, bytes }: { readonly end: WriteUseEnd; readonly bytes: number },
): Promise<WriteRefusal | undefined> {
  const closed = await tx.query('SELECT countersign.warrant_write_close($1, $2, $3, $4, $5, $6, $7, $8) AS refusal', [
    jti,
    step,
    tokenSha256,
    attempt,
    end.status,
    end.status === 'done' ? end.written : null,
    end.status === 'done' ? end.version : null,
    bytes,
  ]);
  return verdictRow.parse(closed.rows[0]).refusal ?? undefined;
}

const writeUseRow = z.object({
  jti: warrantSchema,
  step: stepSchema,
  status: z.enum(['open', 'done', 'withheld', 'conflict', 'rejected', 'unknown']),
});
/** The use under which a revision was, or may have been, written. */
export interface WriteUse {
  readonly jti: WarrantId;
  readonly step: StepName;
  readonly status: z.infer<typeof writeUseRow>['status'];
}

/** Undefined where nothing of this revision may have been sent. */
export async function findWriteUse(tx: PoolClient, action: ActionId, revision: number): Promise<WriteUse | undefined> {
  const found = await tx.query(
    `SELECT u.jti, u.step, u.status FROM countersign.warrant w JOIN countersign.warrant_use u USING (tenant, jti)
      WHERE w.action = $1 AND w.revision = $2 AND w.kind = 'action' AND NOT w.read_only AND u.sent_attempt IS NOT NULL`,
    [action, revision],
  );
  return found.rows.map((row) => writeUseRow.parse(row))[0];
}

/** Settles a write whose outcome was unknown by what the EHR shows; false when it is settled already. */
export async function settleWriteUse(
  tx: PoolClient,
  { jti, step }: Pick<WriteUse, 'jti' | 'step'>,
  end: ({ readonly status: 'done' } & WrittenVersion) | { readonly status: 'conflict' },
): Promise<boolean> {
  const settled = await tx.query('SELECT countersign.warrant_write_settle($1, $2, $3, $4, $5) AS settled', [
    jti,
    step,
    end.status,
    end.status === 'done' ? end.written : null,
    end.status === 'done' ? end.version : null,
  ]);
  return z.object({ settled: z.boolean() }).parse(settled.rows[0]).settled;
}
