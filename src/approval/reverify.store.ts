import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { ActionId, Digest } from '../action/ids.js';
import { hex } from '../audit/bytes.js';
import { dataOf, leafOf, type LeafData } from '../audit/leaf.js';
import { leafHash } from '../audit/merkle.js';
import { signingKey, wordsBehind, type IsSigned, type Signatures } from '../passkey/stored-word.store.js';
import { asksForWord } from '../passkey/vouching.js';
import { proofSchema, type Proof } from './envelope.js';
import type { StoredApproval } from './reverify.js';
import { decisionOf, findChallenge, type ChallengeRow } from './vote.store.js';

export interface ApprovalsCase {
  readonly action: ActionId;
  readonly revision: number;
  /** Leaf hashes of the votes, as the warrant names them. */
  readonly leaves: readonly Digest[];
  readonly rpIds: readonly string[];
}

/**
 * What log and tables hold for these votes; undefined when a part of one is missing, and when anybody voted
 * otherwise on this revision, whether the warrant names it or not.
 */
export async function findApprovals(
  tx: PoolClient,
  { action, revision, leaves, rpIds }: ApprovalsCase,
  isSigned: IsSigned,
): Promise<readonly StoredApproval[] | undefined> {
  if (await wasObjectedTo(tx, action, revision)) return undefined;
  const approvals: StoredApproval[] = [];
  for (const hash of leaves) {
    const found = await countedLeaf(tx, action, hash);
    const challenge = found && (await findChallenge(tx, found.leaf.challenge));
    const proof = found && (await findProof(tx, found.leaf));
    if (!found || !challenge || !proof) return undefined;
    const signer = await signerOf(tx, challenge, proof, { isSigned, rpIds });
    approvals.push({ ...found, decision: decisionOf(challenge), proof, ...signer });
  }
  return approvals;
}

async function wasObjectedTo(tx: PoolClient, action: ActionId, revision: number): Promise<boolean> {
  const found = await tx.query(
    `SELECT FROM countersign.vote WHERE action = $1 AND revision = $2 AND verdict <> 'approve' LIMIT 1`,
    [action, revision],
  );
  return found.rowCount !== 0;
}

const leafRow = z.object({ bytes: z.instanceof(Buffer) });

/** By its bytes, and not by what a column says that their hash is. */
async function countedLeaf(
  tx: PoolClient,
  action: ActionId,
  hash: Digest,
): Promise<Pick<StoredApproval, 'leaf' | 'index'> | undefined> {
  const found = await tx.query(
    `SELECT bytes FROM countersign.audit_leaf WHERE action = $1 AND kind = 'vote.counted' AND hash = decode($2, 'hex')`,
    [action, hash],
  );
  const bytes = found.rows.map((row) => leafRow.parse(row).bytes)[0];
  if (bytes === undefined || hex(leafHash(bytes)) !== hash) return undefined;
  const whole = leafOf(bytes);
  const leaf = whole.action === action ? dataOf(whole, 'vote.counted') : undefined;
  return leaf && { leaf, index: whole.index };
}

async function findProof(tx: PoolClient, { challenge }: LeafData<'vote.counted'>): Promise<Proof | undefined> {
  const found = await tx.query('SELECT proof FROM countersign.vote WHERE challenge = $1', [challenge]);
  return found.rows.map((row) => z.object({ proof: proofSchema }).safeParse(row).data?.proof)[0];
}

async function signerOf(
  tx: PoolClient,
  { tier }: ChallengeRow,
  proof: Proof,
  signatures: Signatures,
): Promise<Pick<StoredApproval, 'passkey' | 'words'>> {
  if (proof.kind === 'idp') return { passkey: undefined, words: [] };
  const { kind: _kind, idToken: _idToken, ...assertion } = proof;
  const passkey = await signingKey(tx, assertion, signatures);
  return { passkey, words: passkey && asksForWord(tier) ? await wordsBehind(tx, passkey.row.passkey, signatures) : [] };
}
