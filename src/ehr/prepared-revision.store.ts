import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { ActionId, Digest } from '../action/ids.js';

export interface PreparedRevision {
  readonly action: ActionId;
  /** The revision on top of which it was prepared. */
  readonly from: number;
  readonly displayCommitment: Digest;
  readonly proposalCommitment: Digest;
  /** `meta.versionId` that the proposal rests on. */
  readonly base: string;
}

/** Adds the revision and has people asked about it; undefined when the action is not being prepared on `from`. */
export async function insertPreparedRevision(
  tx: PoolClient,
  { action, from, displayCommitment, proposalCommitment, base }: PreparedRevision,
): Promise<number | undefined> {
  const prepared = await tx.query('SELECT countersign.revision_prepare($1, $2, $3, $4, $5) AS revision', [
    action,
    from,
    displayCommitment,
    proposalCommitment,
    base,
  ]);
  return z.object({ revision: z.int().nullable() }).parse(prepared.rows[0]).revision ?? undefined;
}
