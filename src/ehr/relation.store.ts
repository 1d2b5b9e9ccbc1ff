import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { ActionId, PersonId } from '../action/ids.js';
import { relationSchema, type Relation } from '../action/types.js';

const relationRow = z.object({ status: z.string(), basis: z.string().nullable() });

/** What the EHR said when it was asked first. */
export async function findRelation(tx: PoolClient, action: ActionId): Promise<Relation | undefined> {
  const found = await tx.query('SELECT status, basis FROM countersign.relation WHERE action = $1', [action]);
  const row = found.rows.map((each) => relationRow.parse(each))[0];
  return row && relationSchema.parse({ status: row.status, ...(row.basis !== null && { basis: row.basis }) });
}

/** First writer wins: read again afterwards. */
export async function insertRelation(tx: PoolClient, action: ActionId, { status, basis }: Relation): Promise<void> {
  await tx.query(
    `INSERT INTO countersign.relation (tenant, action, status, basis)
     VALUES (countersign.current_tenant(), $1, $2, $3) ON CONFLICT (tenant, action) DO NOTHING`,
    [action, status, basis ?? null],
  );
}

/** `Practitioner/<id>` of an active person of the directory; undefined for one who is none. */
export async function practitionerOf(tx: PoolClient, person: PersonId): Promise<string | undefined> {
  const found = await tx.query(
    'SELECT practitioner FROM countersign.person WHERE person = $1 AND active AND practitioner IS NOT NULL',
    [person],
  );
  return found.rows.map((row) => z.object({ practitioner: z.string() }).parse(row).practitioner)[0];
}
