import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { ActionId, StepName } from './ids.js';

const stored = z.object({ result: z.unknown() });

export interface StepKey {
  readonly action: ActionId;
  readonly revision: number;
  readonly step: StepName;
}

/** Key of a step that an action takes once, whatever becomes of its revisions. */
export function onceFor(action: ActionId, step: StepName): StepKey {
  return { action, revision: 1, step };
}

/** What this step stored before; undefined on its first run. The caller holds the action's row lock. */
export async function findStep<T>(tx: PoolClient, key: StepKey, schema: z.ZodType<T>): Promise<T | undefined> {
  const found = await tx.query(
    'SELECT result FROM countersign.step_result WHERE action = $1 AND revision = $2 AND step = $3',
    [key.action, key.revision, key.step],
  );
  const row = found.rows[0];
  return row === undefined ? undefined : schema.parse(stored.parse(row).result);
}

/** Stores what the step decided. A second writer fails on the primary key: it should have found the first. */
export async function storeStep(tx: PoolClient, key: StepKey, result: unknown): Promise<void> {
  await tx.query(
    `INSERT INTO countersign.step_result (tenant, action, revision, step, result)
     VALUES (countersign.current_tenant(), $1, $2, $3, $4)`,
    [key.action, key.revision, key.step, JSON.stringify(result)],
  );
}
