/** Counts earlier actions for the rules that ask, and writes down that this one counts. */
import type { PoolClient } from 'pg';
import { z } from 'zod';
import { countKey, countsOf, talliesSchema, type Count, type Tallies } from '../policy/tally.js';
import type { Rulebook } from '../rulebook/rulebook.js';
import type { ActionRow } from './action.store.js';
import type { AgentId, Digest } from './ids.js';

export interface Counted {
  readonly agent: AgentId;
  /** Pseudonym; null for an action that names no patient. */
  readonly patient: Digest | null;
}

/**
 * Of two actions that are judged at once, the second counts the first: agent and patient are locked until the
 * transaction ends. What its classification counted stands for an action that was counted before; only the records may
 * have become more since, and then they are.
 */
export async function tallyOnce(tx: PoolClient, rulebook: Rulebook, row: ActionRow): Promise<Tallies> {
  const counts = countsOf(rulebook, row.patient !== null);
  if (counts.length === 0) return {};
  await lockSubjects(tx, row);
  const before = await findEntry(tx, row);
  const now = await tally(tx, counts, row, row.action);
  if (before === undefined) return now;
  const entries = counts.map((count): [string, number] => {
    const key = countKey(count);
    const [then, since] = [before[key], now[key] ?? 1];
    if (then === undefined) return [key, since];
    return [key, count.counting === 'records' ? Math.max(then, since) : then];
  });
  return Object.fromEntries(entries);
}

/** From here on the action counts. The caller holds the action's row lock and has tallied. */
export async function countAction(
  tx: PoolClient,
  { action, agent, patient }: ActionRow,
  tallies: Tallies,
): Promise<void> {
  await tx.query(
    `INSERT INTO countersign.quota_entry (tenant, action, agent, patient, tallies)
     VALUES (countersign.current_tenant(), $1, $2, $3, $4)`,
    [action, agent, patient, JSON.stringify(tallies)],
  );
}

/** How many there were until now, and this one. Without locks: good for a look, not for a decision. */
export async function tally(
  tx: PoolClient,
  counts: readonly Count[],
  subject: Counted,
  except: string | null,
): Promise<Tallies> {
  const tallies: Record<string, number> = {};
  for (const count of counts) {
    const before = await (count.counting === 'records' ? opened : asked)(tx, count, subject, except);
    tallies[countKey(count)] = before + 1;
  }
  return tallies;
}

/** In one order, so that two transactions never wait for each other. */
async function lockSubjects(tx: PoolClient, { agent, patient }: Counted): Promise<void> {
  await tx.query(
    `SELECT pg_advisory_xact_lock(hashtextextended(format('countersign quota %s %s', countersign.current_tenant(), subject), 0))
       FROM unnest($1::text[]) AS subject`,
    [[`agent ${agent}`, ...(patient === null ? [] : [`patient ${patient}`])]],
  );
}

const entryRow = z.object({ tallies: talliesSchema });

async function findEntry(tx: PoolClient, { action }: ActionRow): Promise<Tallies | undefined> {
  const found = await tx.query('SELECT tallies FROM countersign.quota_entry WHERE action = $1', [action]);
  return found.rows.map((row) => entryRow.parse(row).tallies)[0];
}

/** Beginning of the span by the database's clock; days and hours are the tenant's. */
const spanStart = `(SELECT CASE WHEN $1 IN ('hour', 'day') THEN date_trunc($1, clock_timestamp(), t.zone)
                          ELSE clock_timestamp() - make_interval(secs => $2) END
                     FROM countersign.tenant t WHERE t.tenant = countersign.current_tenant())`;

const countRow = z.object({ count: z.int().min(0) });

async function asked(tx: PoolClient, count: Count, subject: Counted, except: string | null): Promise<number> {
  const { agent, patient } = filterOf(count, subject);
  const what = count.counting === 'patients' ? 'DISTINCT e.patient' : '*';
  const found = await tx.query(
    `SELECT count(${what})::int AS count FROM countersign.quota_entry e
      WHERE e.at >= ${spanStart} AND e.action IS DISTINCT FROM $3
        AND ($4::text IS NULL OR e.agent = $4) AND ($5::text IS NULL OR e.patient = $5)
        AND ($6 OR e.patient IS NOT NULL) AND ($7::text IS NULL OR e.patient IS DISTINCT FROM $7)`,
    [
      ...span(count),
      except,
      agent,
      patient,
      count.counting === 'actions',
      count.counting === 'patients' ? subject.patient : null, // this one's patient is counted with this one
    ],
  );
  return countRow.parse(found.rows[0]).count;
}

/** A warrant that may still be used counts with the most that it may open, one that is over with what it did open. */
async function opened(tx: PoolClient, count: Count, subject: Counted, except: string | null): Promise<number> {
  const { agent, patient } = filterOf(count, subject);
  const found = await tx.query(
    `SELECT coalesce(sum(CASE
              WHEN w.closed_at IS NOT NULL OR w.revoked_at IS NOT NULL OR w.expires_at <= clock_timestamp()
                   OR w.records_used > 0 THEN w.records_used
              ELSE w.max_records END), 0)::int AS count
       FROM countersign.warrant w
      WHERE w.kind = 'action' AND w.patient IS NOT NULL AND w.issued_at >= ${spanStart}
        AND w.action IS DISTINCT FROM $3
        AND ($4::text IS NULL OR w.agent = $4) AND ($5::text IS NULL OR w.patient = $5)`,
    [...span(count), except, agent, patient],
  );
  return countRow.parse(found.rows[0]).count;
}

function span({ span }: Count): [unit: string, seconds: number] {
  return typeof span === 'string' ? [span, 0] : ['seconds', span.seconds];
}

/** `patient` is null only where the count is not per patient: those concern no action without one. */
function filterOf({ per }: Count, { agent, patient }: Counted) {
  return { agent: per === 'patient' ? null : agent, patient: per === 'agent' ? null : patient };
}
