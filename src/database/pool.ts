import pg from 'pg';
import { errorFacts, type Logger } from '../config/log.js';

export interface PoolOptions {
  /** Seen in pg_stat_activity. */
  readonly process: string;
  readonly log: Logger;
  /** Connections; 10 unless told. */
  readonly max?: number;
}

/** A process's pool. No statement and no idle transaction of ours lasts: one that hangs holds the head of the log. */
export function openPool(connectionString: string, { process, log, max = 10 }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    application_name: `countersign ${process}`,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 30_000,
    idle_in_transaction_session_timeout: 30_000,
  });
  // A connection that breaks while it idles is replaced at its next use.
  pool.on('error', (error) => log.warn({ error: errorFacts(error) }, 'an idle database connection broke'));
  return pool;
}
