import { sha256 } from '@noble/hashes/sha2.js';
import type { Pool, PoolClient } from 'pg';
import { findAction } from '../action/action.store.js';
import type { ActionId, PersonId, TenantId } from '../action/ids.js';
import type { VoteAnswer } from '../action/types.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import { findPersonIdentity } from '../directory/directory.store.js';
import { checkVoteProof } from '../identity/vote-proof.js';
import type { VoteToken } from '../identity/tokens.gateway.js';
import type { Rulebook } from '../rulebook/rulebook.js';
import type { ReadRulebook } from '../rulebook/rulebook.store.js';
import { decisionBytes, decisionHash, type Decision } from './decision.js';
import type { DecisionEnvelope } from './envelope.js';
import { eligibilityOf } from './eligible-votes.store.js';
import { countedVotes, decisionOf, findChallenge, insertVote, receiveVote, type ChallengeRow } from './vote.store.js';

export interface VoteDeps {
  readonly pool: Pool;
  readonly rulebook: ReadRulebook;
}

export interface VoteCase {
  readonly tenant: TenantId;
  readonly action: ActionId;
  readonly envelope: DecisionEnvelope;
}

/** What the worker verifies before it counts: the challenge as stored, and the rulebook that says whose proofs count. */
export interface VoteOpening {
  readonly challenge: ChallengeRow;
  readonly rulebook: Rulebook;
}

/** Notes when the vote came, if nobody did, and reads what it must be verified against; undefined: no such challenge. */
export async function openVote(deps: VoteDeps, { tenant, action, envelope }: VoteCase): Promise<VoteOpening | undefined> {
  return inTenant(deps.pool, tenant, async (tx) => {
    const id = envelope.decision.challenge;
    await receiveVote(tx, id);
    const challenge = await findChallenge(tx, id);
    if (!challenge || challenge.action !== action) return undefined;
    return { challenge, rulebook: await deps.rulebook(tx, challenge.rulebook) };
  });
}

/** Leaves the refusal on the log, without anything of the vote but its challenge. */
export async function refuseVote(
  { pool }: Pick<VoteDeps, 'pool'>,
  { tenant, action, challenge, code }: RefusedVote,
): Promise<VoteAnswer> {
  return inTenant(pool, tenant, (tx) => refuse(tx, action, challenge, code));
}

export interface RefusedVote {
  readonly tenant: TenantId;
  readonly action: ActionId;
  readonly challenge: { readonly id: ChallengeRow['challenge']; readonly approver: PersonId } | null;
  readonly code: string;
}

async function refuse(
  tx: PoolClient,
  action: ActionId,
  challenge: RefusedVote['challenge'],
  code: string,
): Promise<VoteAnswer> {
  await appendLeaf(tx, {
    kind: 'vote.refused',
    action,
    key: challenge === null ? `unread/${code}` : `${challenge.id}/${code}`,
    data: { challenge: challenge?.id ?? null, approver: challenge?.approver ?? null, code },
  });
  return { status: 'refused', code };
}

/**
 * Counts a vote whose token's signature was verified: the decision must be the challenge's, byte for byte, the proof
 * the approver's own for these bytes, and the approver still entitled. One transaction, with its leaf.
 */
export async function countVote(
  deps: VoteDeps,
  { tenant, action, envelope }: VoteCase,
  { challenge, rulebook }: VoteOpening,
  token: VoteToken,
): Promise<VoteAnswer> {
  return inTenant(deps.pool, tenant, async (tx) => {
    const of = { id: challenge.challenge, approver: challenge.approver };
    const decision = decisionOf(challenge);
    if (!sameBytes(decision, envelope.decision)) return refuse(tx, action, of, 'vote.altered');
    const approver = await findPersonIdentity(tx, challenge.approver);
    const approval = rulebook.tiers[challenge.tier].approval;
    if (!approver || approval.status !== 'asked') return refuse(tx, action, of, 'vote.inactive');
    const unproven = checkVoteProof({
      token,
      approver,
      hash: decisionHash(decision, sha256),
      decidedAt: challenge.decidedAt,
      required: approval.proof,
    });
    if (unproven) return refuse(tx, action, of, unproven);
    const row = await findAction(tx, action);
    if (!row) return refuse(tx, action, of, 'vote.unknown');
    const able = await eligibilityOf(tx, row, rulebook, {
      approver: challenge.approver,
      roles: challenge.actingRoles,
      verdict: challenge.verdict,
    });
    if (able.status === 'refused') return refuse(tx, action, of, able.code);
    const late = await insertVote(tx, challenge.challenge, able.roles, envelope.proof);
    if (late) return refuse(tx, action, of, late);
    await appendLeaf(tx, {
      kind: 'vote.counted',
      action,
      key: challenge.challenge,
      data: {
        challenge: challenge.challenge,
        approver: challenge.approver,
        roles: [...able.roles],
        verdict: challenge.verdict,
        meaning: challenge.meaning,
        decision: decisionHash(decision, sha256),
        method: envelope.proof.kind,
      },
    });
    const stored = await countedVotes(tx, action, challenge.revision);
    const vote = stored.find(({ challenge: id }) => id === challenge.challenge);
    return vote ? { status: 'counted', vote } : refuse(tx, action, of, 'vote.unknown');
  });
}

function sameBytes(a: Decision, b: Decision): boolean {
  const [left, right] = [decisionBytes(a), decisionBytes(b)];
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}
