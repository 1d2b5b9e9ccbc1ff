/** A proposed rulebook that judges new actions beside the active one, without effect. */
import type { PoolClient } from 'pg';
import { z } from 'zod';
import { digestSchema, type ActionId, type PersonId } from '../action/ids.js';
import { changeRefusalSchema, proposalSchema, type ChangeRefusal, type ProposalId } from './change/change.js';

const shadowRow = z.object({ proposal: proposalSchema, digest: digestSchema, since: z.date() });
export type ShadowRow = Readonly<z.infer<typeof shadowRow>>;

/** Undefined when none is set, and once it governs itself. */
export async function findShadow(tx: PoolClient): Promise<ShadowRow | undefined> {
  const found = await tx.query(
    `SELECT s.proposal, p.digest, s.since
       FROM (SELECT * FROM countersign.rulebook_shadow ORDER BY ordinal DESC LIMIT 1) s
       JOIN countersign.rulebook_proposal p USING (tenant, proposal)
      WHERE NOT EXISTS (SELECT FROM countersign.active_rulebook a WHERE a.tenant = s.tenant AND a.proposal = s.proposal)`,
  );
  return found.rows.map((row) => shadowRow.parse(row))[0];
}

const setRow = z.union([
  z.object({ refusal: z.null(), ordinal: z.int() }),
  z.object({ refusal: changeRefusalSchema, ordinal: z.null() }),
]);

/** Sets it, or none: its place among the tenant's, or why not. Granted to the API only. */
export async function setShadow(
  tx: PoolClient,
  proposal: ProposalId | null,
  person: PersonId,
): Promise<number | ChangeRefusal> {
  const set = await tx.query('SELECT refusal, ordinal FROM countersign.rulebook_shadow_set($1, $2)', [
    proposal,
    person,
  ]);
  const row = setRow.parse(set.rows[0]);
  return row.refusal ?? row.ordinal;
}

/** What it answered is counted once for each action. Granted to the governance worker only. */
export async function insertShadowed(
  tx: PoolClient,
  action: ActionId,
  proposal: ProposalId,
  differs: boolean,
): Promise<void> {
  await tx.query(
    `INSERT INTO countersign.rulebook_shadowed (tenant, action, proposal, differs)
     VALUES (countersign.current_tenant(), $1, $2, $3)`,
    [action, proposal, differs],
  );
}

const countsRow = z.object({ judged: z.int(), differed: z.int() });
export type ShadowCounts = Readonly<z.infer<typeof countsRow>>;

export async function shadowCounts(tx: PoolClient, proposal: ProposalId): Promise<ShadowCounts> {
  const found = await tx.query(
    `SELECT count(*)::int AS judged, (count(*) FILTER (WHERE differs))::int AS differed
       FROM countersign.rulebook_shadowed WHERE proposal = $1`,
    [proposal],
  );
  return countsRow.parse(found.rows[0]);
}
