import pg from 'pg';
import { z } from 'zod';
import { migrationFiles } from '../../database/migrate.js';
import { ok, problem, reasonOf, warning, type Finding } from './finding.js';

const clock = z.object({ now: z.date() });
const applied = z.object({ name: z.string() });

/** Whether it answers, has the schema of this build, and keeps our time. */
export async function checkDatabase(connectionString: string, mendReach: string): Promise<Finding[]> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 3_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const before = Date.now();
    const { now } = clock.parse((await client.query('SELECT clock_timestamp() AS now')).rows[0]);
    const after = Date.now();
    return [ok('database', 'answers'), await schema(client), checkClock(now.getTime() - (before + after) / 2)];
  } catch (error) {
    return [problem('database', `does not answer (${reasonOf(error)})`, mendReach)];
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function schema(client: pg.Client): Promise<Finding> {
  const files = migrationFiles();
  const { rows: there } = await client.query(`SELECT to_regclass('public.countersign_migration') IS NOT NULL AS there`);
  const rows =
    z.object({ there: z.boolean() }).parse(there[0]).there === false
      ? []
      : (await client.query('SELECT name FROM public.countersign_migration')).rows;
  const done = new Set(rows.map((row) => applied.parse(row).name));
  const missing = files.filter((name) => !done.has(name));
  if (missing.length > 0)
    return problem('schema', `${missing.length} migrations behind, from ${missing[0] ?? ''}`, 'countersign migrate');
  const newer = [...done].filter((name) => !files.includes(name));
  if (newer.length > 0)
    return warning('schema', `newer than this build: ${newer.join(', ')}`, 'update countersign to the newer version');
  return ok('schema', files.at(-1) ?? '');
}

const tolerance = 2_000;

/** @param ahead milliseconds that the database's clock is ahead of ours. */
export function checkClock(ahead: number): Finding {
  const seconds = (Math.abs(ahead) / 1_000).toFixed(1);
  if (Math.abs(ahead) <= tolerance) return ok('clock', `${seconds} s off the database's`);
  const how = ahead > 0 ? 'behind' : 'ahead of';
  return problem(
    'clock',
    `this machine is ${seconds} s ${how} the database; tokens and deadlines will be misjudged`,
    'timedatectl set-ntp true (on both machines)',
  );
}
