import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Pool } from 'pg';
import { canonicalBytes } from '../action/canonical.js';
import type { ActionId, AgentId, TenantId } from '../action/ids.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';

export interface RefusedRequest {
  readonly tenant: TenantId;
  readonly agent: AgentId;
  readonly code: string;
  /** Repeating the call leaves no second leaf. */
  readonly of: { readonly idempotencyKey: string } | { readonly action: ActionId };
}

/** Logs that an authenticated agent was told no before anything ran. The caller's key is hashed: it may be any text. */
export async function logRefusedRequest(pool: Pool, { tenant, agent, code, of }: RefusedRequest): Promise<void> {
  const about = 'action' in of ? of.action : of.idempotencyKey;
  const key = bytesToHex(sha256(canonicalBytes([agent, about, code])));
  await inTenant(pool, tenant, (tx) =>
    appendLeaf(tx, {
      kind: 'request.refused',
      key,
      data: { agent, code },
      ...('action' in of && { action: of.action }),
    }),
  );
}
