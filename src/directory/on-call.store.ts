import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { PersonId } from '../action/ids.js';

/** Of somebody who is no longer active, or is suspended, no duty counts. */
const onDuty = `countersign.on_call o JOIN countersign.person p USING (tenant, person)
  WHERE o.person = $1 AND o.withdrawn_at IS NULL AND o.starts_at <= $2 AND o.ends_at > $2 AND p.active
    AND NOT EXISTS (SELECT FROM countersign.suspension s WHERE s.kind = 'person' AND s.subject = p.person::text
                       AND s.lifted_at IS NULL)`;

/** Whether the roster has this person on call at that instant, for whatever role or department. */
export async function isOnCall(tx: PoolClient, person: PersonId, at: Date): Promise<boolean> {
  const found = await tx.query(`SELECT FROM ${onDuty} LIMIT 1`, [person, at]);
  return found.rowCount === 1;
}

const departmentRow = z.object({ department: z.string() });

/** The departments for which this person is on call at that instant. */
export async function departmentsOnCall(tx: PoolClient, person: PersonId, at: Date): Promise<ReadonlySet<string>> {
  const found = await tx.query(`SELECT o.department FROM ${onDuty} AND o.department IS NOT NULL`, [person, at]);
  return new Set(found.rows.map((row) => departmentRow.parse(row).department));
}

const placeRow = departmentRow.extend({ place: z.string() });

/** `Organization/<id>` or `Location/<id>` of the EHR → the department that works there. */
export async function departmentPlaces(tx: PoolClient): Promise<ReadonlyMap<string, string>> {
  const found = await tx.query('SELECT place, department FROM countersign.department_place');
  return new Map(found.rows.map((row) => placeRow.parse(row)).map(({ place, department }) => [place, department]));
}
