/** Holds the workers' transactions at a chosen table, so that they can be killed there and nowhere else. */
import pg from 'pg';
import { z } from 'zod';
import type { TestDatabase } from './database.js';
import type { WorkerName } from './processes.js';
import { until } from './until.js';

/** `row`: before the row is written; what the transaction did is lost. `commit`: it commits, and nobody hears of it. */
export type Moment = 'row' | 'commit';

const lockClass = { row: 4_711, commit: 4_712 } as const;
const waiting = z.object({ name: z.string() });

export class CrashPoints {
  readonly #db: TestDatabase;
  /** Its session holds the lock that the triggers wait for. */
  readonly #holder: pg.Client;
  readonly #tables = new Set<string>();

  private constructor(db: TestDatabase, holder: pg.Client) {
    this.#db = db;
    this.#holder = holder;
    holder.on('notification', ({ payload }) => this.#tables.add(payload ?? ''));
  }

  static async install(db: TestDatabase): Promise<CrashPoints> {
    await db.admin.query(`
      CREATE FUNCTION public.hold_here() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
      BEGIN
        -- The API's own writes and the tests' pass.
        IF current_setting('application_name') LIKE 'countersign worker-%' THEN
          PERFORM pg_notify('written', TG_TABLE_NAME);
          PERFORM pg_advisory_xact_lock_shared(TG_ARGV[0]::int, hashtext(TG_TABLE_NAME));
        END IF;
        RETURN NEW;
      END $$;
      DO $$
      DECLARE t name;
      BEGIN
        FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'countersign' LOOP
          EXECUTE format('CREATE TRIGGER aa_hold_row BEFORE INSERT OR UPDATE ON countersign.%I
                            FOR EACH ROW EXECUTE FUNCTION public.hold_here(${lockClass.row})', t);
          EXECUTE format('CREATE CONSTRAINT TRIGGER zz_hold_commit AFTER INSERT OR UPDATE ON countersign.%I
                            DEFERRABLE INITIALLY DEFERRED
                            FOR EACH ROW EXECUTE FUNCTION public.hold_here(${lockClass.commit})', t);
        END LOOP;
      END $$`);
    const holder = new pg.Client({ connectionString: db.adminUrl });
    await holder.connect();
    await holder.query('LISTEN written');
    return new CrashPoints(db, holder);
  }

  /** The tables that workers wrote since {@link forget}, by name. */
  tables(): string[] {
    return [...this.#tables].sort();
  }

  forget(): void {
    this.#tables.clear();
  }

  async arm(table: string, moment: Moment): Promise<void> {
    await this.#holder.query('SELECT pg_advisory_lock($1, hashtext($2))', [lockClass[moment], table]);
  }

  async disarm(): Promise<void> {
    await this.#holder.query('SELECT pg_advisory_unlock_all()');
  }

  /** Waits until a worker's transaction is held, and tells whose. */
  async held(): Promise<WorkerName> {
    return until(async () => {
      const found = await this.#db.admin.query(
        `SELECT a.application_name AS name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
          WHERE l.locktype = 'advisory' AND NOT l.granted AND l.classid IN (${lockClass.row}, ${lockClass.commit})`,
      );
      const name = found.rows.map((row) => waiting.parse(row).name)[0];
      return name === undefined ? undefined : name.endsWith('governance') ? 'governance' : 'ehr';
    });
  }

  async end(): Promise<void> {
    await this.#holder.end();
  }
}
