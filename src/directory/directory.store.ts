import type { PoolClient } from 'pg';
import { z } from 'zod';
import { agentSchema, personSchema, roleSchema, type AgentId, type PersonId, type RoleName } from '../action/ids.js';

const agentRow = z.object({
  agent: agentSchema,
  role: z.string(),
  version: z.string(),
  model: z.string(),
  clinician: personSchema,
  owner: personSchema,
  department: z.string().nullable(),
  suspended: z.boolean(),
  reviewOverdue: z.boolean(),
  baaCurrent: z.boolean(),
});
/** An agent as registered, with what the calendar says of it today in the tenant's zone. */
export type AgentRow = Readonly<z.infer<typeof agentRow>>;

const today = `(clock_timestamp() AT TIME ZONE (SELECT zone FROM countersign.tenant t WHERE t.tenant = countersign.current_tenant()))::date`;

export async function findAgent(tx: PoolClient, agent: AgentId): Promise<AgentRow | undefined> {
  const found = await tx.query(
    `SELECT a.agent, a.role, a.version, a.model, a.responsible_clinician AS clinician, a.owner, a.department,
            EXISTS (SELECT FROM countersign.suspension s WHERE s.kind = 'agent' AND s.subject = a.agent
                       AND s.lifted_at IS NULL) AS suspended,
            a.review_due < ${today} AS "reviewOverdue",
            coalesce(${today} >= v.baa_from AND ${today} < v.baa_until, false) AS "baaCurrent"
       FROM countersign.agent a JOIN countersign.vendor v USING (tenant, vendor)
      WHERE a.agent = $1`,
    [agent],
  );
  return found.rows.map((row) => agentRow.parse(row))[0];
}

const personRow = z.object({
  person: personSchema,
  displayName: z.string(),
  department: z.string().nullable(),
  active: z.boolean(),
  suspended: z.boolean(),
  trained: z.boolean(),
  roles: z.array(roleSchema),
});
/** A human, with the roles that are granted and neither revoked nor expired; implied roles are the rulebook's. */
export type PersonRow = Readonly<z.infer<typeof personRow>>;

const personColumns = `p.person, p.display_name AS "displayName", p.department, p.active,
  EXISTS (SELECT FROM countersign.suspension s WHERE s.kind = 'person' AND s.subject = p.person::text
             AND s.lifted_at IS NULL) AS suspended,
  EXISTS (SELECT FROM countersign.training t WHERE t.tenant = p.tenant AND t.person = p.person
             AND t.course = 'hipaa' AND t.completed_on <= ${today} AND t.expires_on > ${today}) AS trained,
  ARRAY(SELECT g.role FROM countersign.role_grant g WHERE g.tenant = p.tenant AND g.person = p.person
           AND g.revoked_at IS NULL AND g.granted_at <= clock_timestamp()
           AND (g.expires_at IS NULL OR g.expires_at > clock_timestamp()) ORDER BY 1) AS roles`;

export async function findPerson(tx: PoolClient, person: PersonId): Promise<PersonRow | undefined> {
  const found = await tx.query(`SELECT ${personColumns} FROM countersign.person p WHERE p.person = $1`, [person]);
  return found.rows.map((row) => personRow.parse(row))[0];
}

const countRow = z.object({ count: z.int().min(0) });

/** How many people are active, not suspended, trained and hold one of these roles now, without `except`. */
export async function countAble(
  tx: PoolClient,
  roles: readonly RoleName[],
  except: readonly PersonId[],
): Promise<number> {
  const found = await tx.query(
    `SELECT count(*)::int AS count FROM (
       SELECT ${personColumns} FROM countersign.person p WHERE NOT p.person = ANY ($2::uuid[])) AS people
      WHERE active AND NOT suspended AND trained AND roles && $1::text[]`,
    [roles, except],
  );
  return countRow.parse(found.rows[0]).count;
}

/** The human whom an issuer calls by this subject. */
export async function findPersonBySubject(
  tx: PoolClient,
  issuer: string,
  subject: string,
): Promise<PersonRow | undefined> {
  const found = await tx.query(
    `SELECT ${personColumns} FROM countersign.person p WHERE p.issuer = $1 AND p.subject = $2`,
    [issuer, subject],
  );
  return found.rows.map((row) => personRow.parse(row))[0];
}

const identityRow = z.object({ issuer: z.string(), subject: z.string() });

/** How this person's identity provider calls them. */
export async function findPersonIdentity(
  tx: PoolClient,
  person: PersonId,
): Promise<z.infer<typeof identityRow> | undefined> {
  const found = await tx.query('SELECT issuer, subject FROM countersign.person WHERE person = $1', [person]);
  return found.rows.map((row) => identityRow.parse(row))[0];
}
