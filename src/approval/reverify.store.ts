import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { ActionId, Digest } from '../action/ids.js';
import { hex } from '../audit/bytes.js';
import { dataOf, leafOf, type LeafData } from '../audit/leaf.js';
import { leafHash } from '../audit/merkle.js';
import type { Assertion } from '../passkey/assertion.js';
import type { PasskeyId } from '../passkey/ids.js';
import { findPasskey } from '../passkey/passkey.store.js';
import { proofSchema, type Proof } from './envelope.js';
import type { SigningKey, StoredApproval } from './reverify.js';
import { decisionOf, findChallenge } from './vote.store.js';

/** Whether this key signed the assertion in a ceremony at one of these sites; verify-assertion.node.ts is one. */
export type IsSigned = (assertion: Assertion, publicKey: Uint8Array, rpIds: readonly string[]) => Promise<boolean>;

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
    const leaf = await countedLeaf(tx, action, hash);
    const challenge = leaf && (await findChallenge(tx, leaf.challenge));
    const proof = leaf && (await findProof(tx, leaf));
    if (!leaf || !challenge || !proof) return undefined;
    const passkey = proof.kind === 'passkey' ? await signingKey(tx, proof, rpIds, isSigned) : undefined;
    approvals.push({ leaf, decision: decisionOf(challenge), proof, passkey });
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
): Promise<LeafData<'vote.counted'> | undefined> {
  const found = await tx.query(
    `SELECT bytes FROM countersign.audit_leaf WHERE action = $1 AND kind = 'vote.counted' AND hash = decode($2, 'hex')`,
    [action, hash],
  );
  const bytes = found.rows.map((row) => leafRow.parse(row).bytes)[0];
  if (bytes === undefined || hex(leafHash(bytes)) !== hash) return undefined;
  const leaf = leafOf(bytes);
  return leaf.action === action ? dataOf(leaf, 'vote.counted') : undefined;
}

async function findProof(tx: PoolClient, { challenge }: LeafData<'vote.counted'>): Promise<Proof | undefined> {
  const found = await tx.query('SELECT proof FROM countersign.vote WHERE challenge = $1', [challenge]);
  return found.rows.map((row) => z.object({ proof: proofSchema }).safeParse(row).data?.proof)[0];
}

async function signingKey(
  tx: PoolClient,
  { kind: _kind, idToken: _idToken, ...assertion }: Extract<Proof, { kind: 'passkey' }>,
  rpIds: readonly string[],
  isSigned: IsSigned,
): Promise<SigningKey | undefined> {
  const row = await findPasskey(tx, assertion.credentialId);
  const enrolled = row && (await enrolledLeaf(tx, row.passkey));
  if (!row || !enrolled) return undefined;
  return { row, enrolled, signed: await isSigned(assertion, row.publicKey, rpIds) };
}

async function enrolledLeaf(tx: PoolClient, passkey: PasskeyId): Promise<LeafData<'passkey.enrolled'> | undefined> {
  const found = await tx.query(
    `SELECT bytes FROM countersign.audit_leaf WHERE kind = 'passkey.enrolled' AND key = $1 AND action IS NULL`,
    [passkey],
  );
  const bytes = found.rows.map((row) => leafRow.parse(row).bytes)[0];
  return bytes && dataOf(leafOf(bytes), 'passkey.enrolled');
}
