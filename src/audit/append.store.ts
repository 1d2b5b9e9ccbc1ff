import type { PoolClient } from 'pg';
import { z } from 'zod';
import { canonicalJson } from '../action/canonical.js';
import { digest, type Digest } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { hex } from './bytes.js';
import { leafKinds, leafOf, type LeafDraft, type LeafKind } from './leaf.js';
import { leafHash } from './merkle.js';

export interface AppendedLeaf {
  readonly index: number;
  /** RFC 6962 leaf hash, hex. */
  readonly hash: Digest;
}

const appendedRow = z.object({ index: z.int(), bytes: z.instanceof(Buffer), appended: z.boolean() });

/**
 * Appends one leaf to the tenant's log, in the caller's transaction. Call it last: it holds the head's lock until commit.
 *
 * The same (kind, action, key) again returns the stored leaf, so a step that repeats leaves one.
 *
 * @throws Refusal `audit.conflict` when the stored leaf says something else; the transaction must not commit then.
 */
export async function appendLeaf<K extends LeafKind>(tx: PoolClient, draft: LeafDraft<K>): Promise<AppendedLeaf> {
  const data = canonicalJson(leafKinds[draft.kind].parse(draft.data));
  const found = await tx.query(
    `SELECT leaf_index AS index, leaf_bytes AS bytes, appended FROM countersign.audit_append($1, $2, $3, $4)`,
    [draft.kind, draft.action ?? null, draft.key, data],
  );
  const { index, bytes, appended } = appendedRow.parse(found.rows[0]);
  if (!appended && canonicalJson(leafOf(bytes).data) !== data)
    throw new Refusal('audit.conflict', 'A leaf of this step is on the log already and says something else.');
  return { index, hash: digest(hex(leafHash(bytes))) };
}
