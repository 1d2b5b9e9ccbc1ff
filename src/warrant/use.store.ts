/** One counted exercise of a warrant, as gateways open, check and end it. Every verdict is the database's. */
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { ActionId, Digest, StepName, WarrantId } from '../action/ids.js';

/** Why a warrant may not be used, by the database's clock and counts; or nobody vouches for the log that it would be put on. */
export const useRefusalSchema = z.enum([
  'warrant.missing',
  'warrant.altered',
  'warrant.revoked',
  'warrant.closed',
  'warrant.not_yet',
  'warrant.expired',
  'warrant.spent',
  'warrant.other_action',
  'warrant.superseded',
  'log.behind',
  'log.unsigned',
]);
export type UseRefusal = z.infer<typeof useRefusalSchema>;

/** Which use: of this warrant, in this step, by the bearer of this very token (SHA-256 of its compact form). */
export interface UseKey {
  readonly jti: WarrantId;
  readonly step: StepName;
  readonly tokenSha256: Digest;
}

export interface UseEnd {
  readonly status: 'done' | 'withheld';
  readonly records: number;
  readonly bytes: number;
  readonly findings: number;
  readonly truncated: boolean;
}

export type OpenedUse =
  | { readonly status: 'refused'; readonly code: UseRefusal }
  | {
      readonly status: 'open';
      /** Counts from 1; resuming after a crash costs no use. */
      readonly attempt: number;
      readonly recordsLeft: number;
      readonly bytesLeft: number;
      readonly expiresAt: Date;
    }
  | ({ readonly attempt: number } & Omit<UseEnd, 'bytes'>);

const openedRow = z.object({
  refusal: useRefusalSchema.nullable(),
  attempt: z.int().nullable(),
  status: z.enum(['open', 'done', 'withheld']).nullable(),
  records: z.int().nullable(),
  findings: z.int().nullable(),
  truncated: z.boolean().nullable(),
  recordsLeft: z.int().nullable(),
  bytesLeft: z.int().nullable(),
  expiresAt: z.date().nullable(),
});

/** Opens the use of this step, numbers one more attempt of it, or says how it ended before. */
export async function openUse(tx: PoolClient, { jti, step, tokenSha256 }: UseKey): Promise<OpenedUse> {
  const opened = await tx.query(
    `SELECT refusal, attempt, status, records, findings, truncated, records_left AS "recordsLeft",
            bytes_left::float8 AS "bytesLeft", expires_at AS "expiresAt"
       FROM countersign.warrant_use_open($1, $2, $3)`,
    [jti, step, tokenSha256],
  );
  const row = openedRow.parse(opened.rows[0]);
  if (row.refusal !== null) return { status: 'refused', code: row.refusal };
  if (row.status === 'open') return openSchema.parse(row);
  return endedSchema.parse(row);
}

const openSchema = z.object({
  status: z.literal('open'),
  attempt: z.int(),
  recordsLeft: z.int(),
  bytesLeft: z.int(),
  expiresAt: z.date(),
});
const endedSchema = z.object({
  status: z.enum(['done', 'withheld']),
  attempt: z.int(),
  records: z.int(),
  findings: z.int(),
  truncated: z.boolean(),
});

const verdictRow = z.object({ refusal: useRefusalSchema.nullable() });

/** Asked before every request: undefined while the warrant holds and no later attempt took over. */
export async function checkUse(tx: PoolClient, use: UseKey, attempt: number): Promise<UseRefusal | undefined> {
  const checked = await tx.query('SELECT countersign.warrant_check($1, $2, $3, $4) AS refusal', [
    use.jti,
    use.step,
    use.tokenSha256,
    attempt,
  ]);
  return verdictRow.parse(checked.rows[0]).refusal ?? undefined;
}

/** Ends the use. A refusal changed nothing: the caller rolls back what it meant to release. */
export async function closeUse(
  tx: PoolClient,
  { jti, step }: UseKey,
  attempt: number,
  end: UseEnd,
): Promise<UseRefusal | undefined> {
  const closed = await tx.query('SELECT countersign.warrant_use_close($1, $2, $3, $4, $5, $6, $7, $8) AS refusal', [
    jti,
    step,
    attempt,
    end.status,
    end.records,
    end.bytes,
    end.findings,
    end.truncated,
  ]);
  return verdictRow.parse(closed.rows[0]).refusal ?? undefined;
}

/** Moves an authorised action to `performing`; in any other state it stays as it is. */
export async function markPerforming(tx: PoolClient, action: ActionId): Promise<void> {
  await tx.query('SELECT countersign.action_performing($1)', [action]);
}
