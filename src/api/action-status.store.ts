import type { PoolClient } from 'pg';
import { z } from 'zod';
import { actionSchema, type ActionId } from '../action/ids.js';
import { statusSchema } from '../action/types.js';

const statusRow = z.object({ action: actionSchema, status: statusSchema });

/** Where these actions stand; one that does not exist is not among the answers. */
export async function statusesOf(
  tx: PoolClient,
  actions: readonly ActionId[],
): Promise<Readonly<z.infer<typeof statusRow>>[]> {
  const found = await tx.query('SELECT action, status FROM countersign.action WHERE action = ANY($1)', [actions]);
  return found.rows.map((row) => statusRow.parse(row));
}
