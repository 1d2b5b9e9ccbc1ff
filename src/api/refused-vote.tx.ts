import type { Pool } from 'pg';
import type { ActionId, AgentId, ChallengeId, PersonId, TenantId } from '../action/ids.js';
import { refusedVoteLeaf } from '../approval/refused-vote.js';
import { findChallenge } from '../approval/vote.store.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';

/** The action that a challenge is about; undefined when there is no such challenge. */
export async function challengedAction(
  pool: Pool,
  tenant: TenantId,
  challenge: ChallengeId,
): Promise<ActionId | undefined> {
  return inTenant(pool, tenant, async (tx) => (await findChallenge(tx, challenge))?.action);
}

export interface RefusedVoteCase {
  /** Null for a vote on nothing that exists. */
  readonly action: ActionId | null;
  readonly challenge: ChallengeId | null;
  /** Null for an agent, which is no approver. */
  readonly approver: PersonId | null;
  readonly agent?: AgentId;
  readonly code: string;
}

/** Logs a vote that did not count; once for each person, challenge and reason. */
export async function logRefusedVote(pool: Pool, tenant: TenantId, vote: RefusedVoteCase): Promise<void> {
  const { action, agent, ...rest } = vote;
  await inTenant(pool, tenant, async (tx) => {
    if (action !== null) {
      await appendLeaf(tx, refusedVoteLeaf({ action, ...rest }));
      return;
    }
    const { challenge, approver, code } = rest;
    await appendLeaf(tx, {
      kind: 'vote.refused',
      key: `${approver ?? agent ?? 'nobody'}/${code}`,
      data: { challenge, approver, code },
    });
  });
}
