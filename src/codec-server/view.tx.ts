/** Leaves of what operators read: written before anything is decoded. */
import type { Pool, PoolClient } from 'pg';
import type { Payload } from '@temporalio/common';
import type { ActionId, PersonId, TenantId } from '../action/ids.js';
import { appendLeaf } from '../audit/append.store.js';
import { findPerson } from '../directory/directory.store.js';
import { findDek } from '../keys/key.store.js';
import { inTenant } from '../database/transaction.js';
import { isOperator } from './operator.js';
import { maxPayloads, subjectOf } from './payloads.js';
import type { ViewLedger } from './view-ledger.js';

export interface RecordView {
  readonly tenant: TenantId;
  readonly operator: PersonId;
  readonly payloads: readonly Payload[];
}

export interface RecordViewDeps {
  readonly pool: Pool;
  readonly ledger: ViewLedger;
}

export type View =
  | {
      readonly status: 'recorded';
      /** Actions whose keys are gone: their payloads stay closed, whatever a cache still holds. */
      readonly erased: readonly ActionId[];
    }
  /** The directory no longer lets this person read histories. */
  | { readonly status: 'not_operator' };

/**
 * Judges the operator again and leaves `history.viewed`, all in one transaction. What is erased or names no key of this
 * tenant leaves nothing, because nothing of it can be shown.
 */
export async function recordView(
  { pool, ledger }: RecordViewDeps,
  { tenant, operator, payloads }: RecordView,
): Promise<View> {
  const counts = countByAction(payloads, tenant);
  const done = await inTenant(pool, tenant, async (tx) => {
    if (!isOperator(await findPerson(tx, operator))) return undefined;
    const erased = await erasedOf(tx, [...counts.keys()]);
    const entries = [...counts]
      .filter(([action]) => action === undefined || !erased.includes(action))
      .map(([action, count]) => ledger.enter({ operator, action, count }));
    for (const { action, keys } of entries)
      for (const key of keys)
        await appendLeaf(tx, {
          kind: 'history.viewed',
          ...(action !== undefined && { action }),
          key,
          data: { operator, payloads: maxPayloads },
        });
    return { erased, entries };
  });
  if (done === undefined) return { status: 'not_operator' };
  ledger.keep(done.entries);
  return { status: 'recorded', erased: done.erased };
}

/** Undefined stands for the tenant's workflows that are no action. */
function countByAction(payloads: readonly Payload[], tenant: TenantId): ReadonlyMap<ActionId | undefined, number> {
  const counts = new Map<ActionId | undefined, number>();
  for (const payload of payloads) {
    const subject = subjectOf(payload, tenant);
    if (subject === undefined) continue;
    const action = subject.kind === 'action' ? subject.action : undefined;
    counts.set(action, (counts.get(action) ?? 0) + 1);
  }
  return counts;
}

async function erasedOf(tx: PoolClient, actions: readonly (ActionId | undefined)[]): Promise<ActionId[]> {
  const erased: ActionId[] = [];
  for (const action of actions)
    if (action !== undefined && (await findDek(tx, action, 'history')) === undefined) erased.push(action);
  return erased;
}
