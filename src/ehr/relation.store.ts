import type { PoolClient } from 'pg';
import { z } from 'zod';
import { databaseClock, type ActionRow } from '../action/action.store.js';
import type { ActionId, PersonId } from '../action/ids.js';
import { relationSchema, type Relation } from '../action/types.js';
import { departmentsOnCall } from '../directory/on-call.store.js';
import type { FoundRelation } from './relation.js';

const relationRow = z.object({
  status: z.string(),
  basis: z.string().nullable(),
  onCallFor: z.array(z.string()).nullable(),
});

async function readRelation(tx: PoolClient, action: ActionId) {
  const found = await tx.query(
    'SELECT status, basis, on_call_for AS "onCallFor" FROM countersign.relation WHERE action = $1',
    [action],
  );
  const row = found.rows.map((each) => relationRow.parse(each))[0];
  if (!row) return undefined;
  const { status, basis, onCallFor } = row;
  return { relation: relationSchema.parse({ status, ...(basis !== null && { basis }) }), onCallFor };
}

/** What the EHR said when it was asked first, or what was taken from an earlier answer of it. */
export async function findRelation(tx: PoolClient, action: ActionId): Promise<Relation | undefined> {
  return (await readRelation(tx, action))?.relation;
}

/** The same, as it holds now: a relation by duty ends with the duty. */
export async function standingRelation(
  tx: PoolClient,
  { action, principal }: Pick<ActionRow, 'action' | 'principal'>,
): Promise<Relation | undefined> {
  const read = await readRelation(tx, action);
  if (read?.relation.basis !== 'on_call') return read?.relation;
  const now = await departmentsOnCall(tx, principal, await databaseClock(tx));
  return read.onCallFor?.some((department) => now.has(department)) ? read.relation : { status: 'not_related' };
}

/** First writer wins: read again afterwards. */
export async function insertRelation(
  tx: PoolClient,
  action: ActionId,
  found: FoundRelation,
  askedAt: Date,
): Promise<void> {
  await tx.query(
    `INSERT INTO countersign.relation (tenant, action, status, basis, on_call_for, asked_at)
     VALUES (countersign.current_tenant(), $1, $2, $3, $4, $5) ON CONFLICT (tenant, action) DO NOTHING`,
    [
      action,
      found.status,
      'basis' in found ? found.basis : null,
      'departments' in found ? found.departments : null,
      askedAt,
    ],
  );
}

/**
 * Takes for this action what the EHR said of the same principal, patient and episode within so many seconds; false where
 * it has to be asked. The caller holds the action's row lock.
 */
export async function reuseRelation(tx: PoolClient, action: ActionId, seconds: number): Promise<boolean> {
  const reused = await tx.query('SELECT countersign.relation_reuse($1, $2) AS reused', [action, seconds]);
  return z.object({ reused: z.boolean() }).parse(reused.rows[0]).reused;
}

/** `Practitioner/<id>` of an active person of the directory; undefined for one who is none. */
export async function practitionerOf(tx: PoolClient, person: PersonId): Promise<string | undefined> {
  const found = await tx.query(
    'SELECT practitioner FROM countersign.person WHERE person = $1 AND active AND practitioner IS NOT NULL',
    [person],
  );
  return found.rows.map((row) => z.object({ practitioner: z.string() }).parse(row).practitioner)[0];
}
