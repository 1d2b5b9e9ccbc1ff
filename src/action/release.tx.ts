import type { Pool, PoolClient } from 'pg';
import { z } from 'zod';
import { appendLeaf } from '../audit/append.store.js';
import { checkpointCovering } from '../audit/leaf.store.js';
import { inTenant } from '../database/transaction.js';
import type { Keychain } from '../keys/keychain.store.js';
import { databaseClock, findAction, type ActionRow } from './action.store.js';
import { catalogue } from './catalogue.js';
import { warrant, type ActionId, type AgentId, type TenantId } from './ids.js';
import { Refusal } from './refusal.js';
import { releasableUntil } from './releasable.js';
import { isFinal } from './types.js';

const outputSchema = z.object({
  elements: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))),
  truncated: z.boolean(),
});

/** What a gateway sealed: the output, and of a write the versions that it made. */
const resultSchema = outputSchema.extend({
  modified: z.array(z.object({ reference: z.string(), version: z.string() })).default([]),
});
type Modified = z.infer<typeof resultSchema>['modified'];

/** How an action ended, as its agent hears it; the contract is `FinalResult` of the client package. */
export type Released =
  | {
      readonly status: 'completed';
      readonly output: z.infer<typeof outputSchema>;
      readonly modified: Readonly<Modified>;
      readonly evidence: { readonly warrant: string; readonly leaf: number };
    }
  | { readonly status: 'denied'; readonly reason: string }
  | { readonly status: 'expired' | 'cancelled' }
  | { readonly status: 'refused'; readonly rules: readonly string[] }
  | { readonly status: 'withheld'; readonly findings: number }
  | { readonly status: 'failed'; readonly code: string };

export interface ReleaseDeps {
  readonly pool: Pool;
  readonly keychain: Keychain;
}

/**
 * Tells the agent that asked how its action ended. Output leaves only within the release window, and its leaf is
 * written before it is unsealed: a transaction that fails releases nothing. From T2, and for every action that may have
 * changed the record, nothing is told before a signed checkpoint covers the outcome.
 *
 * @throws Refusal `action.not_found` (also for another agent's), `action.not_releasable`, `action.release_over`;
 * `evidence.not_yet` while the signer is behind.
 */
export async function release(
  { pool, keychain }: ReleaseDeps,
  { tenant, action, agent }: { readonly tenant: TenantId; readonly action: ActionId; readonly agent: AgentId },
): Promise<Released> {
  return inTenant(pool, tenant, async (tx) => {
    const row = await findAction(tx, action);
    if (row?.agent !== agent) throw new Refusal('action.not_found', 'There is no such action.');
    if (!isFinal(row.status)) throw new Refusal('action.not_releasable', 'The action has not ended yet; wait for it.');
    if (!isToldAtOnce(row) && !(await isCovered(tx, row)))
      throw new Refusal('evidence.not_yet', 'No signed checkpoint covers the outcome yet; ask again in a second.');
    switch (row.status) {
      case 'completed':
        return completed(tx, keychain, tenant, row);
      case 'denied':
        return { status: 'denied', reason: await denialReason(tx, keychain, tenant, row) };
      case 'refused':
        return { status: 'refused', rules: row.outcome?.rules ?? [] };
      case 'withheld':
        return { status: 'withheld', findings: row.outcome?.findings ?? 0 };
      case 'failed':
        return { status: 'failed', code: row.outcome?.code ?? 'unknown' };
      case 'expired':
      case 'cancelled':
        return { status: row.status };
    }
  });
}

/** Reads of the lower tiers, and what was refused before it had a tier: there was no effect to be sure of. */
function isToldAtOnce(row: ActionRow): boolean {
  if (row.tier === null) return row.status === 'refused';
  return (row.tier === 'T0' || row.tier === 'T1') && reads(row);
}

function reads({ type }: ActionRow): boolean {
  return catalogue.get(type)?.performs === 'ehr.read';
}

async function isCovered(tx: PoolClient, { outcome }: ActionRow): Promise<boolean> {
  return outcome?.leaf !== undefined && (await checkpointCovering(tx, outcome.leaf + 1)) !== undefined;
}

async function completed(tx: PoolClient, keychain: Keychain, tenant: TenantId, row: ActionRow): Promise<Released> {
  const until = releasableUntil(row);
  const { warrant: jti, leaf } = row.outcome ?? {};
  if (!until || jti === undefined || leaf === undefined || (await databaseClock(tx)) >= until)
    throw new Refusal(
      'action.release_over',
      'The output could be fetched for fifteen minutes; ask again with a new action.',
    );
  // The leaf's lock is held until commit; nothing is returned before that.
  await appendLeaf(tx, {
    kind: 'action.released',
    action: row.action,
    key: `release/${(await databaseClock(tx)).toISOString()}`,
    data: { agent: row.agent, warrant: warrant(jti), destination: 'treatment' },
  });
  const { modified, ...output } = await resultOf(tx, keychain, tenant, row);
  return { status: 'completed', output, modified, evidence: { warrant: jti, leaf } };
}

/** The sealed result. People may have said of a write that it took effect; then nobody knows which version it made. */
async function resultOf(
  tx: PoolClient,
  keychain: Keychain,
  tenant: TenantId,
  row: ActionRow,
): Promise<z.infer<typeof resultSchema>> {
  try {
    const { bytes } = await keychain.unseal(tx, tenant, row.action, 'result');
    return resultSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    const untold = error instanceof Refusal && error.code === 'sealed.missing' && !reads(row);
    if (untold) return { elements: {}, truncated: false, modified: [] };
    throw error;
  }
}

/** The reason that the person gave with their deny; it was asked for. */
async function denialReason(tx: PoolClient, keychain: Keychain, tenant: TenantId, row: ActionRow): Promise<string> {
  const found = await tx.query(
    `SELECT challenge FROM countersign.vote WHERE action = $1 AND revision = $2 AND verdict = 'deny' LIMIT 1`,
    [row.action, row.revision],
  );
  const [deny] = found.rows.map((each) => z.object({ challenge: z.string() }).parse(each));
  if (!deny) return '';
  const { bytes } = await keychain.unseal(tx, tenant, row.action, `reason/${deny.challenge}`);
  return new TextDecoder().decode(bytes);
}
