import { sha256 } from '@noble/hashes/sha2.js';
import type { Pool, PoolClient } from 'pg';
import { commitmentsOf, findAction, type ActionRow, type RevisionRow } from '../action/action.store.js';
import type { ActionId, ChallengeId, PersonId, RoleName, TenantId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { appendLeaf } from '../audit/append.store.js';
import { inTenant } from '../database/transaction.js';
import type { Keychain } from '../keys/keychain.store.js';
import type { ReadRulebook } from '../rulebook/rulebook.store.js';
import { decisionHash, meaningsFor, meansVerdict, type Decision, type Meaning, type Verdict } from './decision.js';
import type { IneligibleCode } from './eligibility.js';
import { confirmationPhrase } from './confirmation.store.js';
import { eligibilityOf } from './eligible-votes.store.js';
import { isOpenToVotes } from './open-to-votes.js';
import { refusedVoteLeaf } from './refused-vote.js';
import { decisionOf, findChallenge, insertChallenge } from './vote.store.js';

export interface ChallengeDeps {
  readonly pool: Pool;
  readonly keychain: Keychain;
  readonly rulebook: ReadRulebook;
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
  /** One to eight. */
  readonly actingRoles: readonly RoleName[];
  /** What the person typed to confirm, where the tier asks for that. */
  readonly confirmation?: string | undefined;
}

export interface OpenedChallenge {
  readonly decision: Decision;
  /** What the proof must carry: base64url SHA-256 of the decision's bytes. */
  readonly hash: string;
  /** Five minutes after it was opened, by the database's clock. */
  readonly expiresAt: Date;
}

/**
 * Fixes the bytes of one vote and when it was decided. Nothing counts yet: the proof is still to come. An earlier
 * challenge of this person for which no proof came is superseded.
 *
 * Who may not vote so is told now and not after signing in; the governance worker judges it again, and it is the one
 * that counts.
 *
 * @throws Refusal `challenge.reason_needed`, `challenge.unknown_meaning`, `challenge.confirmation_needed`,
 *   `challenge.closed`; `vote.self`, `vote.inactive`, `vote.untrained`, `vote.wrong_role`, each with its leaf.
 */
export async function openChallenge(deps: ChallengeDeps, asked: ChallengeCase): Promise<OpenedChallenge> {
  const { tenant, action, approver, verdict, meaning, reason } = asked;
  if (verdict !== 'approve' && !reason?.trim())
    throw new Refusal('challenge.reason_needed', 'Say why: the agent and the auditors read it.');
  if (!meansVerdict(meaning, verdict))
    throw new Refusal('challenge.unknown_meaning', 'This meaning belongs to another verdict.');
  const opened = await inTenant(deps.pool, tenant, async (tx) => {
    const question = await questionOf(tx, action);
    const code = await objection(tx, deps, question.row, asked);
    if (code === undefined) {
      await checkWords(tx, deps, question, asked);
      return open(tx, deps, asked);
    }
    await appendLeaf(tx, refusedVoteLeaf({ action, challenge: null, approver, code }));
    return code;
  });
  if (typeof opened === 'string') throw new Refusal(opened, ineligible[opened]); // its leaf is committed
  return opened;
}

const ineligible: Readonly<Record<IneligibleCode, string>> = {
  'vote.self':
    'You are the principal, or own the agent: somebody else has to decide. To withdraw it, cancel the action.',
  'vote.inactive': 'Your entry in the directory is not active.',
  'vote.untrained': 'Your training has lapsed; renew it first.',
  'vote.wrong_role': 'None of the roles that you act in is asked for here, or you do not hold it.',
};

interface Question {
  readonly row: ActionRow;
  readonly revision: RevisionRow;
}

/** What people are asked about this action now. @throws Refusal `challenge.closed`. */
async function questionOf(tx: PoolClient, action: ActionId): Promise<Question> {
  const row = await findAction(tx, action);
  const revision = row && (await commitmentsOf(tx, action, row.revision));
  if (!row || !revision || !isOpenToVotes(row)) throw closed();
  return { row, revision };
}

async function objection(
  tx: PoolClient,
  { rulebook }: ChallengeDeps,
  row: ActionRow,
  { approver, actingRoles: roles, verdict, meaning }: ChallengeCase,
): Promise<IneligibleCode | undefined> {
  const able = await eligibilityOf(tx, row, await rulebook(tx, row.rulebook), { approver, roles, verdict, meaning });
  return able.status === 'refused' ? able.code : undefined;
}

/** The meaning is one of those asked for, and who must type what would happen has typed it. */
async function checkWords(
  tx: PoolClient,
  { keychain, rulebook }: ChallengeDeps,
  { row, revision }: Question,
  { tenant, verdict, meaning, confirmation }: ChallengeCase,
): Promise<void> {
  if (row.needs === null || !meaningsFor({ kind: revision.kind, needs: row.needs }).includes(meaning))
    throw new Refusal('challenge.unknown_meaning', 'Nobody is asked for a signature of this meaning here.');
  const phrase = await confirmationPhrase(tx, { keychain, rulebook }, tenant, row, revision);
  if (verdict === 'approve' && phrase !== null && confirmation !== phrase)
    throw new Refusal(
      'challenge.confirmation_needed',
      'Type what is shown as the phrase to confirm, letter for letter.',
    );
}

async function open(tx: PoolClient, deps: ChallengeDeps, asked: ChallengeCase): Promise<OpenedChallenge> {
  const { tenant, action, approver, verdict, meaning, reason, actingRoles } = asked;
  const challenge = deps.newChallengeId();
  const reasonCommitment =
    reason === undefined
      ? null
      : await deps.keychain.seal(tx, tenant, action, `reason/${challenge}`, new TextEncoder().encode(reason));
  const row = { challenge, action, approver, verdict, meaning, reasonCommitment, actingRoles };
  const stored = (await insertChallenge(tx, row)) ? await findChallenge(tx, challenge) : undefined;
  if (!stored) throw closed();
  await appendLeaf(tx, {
    kind: 'approval.challenged',
    action,
    key: challenge,
    data: { challenge, approver, verdict },
  });
  const decision = decisionOf(stored);
  return { decision, hash: decisionHash(decision, sha256), expiresAt: stored.expiresAt };
}

function closed(): Refusal {
  return new Refusal('challenge.closed', 'Nobody is asked about this action, or no longer.');
}
