import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { projectFolder } from '../config/project-folder.js';
import { databaseRole, logins, type Login } from './logins.js';

export interface MigrateOptions {
  /** A login that may create roles and schemas. */
  readonly connectionString: string;
  /** Passwords to set; a login that is not named keeps its own, and has none at first. */
  readonly passwords: Partial<Record<Login, string>>;
}

export interface Migrated {
  readonly applied: readonly string[];
  readonly version: string;
}

/** Any constant: two migrations at once wait for each other. */
const lockKey = 4_713_001;

/** Brings the schema up to date: roles, then each numbered file once, in order, all in one transaction. */
export async function migrate({ connectionString, passwords }: MigrateOptions): Promise<Migrated> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [lockKey]);
    await ensureRoles(client, passwords);
    await client.query(`CREATE TABLE IF NOT EXISTS public.countersign_migration (
      name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())`);
    const done = new Set(
      (await client.query<{ name: string }>('SELECT name FROM public.countersign_migration')).rows.map(
        ({ name }) => name,
      ),
    );
    const files = migrationFiles();
    const applied = files.filter((name) => !done.has(name));
    for (const name of applied) {
      await client.query('SET LOCAL search_path = countersign; SET LOCAL ROLE NONE');
      await client.query(readFileSync(join(migrationsFolder(), name), 'utf8'));
      await client.query('RESET ROLE; RESET search_path');
      await client.query('INSERT INTO public.countersign_migration (name) VALUES ($1)', [name]);
    }
    await client.query(
      'GRANT SELECT ON public.countersign_migration TO PUBLIC; GRANT USAGE ON SCHEMA public TO PUBLIC',
    );
    await client.query('COMMIT');
    return { applied, version: files.at(-1) ?? '' };
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    await client.end();
  }
}

/** Names of the migrations of this build, in order. */
export function migrationFiles(): string[] {
  return readdirSync(migrationsFolder())
    .filter((name) => /^\d{4}-[a-z-]+\.sql$/.test(name))
    .sort();
}

function migrationsFolder(): string {
  return join(projectFolder(), 'migrations');
}

async function ensureRoles(client: pg.Client, passwords: MigrateOptions['passwords']): Promise<void> {
  const found = await client.query<{ rolname: string }>(`SELECT rolname FROM pg_roles WHERE rolname ~ '^countersign_'`);
  const existing = new Set(found.rows.map(({ rolname }) => rolname));
  if (!existing.has('countersign_owner')) await client.query('CREATE ROLE countersign_owner NOLOGIN');
  for (const login of logins) {
    const name = databaseRole(login);
    if (!existing.has(name)) await client.query(`CREATE ROLE ${name} LOGIN`);
    const password = passwords[login];
    if (password !== undefined) await client.query(`ALTER ROLE ${name} PASSWORD ${pg.escapeLiteral(password)}`);
  }
}
