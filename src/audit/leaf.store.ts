import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { ActionId } from '../action/ids.js';
import type { LeafKind } from './leaf.js';

const bytesRow = z.object({ index: z.int(), bytes: z.instanceof(Buffer) });
const hashRow = z.object({ hash: z.instanceof(Buffer) });
const checkpointRow = z.object({ size: z.int(), note: z.string() });

export interface StoredLeaf {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** Every leaf of one action, in order. */
export async function leavesOf(tx: PoolClient, action: ActionId): Promise<StoredLeaf[]> {
  const found = await tx.query('SELECT index::int, bytes FROM countersign.audit_leaf WHERE action = $1 ORDER BY seq', [
    action,
  ]);
  return found.rows.map((row) => bytesRow.parse(row));
}

/** A leaf of the tenant itself, by what no other one has. */
export async function tenantLeaf(tx: PoolClient, kind: LeafKind, key: string): Promise<StoredLeaf | undefined> {
  const found = await tx.query(
    'SELECT index::int, bytes FROM countersign.audit_leaf WHERE kind = $1 AND key = $2 AND action IS NULL',
    [kind, key],
  );
  return found.rows.map((row) => bytesRow.parse(row))[0];
}

/** Leaves from `index` on, at most `limit`: what the signer reads. */
export async function leavesFrom(tx: PoolClient, index: number, limit: number): Promise<StoredLeaf[]> {
  const found = await tx.query(
    'SELECT index::int, bytes FROM countersign.audit_leaf WHERE index >= $1 ORDER BY index LIMIT $2',
    [index, limit],
  );
  return found.rows.map((row) => bytesRow.parse(row));
}

/** Leaf hashes 0 to size - 1, for proofs. */
export async function leafHashes(tx: PoolClient, size: number): Promise<Uint8Array[]> {
  const found = await tx.query('SELECT hash FROM countersign.audit_leaf WHERE index < $1 ORDER BY index', [size]);
  return found.rows.map((row) => hashRow.parse(row).hash);
}

/** The newest signed checkpoint that covers at least `size` leaves; undefined while the signer is behind. */
export async function checkpointCovering(
  tx: PoolClient,
  size: number,
): Promise<{ readonly size: number; readonly note: string } | undefined> {
  const found = await tx.query(
    'SELECT size::int, note FROM countersign.audit_checkpoint WHERE size >= $1 ORDER BY size DESC LIMIT 1',
    [size],
  );
  return found.rows.map((row) => checkpointRow.parse(row))[0];
}

/** How many leaves the database holds. */
export async function logSize(tx: PoolClient): Promise<number> {
  const found = await tx.query('SELECT size::int AS size FROM countersign.audit_log');
  return z.object({ size: z.int() }).parse(found.rows[0] ?? { size: 0 }).size;
}
