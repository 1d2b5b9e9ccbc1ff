import type { PoolClient } from 'pg';
import { z } from 'zod';
import { canonicalBytes, canonicalJson } from '../action/canonical.js';
import { digest, tenantSchema, type Digest } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { leafKinds, leafSchema, type Leaf, type LeafDraft, type LeafKind } from './leaf.js';

export interface AppendedLeaf {
  readonly index: number;
  /** RFC 6962 leaf hash, hex. */
  readonly hash: Digest;
}

const headRow = z.object({ size: z.int(), time: z.string(), zone: z.string(), tenant: tenantSchema });
const storedRow = z.object({ index: z.int(), bytes: z.instanceof(Buffer), hash: z.instanceof(Buffer) });
const chainRow = z.object({ seq: z.int(), hash: z.instanceof(Buffer) });

/**
 * Appends one leaf to the tenant's log, in the caller's transaction. Call it last: it holds the head's lock until commit.
 *
 * The same (kind, action, key) again returns the stored leaf, so a step that repeats leaves one.
 *
 * @throws Refusal `audit.conflict` when the stored leaf says something else; the transaction must not commit then.
 */
export async function appendLeaf<K extends LeafKind>(tx: PoolClient, draft: LeafDraft<K>): Promise<AppendedLeaf> {
  const data = leafKinds[draft.kind].parse(draft.data);
  const head = headRow.parse(
    (
      await tx.query(
        'SELECT size, "time", zone, countersign.current_tenant() AS tenant FROM countersign.audit_lock_head()',
      )
    ).rows[0],
  );
  const before = await findLeaf(tx, draft);
  if (before) {
    if (canonicalJson(before.leaf.data) !== canonicalJson(data))
      throw new Refusal('audit.conflict', 'A leaf of this step is on the log already and says something else.');
    return { index: before.leaf.index, hash: before.hash };
  }
  const last = draft.action === undefined ? undefined : await lastOf(tx, draft.action);
  const leaf: Leaf = {
    v: 1,
    tenant: head.tenant,
    index: head.size,
    time: head.time,
    zone: head.zone,
    kind: draft.kind,
    action: draft.action ?? null,
    seq: draft.action === undefined ? null : (last?.seq ?? 0) + 1,
    prev: last?.hash ?? null,
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
  return { index: leaf.index, hash: digest(hash.toString('hex')) };
}

async function findLeaf(tx: PoolClient, { kind, action, key }: LeafDraft) {
  const found = await tx.query(
    `SELECT index::int, bytes, hash FROM countersign.audit_leaf
      WHERE kind = $1 AND key = $2 AND coalesce(action, '') = coalesce($3, '')`,
    [kind, key, action ?? null],
  );
  const [row] = found.rows.map((each) => storedRow.parse(each));
  return row && { leaf: leafOf(row.bytes), hash: digest(row.hash.toString('hex')) };
}

async function lastOf(tx: PoolClient, action: string) {
  const found = await tx.query(
    'SELECT seq, hash FROM countersign.audit_leaf WHERE action = $1 ORDER BY seq DESC LIMIT 1',
    [action],
  );
  const [row] = found.rows.map((each) => chainRow.parse(each));
  return row && { seq: row.seq, hash: digest(row.hash.toString('hex')) };
}

/** Reads a leaf's bytes. @throws ZodError or SyntaxError for bytes that are no leaf. */
export function leafOf(bytes: Uint8Array): Leaf {
  return leafSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
}
