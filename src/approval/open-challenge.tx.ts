import { sha256 } from '@noble/hashes/sha2.js';
import type { Pool } from 'pg';
import type { ActionId, ChallengeId, PersonId, RoleName, TenantId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import type { Keychain } from '../keys/keychain.store.js';
import { decisionHash, meansVerdict, type Decision, type Meaning, type Verdict } from './decision.js';
import { decisionOf, findChallenge, insertChallenge } from './vote.store.js';

export interface ChallengeDeps {
  readonly pool: Pool;
  readonly keychain: Keychain;
  readonly newChallengeId: () => ChallengeId;
}

export interface ChallengeCase {
  readonly tenant: TenantId;
  readonly action: ActionId;
  readonly approver: PersonId;
  readonly verdict: Verdict;
  readonly meaning: Meaning;
  /** Needed for every verdict but approve; sealed, and bound by its commitment. */
  readonly reason: string | undefined;
  readonly actingRoles: readonly RoleName[];
}

export interface OpenedChallenge {
  readonly decision: Decision;
  /** What the proof must carry: base64url SHA-256 of the decision's bytes. */
  readonly hash: string;
  readonly expiresAt: Date;
}

/**
 * Fixes the bytes of one vote and when it was decided. Nothing counts yet: the proof is still to come.
 *
 * @throws Refusal `challenge.reason_needed`, `challenge.unknown_meaning`, `challenge.closed`.
 */
export async function openChallenge(deps: ChallengeDeps, asked: ChallengeCase): Promise<OpenedChallenge> {
  const { tenant, action, approver, verdict, meaning, reason, actingRoles } = asked;
  if (verdict !== 'approve' && reason === undefined)
    throw new Refusal('challenge.reason_needed', 'Say why: the agent and the auditors read it.');
  if (!meansVerdict(meaning, verdict))
    throw new Refusal('challenge.unknown_meaning', 'This meaning belongs to another verdict.');
  return inTenant(deps.pool, tenant, async (tx) => {
    const challenge = deps.newChallengeId();
    const reasonCommitment =
      reason === undefined
        ? null
        : await deps.keychain.seal(tx, tenant, action, `reason/${challenge}`, new TextEncoder().encode(reason));
    const row = { challenge, action, approver, verdict, meaning, reasonCommitment, actingRoles };
    const stored = (await insertChallenge(tx, row)) ? await findChallenge(tx, challenge) : undefined;
    if (!stored) throw new Refusal('challenge.closed', 'Nobody is asked about this action, or no longer.');
    await appendLeaf(tx, {
      kind: 'approval.challenged',
      action,
      key: challenge,
      data: { challenge, approver, verdict },
    });
    const decision = decisionOf(stored);
    return { decision, hash: decisionHash(decision, sha256), expiresAt: stored.expiresAt };
  });
}
