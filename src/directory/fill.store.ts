/** Writes the first directory. Only the migrating login may: it can become the owner of the tables. */
import type { PoolClient } from 'pg';
import { z } from 'zod';
import { personSchema, type PersonId } from '../action/ids.js';
import type { DirectoryFile } from './directory-file.js';

type Entry<T extends 'people' | 'vendors' | 'agents'> = DirectoryFile[T][keyof DirectoryFile[T]];

const tenantRow = z.object({ zone: z.string(), logOrigin: z.string() });
const personRow = z.object({ person: personSchema });

/** Opens the tenant and its log unless they are there; answers what is. */
export async function ensureTenant(
  tx: PoolClient,
  { id, name, zone, logOrigin }: DirectoryFile['tenant'],
): Promise<z.infer<typeof tenantRow>> {
  await tx.query(
    `INSERT INTO countersign.tenant (tenant, name, zone, log_origin) VALUES ($1, $2, $3, $4)
     ON CONFLICT (tenant) DO UPDATE SET name = EXCLUDED.name`,
    [id, name, zone, logOrigin],
  );
  await tx.query('INSERT INTO countersign.audit_log (tenant) VALUES ($1) ON CONFLICT DO NOTHING', [id]);
  const found = await tx.query('SELECT zone, log_origin AS "logOrigin" FROM countersign.tenant WHERE tenant = $1', [
    id,
  ]);
  return tenantRow.parse(found.rows[0]);
}

/** Whether this human is active is not the file's to say once they are known. */
export async function putPerson(tx: PoolClient, person: Entry<'people'>): Promise<PersonId> {
  const put = await tx.query(
    `INSERT INTO countersign.person (tenant, issuer, subject, display_name, department, practitioner)
     VALUES (countersign.current_tenant(), $1, $2, $3, $4, $5)
     ON CONFLICT (tenant, issuer, subject) DO UPDATE
       SET display_name = EXCLUDED.display_name, department = EXCLUDED.department, practitioner = EXCLUDED.practitioner
     RETURNING person`,
    [person.issuer, person.subject, person.name, person.department ?? null, person.practitioner ?? null],
  );
  return personRow.parse(put.rows[0]).person;
}

/** Grants a role that this person never had: one that was revoked or ran out does not come back by loading a file. */
export async function grantOnce(tx: PoolClient, person: PersonId, role: string): Promise<boolean> {
  const granted = await tx.query(
    `INSERT INTO countersign.role_grant (tenant, person, role)
     SELECT countersign.current_tenant(), $1, $2
      WHERE NOT EXISTS (SELECT FROM countersign.role_grant WHERE person = $1 AND role = $2)`,
    [person, role],
  );
  return granted.rowCount === 1;
}

export async function putTraining(
  tx: PoolClient,
  person: PersonId,
  { course, completedOn, expiresOn }: Entry<'people'>['training'][number],
): Promise<void> {
  await tx.query(
    `INSERT INTO countersign.training (tenant, person, course, completed_on, expires_on)
     VALUES (countersign.current_tenant(), $1, $2, $3, $4)
     ON CONFLICT (tenant, person, course, completed_on) DO UPDATE SET expires_on = EXCLUDED.expires_on`,
    [person, course, completedOn, expiresOn],
  );
}

export async function putVendor(tx: PoolClient, vendor: string, { name, baa }: Entry<'vendors'>): Promise<void> {
  await tx.query(
    `INSERT INTO countersign.vendor (tenant, vendor, name, baa_from, baa_until)
     VALUES (countersign.current_tenant(), $1, $2, $3, $4)
     ON CONFLICT (tenant, vendor) DO UPDATE
       SET name = EXCLUDED.name, baa_from = EXCLUDED.baa_from, baa_until = EXCLUDED.baa_until`,
    [vendor, name, baa?.from ?? null, baa?.until ?? null],
  );
}

export interface AgentPeople {
  readonly clinician: PersonId;
  readonly owner: PersonId;
}

export async function putAgent(
  tx: PoolClient,
  agent: string,
  { role, version, model, vendor, department, reviewDue }: Entry<'agents'>,
  { clinician, owner }: AgentPeople,
): Promise<void> {
  await tx.query(
    `INSERT INTO countersign.agent (tenant, agent, role, version, model, vendor, responsible_clinician, owner,
                                    department, review_due)
     VALUES (countersign.current_tenant(), $1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (tenant, agent) DO UPDATE
       SET role = EXCLUDED.role, version = EXCLUDED.version, model = EXCLUDED.model, vendor = EXCLUDED.vendor,
           responsible_clinician = EXCLUDED.responsible_clinician, owner = EXCLUDED.owner,
           department = EXCLUDED.department, review_due = EXCLUDED.review_due`,
    [agent, role, version, model, vendor, clinician, owner, department ?? null, reviewDue],
  );
}

/** The places of the departments are the file's: one that it does not name is no department's any more. */
export async function putPlaces(
  tx: PoolClient,
  departments: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  await tx.query('DELETE FROM countersign.department_place');
  for (const [department, places] of Object.entries(departments))
    for (const place of places)
      await tx.query(
        `INSERT INTO countersign.department_place (tenant, place, department)
         VALUES (countersign.current_tenant(), $1, $2)`,
        [place, department],
      );
}

export interface Duty {
  readonly person: PersonId;
  readonly role?: string | undefined;
  readonly department?: string | undefined;
  /** Instants, ISO 8601 with offset. */
  readonly from: string;
  readonly to: string;
}

/** The roster is the file's too. What it no longer names ends now. */
export async function putRoster(tx: PoolClient, duties: readonly Duty[]): Promise<void> {
  await tx.query(
    'UPDATE countersign.on_call SET withdrawn_at = clock_timestamp() WHERE withdrawn_at IS NULL AND ends_at > clock_timestamp()',
  );
  for (const { person, role, department, from, to } of duties)
    await tx.query(
      `INSERT INTO countersign.on_call (tenant, person, role, department, starts_at, ends_at)
       VALUES (countersign.current_tenant(), $1, $2, $3, $4, $5)
       ON CONFLICT (tenant, person, role, department, starts_at) DO UPDATE
         SET ends_at = EXCLUDED.ends_at, withdrawn_at = NULL`,
      [person, role ?? null, department ?? null, from, to],
    );
}
