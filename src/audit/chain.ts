/** Whether the leaves of one action follow each other, and end as an action may end. */
import { isFinal } from '../action/types.js';
import { hex } from './bytes.js';
import { dataOf, type Leaf, type LeafKind } from './leaf.js';
import type { Problem, VerifiedLeaf } from './problem.js';

/**
 * What may still be written about an action that has ended: who saw, fetched, came too late, what its history was, what the
 * EHR holds of its write, and how it was erased.
 */
const afterTheEnd: ReadonlySet<string> = new Set<LeafKind>([
  'action.cancel_requested',
  'action.released',
  'action.viewed',
  'history.closed',
  'history.viewed',
  'outcome.read_back',
  'retention.disposed',
  'security.event',
  'version.checked',
  'vote.refused',
  'warrant.refused',
  'warrant.revoked',
]);

/**
 * Sequence 1 to n without a gap, each with the hash of the one before, an outcome, and after it only what may follow.
 *
 * It does not show that nothing was written after the last leaf: whoever hands out the bundle may keep later ones back.
 */
export function chainProblems(leaves: readonly VerifiedLeaf[]): Problem[] {
  return [...linkProblems(leaves), ...endProblems(leaves), ...releaseProblems(leaves)];
}

function linkProblems(leaves: readonly VerifiedLeaf[]): Problem[] {
  return leaves.flatMap(({ leaf }, at) => {
    const before = leaves[at - 1];
    const linked =
      leaf.seq === at + 1 &&
      leaf.prev === (before ? hex(before.hash) : null) &&
      (before === undefined || leaf.index > before.leaf.index);
    return linked ? [] : [{ code: 'chain.broken', leaf: at } as const];
  });
}

/** An unknown outcome may be followed by the real one; nothing but what comes after the end follows a final one. */
function endProblems(leaves: readonly VerifiedLeaf[]): Problem[] {
  const outcomes = leaves.map(({ leaf }) => dataOf(leaf, 'action.outcome')?.status);
  if (outcomes.every((status) => status === undefined)) return [{ code: 'chain.no_outcome' }];
  const end = outcomes.findIndex((status) => status !== undefined && isFinal(status));
  if (end < 0) return [];
  return leaves.flatMap(({ leaf }, at) =>
    at <= end || afterTheEnd.has(leaf.kind) || isLook(leaf) ? [] : [{ code: 'outcome.not_last', leaf: at } as const],
  );
}

/** An attempt that asks what the EHR holds: no outcome can rest on it (authority.ts). */
export function isLook({ kind, key }: Leaf): boolean {
  return kind === 'action.attempt' && /^recheck_\d+[./]/.test(key);
}

/** Output leaves only after an outcome that completed under the very warrant that the release names. */
function releaseProblems(leaves: readonly VerifiedLeaf[]): Problem[] {
  return leaves.flatMap(({ leaf }, at) => {
    const released = dataOf(leaf, 'action.released');
    if (!released) return [];
    const completed = leaves.slice(0, at).some(({ leaf: earlier }) => {
      const outcome = dataOf(earlier, 'action.outcome');
      return outcome?.status === 'completed' && outcome.warrant === released.warrant;
    });
    return completed ? [] : [{ code: 'release.no_outcome', leaf: at } as const];
  });
}
