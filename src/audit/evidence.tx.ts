import type { Pool } from 'pg';
import type { ActionId, TenantId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { inTenant } from '../database/transaction.js';
import type { EvidenceBundle } from './bundle.js';
import { base64 } from './bytes.js';
import { envelopesOf, keysOf } from './evidence.store.js';
import { dataOf, leafOf } from './leaf.js';
import { checkpointCovering, leafHashes, leavesOf, type StoredLeaf } from './leaf.store.js';
import { inclusionProof, treeOf } from './merkle.js';

/**
 * The evidence of an action that has ended: its leaves so far, with proofs in the newest checkpoint that covers them all.
 *
 * It is copied and not judged: whether it holds is for `verifyBundle` to say, where a key of the log is known.
 *
 * @throws Refusal `action.not_found`; `evidence.not_yet` while the action runs or the signer is behind.
 */
export async function evidenceOf(pool: Pool, tenant: TenantId, action: ActionId): Promise<EvidenceBundle> {
  return inTenant(pool, tenant, async (tx) => {
    const stored = await leavesOf(tx, action);
    const last = stored.at(-1);
    if (!last) throw new Refusal('action.not_found', 'There is no such action.');
    const leaves = stored.map(({ bytes }) => leafOf(bytes));
    if (!leaves.some(({ kind }) => kind === 'action.outcome'))
      throw new Refusal('evidence.not_yet', 'The action has not ended; ask again when it has.');
    const checkpoint = await checkpointCovering(tx, last.index + 1);
    if (!checkpoint)
      throw new Refusal('evidence.not_yet', 'No signed checkpoint covers the action yet; ask again in a second.');
    const tree = treeOf(await leafHashes(tx, checkpoint.size));
    const challenges = leaves.flatMap((leaf) => dataOf(leaf, 'vote.counted')?.challenge ?? []);
    const included = ({ index, bytes }: StoredLeaf) => ({
      leaf: new TextDecoder().decode(bytes),
      proof: inclusionProof(tree, index).map(base64),
    });
    const votes = await envelopesOf(tx, action, challenges);
    const { passkeys, vouchings } = await keysOf(tx, votes);
    return {
      format: 'countersign-evidence/v1',
      tenant,
      action,
      checkpoint: checkpoint.note,
      leaves: stored.map(included),
      votes,
      passkeys: passkeys.map(({ row: { credential, publicKey }, leaf }) => ({
        ...included(leaf),
        credential,
        publicKey: base64(publicKey),
      })),
      vouchings: vouchings.map(({ assertion, leaf }) => ({ ...included(leaf), assertion })),
    };
  });
}
