import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { ActionId } from '../action/ids.js';
import type { KekId } from './keyring.js';

export type DekKind = 'history' | 'content';

const kek = z
  .templateLiteral([z.enum(['open', 'dispose']), '/', z.string(), '/', z.string()])
  .or(z.templateLiteral(['tenant/', z.string()]));
const wrappedRow = z.object({ kek, wrapped: z.instanceof(Buffer) });
export interface WrappedKey {
  readonly kek: KekId;
  readonly wrapped: Uint8Array;
}

export async function findDek(tx: PoolClient, action: ActionId, kind: DekKind): Promise<WrappedKey | undefined> {
  const found = await tx.query('SELECT kek, wrapped FROM countersign.dek WHERE action = $1 AND kind = $2', [
    action,
    kind,
  ]);
  return found.rows.map((row) => wrappedRow.parse(row))[0];
}

export async function insertDek(tx: PoolClient, action: ActionId, kind: DekKind, key: WrappedKey): Promise<void> {
  await tx.query('SELECT countersign.dek_create($1, $2, $3, $4)', [action, kind, key.kek, key.wrapped]);
}

/** False when the key is gone: an erased key stays erased. */
export async function rewrapDek(tx: PoolClient, action: ActionId, kind: DekKind, key: WrappedKey): Promise<boolean> {
  const done = await tx.query('SELECT countersign.dek_rewrap($1, $2, $3, $4) AS done', [
    action,
    kind,
    key.kek,
    key.wrapped,
  ]);
  return z.object({ done: z.boolean() }).parse(done.rows[0]).done;
}

/** Deletes both keys of the action; how many there were. */
export async function destroyDeks(tx: PoolClient, action: ActionId): Promise<number> {
  const done = await tx.query('SELECT countersign.dek_destroy($1) AS gone', [action]);
  return z.object({ gone: z.int() }).parse(done.rows[0]).gone;
}

const tenantKeyRow = wrappedRow.extend({ uncommitted: z.boolean() });

/** `uncommitted`: this very transaction made it, and may still roll back. */
export async function findTenantKey(
  tx: PoolClient,
  purpose: 'system' | 'index',
): Promise<(WrappedKey & { readonly uncommitted: boolean }) | undefined> {
  const found = await tx.query(
    `SELECT kek, wrapped, (xmin = pg_current_xact_id_if_assigned()::xid) IS TRUE AS uncommitted
       FROM countersign.tenant_key WHERE purpose = $1`,
    [purpose],
  );
  return found.rows.map((row) => tenantKeyRow.parse(row))[0];
}

/** First writer wins: read again afterwards. */
export async function insertTenantKey(tx: PoolClient, purpose: 'system' | 'index', key: WrappedKey): Promise<void> {
  await tx.query('SELECT countersign.tenant_key_create($1, $2, $3)', [purpose, key.kek, key.wrapped]);
}

export async function findSubjectKey(tx: PoolClient, lookup: Uint8Array): Promise<WrappedKey | undefined> {
  const found = await tx.query('SELECT kek, wrapped FROM countersign.subject_key WHERE lookup = $1', [lookup]);
  return found.rows.map((row) => wrappedRow.parse(row))[0];
}

/** First writer wins: read again afterwards. */
export async function insertSubjectKey(tx: PoolClient, lookup: Uint8Array, key: WrappedKey): Promise<void> {
  await tx.query('SELECT countersign.subject_key_create($1, $2, $3)', [lookup, key.kek, key.wrapped]);
}

/** First writer wins; false for the second. */
export async function insertSealed(tx: PoolClient, action: ActionId, path: string, box: Uint8Array): Promise<boolean> {
  const done = await tx.query('SELECT countersign.seal($1, $2, $3) AS done', [action, path, box]);
  return z.object({ done: z.boolean() }).parse(done.rows[0]).done;
}

export async function findSealed(tx: PoolClient, action: ActionId, path: string): Promise<Uint8Array | undefined> {
  const found = await tx.query('SELECT box FROM countersign.sealed WHERE action = $1 AND path = $2', [action, path]);
  return found.rows.map((row) => z.object({ box: z.instanceof(Buffer) }).parse(row).box)[0];
}
