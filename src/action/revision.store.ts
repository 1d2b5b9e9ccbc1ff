/** Revisions that governance adds or takes back; those that a gateway prepares are its own to add. */
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { ActionId } from './ids.js';
import type { needsSchema } from './types.js';

/** Asks a human what became of the write: the number of the revision that their vote is about. */
export async function openResolution(
  tx: PoolClient,
  action: ActionId,
  needs: z.infer<typeof needsSchema>,
): Promise<number> {
  const opened = await tx.query('SELECT countersign.revision_resolve($1, $2) AS revision', [
    action,
    JSON.stringify(needs),
  ]);
  return z.object({ revision: z.int() }).parse(opened.rows[0]).revision;
}

/** For how many rounds of asking the EHR what became of the write a warrant was minted. */
export async function readBackRounds(tx: PoolClient, action: ActionId, revision: number): Promise<number> {
  const minted = await tx.query(
    `SELECT count(*)::int AS rounds FROM countersign.warrant WHERE action = $1 AND revision = $2 AND step ~ '^read_back_'`,
    [action, revision],
  );
  return z.object({ rounds: z.int() }).parse(minted.rows[0]).rounds;
}

/** Takes an action whose write the EHR did not take back to preparing; false when its last use says otherwise. */
export async function reopenAction(tx: PoolClient, action: ActionId): Promise<boolean> {
  const reopened = await tx.query('SELECT countersign.action_reopen($1) AS reopened', [action]);
  return z.object({ reopened: z.boolean() }).parse(reopened.rows[0]).reopened;
}
