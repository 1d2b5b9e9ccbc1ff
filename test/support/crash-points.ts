/** Holds the transactions of our processes at a chosen table, so that something can be killed there and nowhere else. */
import pg from 'pg';
import { z } from 'zod';
import { until } from './until.js';

/** `row`: before the row is written; what the transaction did is lost. `commit`: it commits, and nobody hears of it. */
export type Moment = 'row' | 'commit';

const holdable = z.enum(['api', 'worker-governance', 'worker-ehr']);
/** Processes whose transactions can be held, by the names that their pools go by. */
export type Holdable = z.infer<typeof holdable>;

const workers: readonly Holdable[] = ['worker-governance', 'worker-ehr'];

/** A table's name, or `sending`: the update that says that a write may be under way from here on. */
export interface CrashPoint {
  readonly table: string;
  readonly moment: Moment;
  /** Whose transactions; the workers' unless told. */
  readonly of?: readonly Holdable[];
}

export interface Watched {
  /** The superuser. */
  readonly admin: pg.Pool;
  readonly adminUrl: string;
}

const prefix = 'countersign ';
const lockClass = { row: 4_711, commit: 4_712 } as const;
const waiting = z.object({ name: z.string().transform((name) => holdable.parse(name.slice(prefix.length))) });

export class CrashPoints {
  readonly #db: Watched;
  /** Its session holds the locks that the triggers wait for. */
  readonly #holder: pg.Client;
  readonly #tables = new Set<string>();

  private constructor(db: Watched, holder: pg.Client) {
    this.#db = db;
    this.#holder = holder;
    holder.on('notification', ({ payload }) => this.#tables.add(payload ?? ''));
  }

  static async install(db: Watched): Promise<CrashPoints> {
    await db.admin.query(`
      CREATE FUNCTION public.hold_here() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
      DECLARE
        process text := current_setting('application_name');
        at text := coalesce(TG_ARGV[1], TG_TABLE_NAME);
      BEGIN
        -- What tests write themselves passes.
        IF process LIKE '${prefix}%' THEN
          PERFORM pg_notify('written', TG_TABLE_NAME);
          PERFORM pg_advisory_xact_lock_shared(TG_ARGV[0]::int, hashtext(process || ' ' || at));
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
      END $$;
      CREATE TRIGGER aa_hold_sending BEFORE UPDATE OF sent_attempt ON countersign.warrant_use
        FOR EACH ROW EXECUTE FUNCTION public.hold_here(${lockClass.row}, sending);
      CREATE CONSTRAINT TRIGGER zz_hold_sending AFTER UPDATE OF sent_attempt ON countersign.warrant_use
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION public.hold_here(${lockClass.commit}, sending)`);
    return CrashPoints.attach(db);
  }

  /** For a database that has the triggers already: the session that held the locks died with its server. */
  static async attach(db: Watched): Promise<CrashPoints> {
    const holder = new pg.Client({ connectionString: db.adminUrl });
    holder.on('error', () => undefined); // it may be killed with its server
    await holder.connect();
    await holder.query('LISTEN written');
    return new CrashPoints(db, holder);
  }

  /** The tables that our processes wrote since {@link forget}, by name. */
  tables(): string[] {
    return [...this.#tables].sort();
  }

  forget(): void {
    this.#tables.clear();
  }

  async arm({ table, moment, of = workers }: CrashPoint): Promise<void> {
    for (const process of of)
      await this.#holder.query('SELECT pg_advisory_lock($1, hashtext($2))', [
        lockClass[moment],
        `${prefix}${process} ${table}`,
      ]);
  }

  async disarm(): Promise<void> {
    await this.#holder.query('SELECT pg_advisory_unlock_all()');
  }

  /** Waits until a transaction is held, and tells whose. */
  async held(): Promise<Holdable> {
    return until(async () => {
      const found = await this.#db.admin.query(
        `SELECT a.application_name AS name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
          WHERE l.locktype = 'advisory' AND NOT l.granted AND l.classid IN (${lockClass.row}, ${lockClass.commit})`,
      );
      return found.rows.map((row) => waiting.parse(row).name)[0];
    });
  }

  async end(): Promise<void> {
    await this.#holder.end();
  }
}
