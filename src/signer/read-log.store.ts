import type { PoolClient } from 'pg';
import type { TenantId } from '../action/ids.js';
import { equalBytes } from '../audit/bytes.js';
import { leafOf } from '../audit/leaf.js';
import { leavesFrom, type StoredLeaf } from '../audit/leaf.store.js';
import { leafHash, rootOfFrontier, type Hash } from '../audit/merkle.js';
import { isSamePage, pageSize, withLeaves, withPage, type Reading } from './reading.js';

/** Size and root that somebody signed before: they must be of a prefix of what is read. */
export interface Anchor {
  readonly size: number;
  readonly root: Hash;
}

export type ReadResult =
  | { readonly status: 'read'; readonly reading: Reading; readonly root: Hash }
  /** Leaves are gone; or a leaf that was signed, or read before, is another one now. */
  | { readonly status: 'refused'; readonly reason: 'leaf.missing' | 'leaf.malformed' | 'leaf.changed' };

export interface LogRange {
  readonly tenant: TenantId;
  /** How many leaves the log says it has. */
  readonly size: number;
  readonly anchors: readonly Anchor[];
}

/** Reads on from the first page that was not full, up to the size, and compares with each anchor on the way. */
export async function readLog(
  tx: PoolClient,
  { tenant, size, anchors }: LogRange,
  before: Reading,
): Promise<ReadResult> {
  let reading = before;
  for (;;) {
    const from = reading.frontier.size;
    const leaves = await pageFrom(tx, tenant, from, Math.min(pageSize, size - from));
    if (typeof leaves === 'string') return { status: 'refused', reason: leaves };
    const within = anchors.filter((anchor) => anchor.size > from && anchor.size <= from + leaves.length);
    const held = within.every((anchor) => {
      const prefix = withLeaves(reading, leaves.slice(0, anchor.size - from));
      return equalBytes(rootOfFrontier(prefix), anchor.root);
    });
    if (!held) return { status: 'refused', reason: 'leaf.changed' };
    if (leaves.length < pageSize) return { status: 'read', reading, root: rootOfFrontier(withLeaves(reading, leaves)) };
    reading = withPage(reading, leaves);
  }
}

/** Reads one of the remembered pages again; each round another one, so that in the end all are. */
export async function pageProblem(
  tx: PoolClient,
  tenant: TenantId,
  reading: Reading,
  round: number,
): Promise<'leaf.missing' | 'leaf.malformed' | 'leaf.changed' | undefined> {
  if (reading.pages.length === 0) return undefined;
  const page = round % reading.pages.length;
  const leaves = await pageFrom(tx, tenant, page * pageSize, pageSize);
  if (typeof leaves === 'string') return leaves;
  return isSamePage(reading, page, leaves) ? undefined : 'leaf.changed';
}

async function pageFrom(
  tx: PoolClient,
  tenant: TenantId,
  from: number,
  count: number,
): Promise<Hash[] | 'leaf.missing' | 'leaf.malformed'> {
  const stored = count > 0 ? await leavesFrom(tx, from, count) : [];
  if (stored.length !== count || stored.some(({ index }, at) => index !== from + at)) return 'leaf.missing';
  return stored.every((leaf) => saysSo(leaf, tenant)) ? stored.map(({ bytes }) => leafHash(bytes)) : 'leaf.malformed';
}

/** The bytes are a leaf of this log at this place. Their hash is computed here: the stored one is not believed. */
function saysSo({ index, bytes }: StoredLeaf, tenant: TenantId): boolean {
  try {
    const leaf = leafOf(bytes);
    return leaf.index === index && leaf.tenant === tenant;
  } catch {
    return false;
  }
}
