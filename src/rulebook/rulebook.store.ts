/** Rulebooks in PostgreSQL: stored by digest, one active for each tenant. Only the migrate login may write. */
import type { PoolClient } from 'pg';
import { z } from 'zod';
import { canonicalJson } from '../action/canonical.js';
import { digestSchema, type Digest } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { restoreRulebook } from './load.js';
import type { Rulebook } from './rulebook.js';

const activeRow = z.object({ digest: digestSchema });
const ordinalRow = z.object({ ordinal: z.int() });
const contentRow = z.object({ content: z.string() });

/** Stores the rulebook unless it is there. */
export async function storeRulebook(tx: PoolClient, { digest, content }: Rulebook): Promise<void> {
  await tx.query('INSERT INTO countersign.rulebook (digest, content) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING', [
    digest,
    canonicalJson(content),
  ]);
}

/**
 * Makes a stored rulebook the tenant's active one and tells its place in the tenant's history; undefined when it was
 * active already. Whoever calls appends the leaf `rulebook.activated` in the same transaction.
 */
export async function activateRulebook(tx: PoolClient, digest: Digest): Promise<number | undefined> {
  await tx.query('SELECT FROM countersign.tenant WHERE tenant = countersign.current_tenant() FOR UPDATE');
  if ((await findActive(tx)) === digest) return undefined;
  const stored = await tx.query(
    `INSERT INTO countersign.active_rulebook (tenant, ordinal, digest)
     SELECT countersign.current_tenant(), coalesce(max(ordinal), 0) + 1, $1
       FROM countersign.active_rulebook WHERE tenant = countersign.current_tenant() RETURNING ordinal`,
    [digest],
  );
  return ordinalRow.parse(stored.rows[0]).ordinal;
}

/**
 * The digest that a new action pins.
 *
 * @throws Refusal `rulebook.missing` when nothing governs this tenant: then nothing runs.
 */
export async function activeDigest(tx: PoolClient): Promise<Digest> {
  const digest = await findActive(tx);
  if (digest === undefined) throw new Refusal('rulebook.missing', 'No rulebook is active; run countersign migrate.');
  return digest;
}

/** The digest of what governs now; undefined before a first rulebook. */
export async function findActive(tx: PoolClient): Promise<Digest | undefined> {
  const found = await tx.query(
    `SELECT digest FROM countersign.active_rulebook WHERE tenant = countersign.current_tenant()
      ORDER BY ordinal DESC LIMIT 1`,
  );
  return found.rows.map((row) => activeRow.parse(row).digest)[0];
}

/**
 * The rulebook under this digest, judged again by this build.
 *
 * @throws Refusal `rulebook.missing`; RulebookError when it no longer fits this build.
 */
export async function findRulebook(tx: PoolClient, digest: Digest): Promise<Rulebook> {
  const content = await storedContent(tx, digest);
  if (content === undefined) throw new Refusal('rulebook.missing', 'The pinned rulebook is not stored here.');
  return restoreRulebook(digest, content);
}

/** What is stored under this digest, unjudged; undefined for nothing. */
export async function storedContent(tx: PoolClient, digest: Digest): Promise<unknown> {
  const found = await tx.query('SELECT content FROM countersign.rulebook WHERE digest = $1', [digest]);
  const stored = found.rows.map((row) => contentRow.parse(row))[0];
  return stored && JSON.parse(stored.content);
}

export type ReadRulebook = (tx: PoolClient, digest: Digest) => Promise<Rulebook>;

/** {@link findRulebook} that remembers: what a digest names never changes, so nothing here goes stale. */
export function rulebookReader(): ReadRulebook {
  const read = new Map<Digest, Rulebook>();
  const keep = 16; // the active one and those that pending actions pinned
  return async (tx, digest) => {
    const rulebook = read.get(digest) ?? (await findRulebook(tx, digest));
    read.delete(digest);
    read.set(digest, rulebook); // last used, last dropped
    for (const oldest of [...read.keys()].slice(0, Math.max(0, read.size - keep))) read.delete(oldest);
    return rulebook;
  };
}
