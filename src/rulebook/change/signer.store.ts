import type { PoolClient } from 'pg';
import { z } from 'zod';
import { personSchema, roleSchema, type PersonId } from '../../action/ids.js';
import { findPerson } from '../../directory/directory.store.js';
import type { SignerFacts } from './change-rules.js';

const grantRow = z.object({ role: roleSchema, heldSeconds: z.number() });

/** What the directory says now of somebody who signs a change; undefined for nobody. */
export async function findSigner(tx: PoolClient, person: PersonId): Promise<SignerFacts | undefined> {
  const row = await findPerson(tx, person);
  if (!row) return undefined;
  const granted = await tx.query(
    `SELECT g.role, extract(epoch FROM clock_timestamp() - g.granted_at)::float8 AS "heldSeconds"
       FROM countersign.role_grant g
      WHERE g.person = $1 AND g.revoked_at IS NULL AND g.granted_at <= clock_timestamp()
        AND (g.expires_at IS NULL OR g.expires_at > clock_timestamp())`,
    [person],
  );
  const { active, suspended, trained } = row;
  return { person, active, suspended, trained, grants: granted.rows.map((each) => grantRow.parse(each)) };
}

const nameRow = z.object({ person: personSchema, name: z.string() });

/** What these people are called in the directory. */
export async function namesOf(tx: PoolClient, people: readonly PersonId[]): Promise<ReadonlyMap<PersonId, string>> {
  const found = await tx.query(
    'SELECT person, display_name AS name FROM countersign.person WHERE person = ANY ($1::uuid[])',
    [people],
  );
  return new Map(found.rows.map((row) => nameRow.parse(row)).map(({ person, name }) => [person, name]));
}
