import type { PoolClient } from 'pg';
import { z } from 'zod';
import { canonicalBytes, canonicalJson } from '../action/canonical.js';
import { digest, tenantSchema, type Digest } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { leafKinds, leafOf, type Leaf, type LeafDraft, type LeafKind } from './leaf.js';
import { leafHash } from './merkle.js';

export interface AppendedLeaf {
  readonly index: number;
  /** RFC 6962 leaf hash, hex. */
  readonly hash: Digest;
}

const headRow = z.object({
  tenant: tenantSchema,
  zone: z.string(),
  size: z.int(),
  time: z.string(),
  lastSeq: z.int().nullable(),
  lastHash: z.instanceof(Buffer).nullable(),
  storedBytes: z.instanceof(Buffer).nullable(),
});

/**
 * Appends one leaf to the tenant's log, in the caller's transaction. Call it last: it holds the head's lock until commit.
 *
 * The same (kind, action, key) again returns the stored leaf, so a step that repeats leaves one.
 *
 * @throws Refusal `audit.conflict` when the stored leaf says something else; the transaction must not commit then.
 */
export async function appendLeaf<K extends LeafKind>(tx: PoolClient, draft: LeafDraft<K>): Promise<AppendedLeaf> {
  const data = leafKinds[draft.kind].parse(draft.data);
  const action = draft.action ?? null;
  const locked = await tx.query(
    `SELECT tenant, zone, size, "time", last_seq AS "lastSeq", last_hash AS "lastHash", stored_bytes AS "storedBytes"
       FROM countersign.audit_lock_head($1, $2, $3)`,
    [draft.kind, action, draft.key],
  );
  const head = headRow.parse(locked.rows[0]);
  if (head.storedBytes) return stored(head.storedBytes, data);
  const leaf: Leaf = {
    v: 1,
    tenant: head.tenant,
    index: head.size,
    time: head.time,
    zone: head.zone,
    kind: draft.kind,
    action,
    seq: action === null ? null : (head.lastSeq ?? 0) + 1,
    prev: head.lastHash && hexOf(head.lastHash),
    key: draft.key,
    data,
  };
  const appended = await tx.query('SELECT countersign.audit_append($1, $2, $3, $4, $5, $6) AS hash', [
    leaf.index,
    leaf.kind,
    leaf.action,
    leaf.seq,
    leaf.key,
    Buffer.from(canonicalBytes(leaf)),
  ]);
  const { hash } = z.object({ hash: z.instanceof(Buffer) }).parse(appended.rows[0]);
  return { index: leaf.index, hash: hexOf(hash) };
}

function stored(bytes: Buffer, data: unknown): AppendedLeaf {
  const leaf = leafOf(bytes);
  if (canonicalJson(leaf.data) !== canonicalJson(data))
    throw new Refusal('audit.conflict', 'A leaf of this step is on the log already and says something else.');
  return { index: leaf.index, hash: hexOf(leafHash(bytes)) };
}

function hexOf(bytes: Uint8Array): Digest {
  return digest(Buffer.from(bytes).toString('hex'));
}
