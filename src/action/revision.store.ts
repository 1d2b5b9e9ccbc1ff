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

/** Takes an action whose write the EHR did not take back to preparing; false when its last use says otherwise. */
export async function reopenAction(tx: PoolClient, action: ActionId): Promise<boolean> {
  const reopened = await tx.query('SELECT countersign.action_reopen($1) AS reopened', [action]);
  return z.object({ reopened: z.boolean() }).parse(reopened.rows[0]).reopened;
}
