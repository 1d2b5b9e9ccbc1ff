import { sha256 } from '@noble/hashes/sha2.js';
import type { Pool, PoolClient } from 'pg';
import { commitmentsOf, lockAction } from '../action/action.store.js';
import type { ActionId, TenantId } from '../action/ids.js';
import type { VoteAnswer } from '../action/types.js';
import { appendLeaf } from '../audit/append.store.js';
import { canonicalDigest } from '../audit/bytes.js';
import { inTenant } from '../database/transaction.js';
import { findPersonIdentity } from '../directory/directory.store.js';
import type { VoteToken } from '../identity/tokens.gateway.js';
import { checkSignIn, checkVoteProof } from '../identity/vote-proof.js';
import type { Assertion } from '../passkey/assertion.js';
import { unbase64url } from '../passkey/base64url.js';
import { authenticatorDataOf } from '../passkey/ceremony.js';
import { findPasskey, usePasskey, type PasskeyRow } from '../passkey/passkey.store.js';
import { asksForWord } from '../passkey/vouching.js';
import { wordFor } from '../passkey/vouching.store.js';
import type { RequiredProof, Rulebook } from '../rulebook/rulebook.js';
import type { ReadRulebook } from '../rulebook/rulebook.store.js';
import { decisionHash, meaningsFor, sameDecision } from './decision.js';
import { eligibilityOf } from './eligible-votes.store.js';
import type { DecisionEnvelope } from './envelope.js';
import { checkPasskeyProof } from './passkey-proof.js';
import { refusedVoteLeaf, type RefusedVote } from './refused-vote.js';
import {
  decisionOf,
  findChallenge,
  findVote,
  insertReceipt,
  insertVote,
  keepRefusal,
  type ChallengeRow,
} from './vote.store.js';

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
  /** Tokens are judged as of then: a vote that came in time is not lost because its verification had to wait. */
  readonly receivedAt: Date;
  /** The one that signed, revoked or not; undefined for an unknown one, and where none did. */
  readonly passkey: PasskeyRow | undefined;
}

/** A proof after its signature was verified; what it is worth for this vote is judged when it is counted. */
export type VerifiedProof =
  | { readonly kind: 'idp'; readonly token: VoteToken }
  | {
      readonly kind: 'passkey';
      readonly assertion: Assertion;
      readonly signed: boolean;
      /** Of a sign-in that came with it. */
      readonly token: VoteToken | undefined;
    };

export type OpenedVote =
  | ({ readonly status: 'open' } & VoteOpening)
  /** Nothing to verify: this proof was counted or refused before, or came too late. */
  | { readonly status: 'answered'; readonly answer: VoteAnswer };

/**
 * Compares the decision with the challenge's, byte for byte, notes when the proof came, if nobody did, and reads what it
 * must be verified against.
 */
export async function openVote(deps: VoteDeps, of: VoteCase): Promise<OpenedVote> {
  const { tenant, action, envelope } = of;
  return inTenant(deps.pool, tenant, async (tx) => {
    const id = envelope.decision.challenge;
    const challenge = await findChallenge(tx, id);
    if (challenge?.action !== action)
      return unkept(tx, { action, challenge: null, approver: null, code: 'vote.unknown' });
    // Not kept with the proof: whoever alters a decision in transit must not use up the proof that came with it.
    if (!sameDecision(decisionOf(challenge), envelope.decision))
      return unkept(tx, { action, challenge: id, approver: challenge.approver, code: 'vote.altered' });
    const counted = await findVote(tx, id, envelope.proof);
    if (counted) return { status: 'answered', answer: { status: 'counted', vote: counted } };
    const receipt = await insertReceipt(tx, id, envelope.proof);
    if (receipt.status === 'refused')
      return { status: 'answered', answer: await refuse(tx, of, challenge, receipt.code) };
    const rulebook = await deps.rulebook(tx, challenge.rulebook);
    const { proof } = envelope;
    const passkey = proof.kind === 'passkey' ? await findPasskey(tx, proof.credentialId) : undefined;
    return { status: 'open', challenge, rulebook, receivedAt: receipt.receivedAt, passkey };
  });
}

async function unkept(tx: PoolClient, vote: RefusedVote): Promise<OpenedVote> {
  await appendLeaf(tx, refusedVoteLeaf(vote));
  return { status: 'answered', answer: { status: 'refused', code: vote.code } };
}

/** Keeps and logs why the proof did not verify. */
export async function refuseVote(
  { pool }: Pick<VoteDeps, 'pool'>,
  of: VoteCase,
  { challenge }: VoteOpening,
  code: string,
): Promise<VoteAnswer> {
  return inTenant(pool, of.tenant, (tx) => refuse(tx, of, challenge, code));
}

/** Logs a vote that the workflow refused by its shape or state, and that came without a caller to tell. */
export async function refuseUnread(
  { pool }: Pick<VoteDeps, 'pool'>,
  { tenant, action, code }: { readonly tenant: TenantId; readonly action: ActionId; readonly code: string },
): Promise<void> {
  await inTenant(pool, tenant, (tx) =>
    appendLeaf(tx, refusedVoteLeaf({ action, challenge: null, approver: null, code })),
  );
}

/**
 * Counts a vote whose proof's signature was verified: it must be the approver's own for the challenge's decision, and the
 * approver still entitled. One transaction, with its leaf.
 */
export async function countVote(
  deps: VoteDeps,
  of: VoteCase,
  opening: VoteOpening,
  verified: VerifiedProof,
): Promise<VoteAnswer> {
  const { challenge, rulebook } = opening;
  const { proof } = of.envelope;
  return inTenant(deps.pool, of.tenant, async (tx) => {
    const no = (code: string): Promise<VoteAnswer> => refuse(tx, of, challenge, code);
    const hash = decisionHash(decisionOf(challenge), sha256);
    const approver = await findPersonIdentity(tx, challenge.approver);
    const { approval } = rulebook.tiers[challenge.tier];
    if (!approver || approval.status !== 'asked') return no('vote.inactive');
    const unproven = checkProof(opening, verified, { approver, hash, required: approval.proof });
    if (unproven) return no(unproven);
    if (asksForWord(challenge.tier) && !(await hasWord(tx, opening))) return no('vote.not_vouched');

    const row = await lockAction(tx, of.action);
    const revision = row && (await commitmentsOf(tx, row.action, challenge.revision));
    if (!row || !revision || row.needs === null) return no('vote.unknown');
    const { approver: person, actingRoles: roles, verdict, meaning } = challenge;
    // The needs are the current revision's; a vote on another one is stale, which the database says below.
    const asked = meaningsFor({ kind: revision.kind, needs: row.needs });
    if (challenge.revision === row.revision && !asked.includes(meaning)) return no('vote.unknown_meaning');
    const able = await eligibilityOf(tx, row, rulebook, { approver: person, roles, verdict, meaning });
    if (able.status === 'refused') return no(able.code);
    const objection =
      (await useProof(tx, opening, verified)) ?? (await insertVote(tx, challenge.challenge, able.roles, proof));
    if (objection !== undefined) return no(objection);
    await appendLeaf(tx, {
      kind: 'vote.counted',
      action: of.action,
      key: challenge.challenge,
      data: {
        challenge: challenge.challenge,
        approver: person,
        roles: [...able.roles],
        verdict,
        meaning,
        decision: hash,
        method: proof.kind,
        proof: canonicalDigest(proof),
      },
    });
    const vote = await findVote(tx, challenge.challenge, proof);
    if (!vote) throw new Error('a vote that was just counted is not there');
    return { status: 'counted', vote };
  });
}

interface ProofCase {
  readonly approver: { readonly issuer: string; readonly subject: string };
  readonly hash: string;
  readonly required: RequiredProof;
}

/** Undefined when the proof is the approver's own, for this decision, and as strong as the tier asks. */
function checkProof(
  { challenge, rulebook, passkey }: VoteOpening,
  verified: VerifiedProof,
  { approver, hash, required }: ProofCase,
): string | undefined {
  const { decidedAt } = challenge;
  const { token } = verified;
  if (verified.kind === 'idp') return checkVoteProof({ token: verified.token, approver, hash, decidedAt, required });
  // A passkey of a verified person is as strong as any tier asks; a fresh sign-in beside it some ask for as well.
  const { rpIds } = rulebook.trustRoots;
  const unproven = checkPasskeyProof({ ...verified, passkey, approver: challenge.approver, hash, rpIds });
  if (unproven) return unproven;
  if (token === undefined) return required.method === 'passkey' && required.fresh ? 'vote.not_fresh' : undefined;
  return checkSignIn({ token, approver, hash, decidedAt });
}

/** Whether a second person gave their word for the passkey that signed. */
async function hasWord(tx: PoolClient, { passkey }: VoteOpening): Promise<boolean> {
  return passkey !== undefined && (await wordFor(tx, passkey.passkey)) !== undefined;
}

/** Under the passkey's lock: not revoked meanwhile, and its counter went up. */
async function useProof(
  tx: PoolClient,
  { passkey }: VoteOpening,
  verified: VerifiedProof,
): Promise<string | undefined> {
  if (verified.kind === 'idp') return undefined;
  if (!passkey) return 'vote.unknown_passkey';
  const data = authenticatorDataOf(unbase64url(verified.assertion.authenticatorData) ?? new Uint8Array());
  return data ? usePasskey(tx, passkey.passkey, data.counter) : 'vote.proof_invalid';
}

/** The first refusal of a proof stays; a proof that was counted while this one ran keeps its answer too. */
async function refuse(
  tx: PoolClient,
  { action, envelope: { proof } }: VoteCase,
  { challenge, approver }: ChallengeRow,
  code: string,
): Promise<VoteAnswer> {
  const kept = await keepRefusal(tx, challenge, proof, code);
  const counted = kept === undefined ? await findVote(tx, challenge, proof) : undefined;
  if (counted) return { status: 'counted', vote: counted };
  const refused = kept ?? code;
  await appendLeaf(tx, refusedVoteLeaf({ action, challenge, approver, code: refused }));
  return { status: 'refused', code: refused };
}
