/** RFC 6962 Merkle trees: hashes, inclusion and consistency proofs, and the frontier that an appender keeps. */
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes } from './bytes.js';

export type Hash = Uint8Array;

/** RFC 6962 §2.1: SHA-256(0x00 || leaf). */
export function leafHash(leaf: Uint8Array): Hash {
  return sha256.create().update(Uint8Array.of(0)).update(leaf).digest();
}

/** RFC 6962 §2.1: SHA-256(0x01 || left || right). */
export function nodeHash(left: Hash, right: Hash): Hash {
  return sha256.create().update(Uint8Array.of(1)).update(left).update(right).digest();
}

/** Root of the empty tree: SHA-256 of nothing. */
export function emptyRoot(): Hash {
  return sha256(new Uint8Array());
}

/** Root of these leaf hashes. */
export function rootOf(leaves: readonly Hash[]): Hash {
  return rootOfFrontier(leaves.reduce(appendToFrontier, emptyFrontier));
}

/** The roots of the complete subtrees of a tree, largest first: all that appending needs. */
export interface Frontier {
  readonly size: number;
  readonly nodes: readonly Hash[];
}

export const emptyFrontier: Frontier = { size: 0, nodes: [] };

/** Adds one leaf hash: as many merges as the size has trailing one bits. */
export function appendToFrontier({ size, nodes }: Frontier, leaf: Hash): Frontier {
  const kept = [...nodes];
  let node = leaf;
  for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    const left = kept.pop();
    if (left === undefined) throw new RangeError('frontier does not fit its size');
    node = nodeHash(left, node);
  }
  return { size: size + 1, nodes: [...kept, node] };
}

/** The root of the tree that the frontier stands for. */
export function rootOfFrontier({ nodes }: Frontier): Hash {
  const last = nodes.at(-1);
  if (last === undefined) return emptyRoot();
  return nodes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

/** Proof that leaf `index` is in the tree of `leaves` (RFC 6962 §2.1.1), from the leaf's sibling up. */
export function inclusionProof(leaves: readonly Hash[], index: number): Hash[] {
  if (!Number.isSafeInteger(index) || index < 0 || index >= leaves.length) throw new RangeError('no such leaf');
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  return index < split
    ? [...inclusionProof(leaves.slice(0, split), index), rootOf(leaves.slice(split))]
    : [...inclusionProof(leaves.slice(split), index - split), rootOf(leaves.slice(0, split))];
}

/** Proof that the tree of the first `size` leaves is a prefix of the tree of all (RFC 6962 §2.1.2). */
export function consistencyProof(leaves: readonly Hash[], size: number): Hash[] {
  if (!Number.isSafeInteger(size) || size < 1 || size > leaves.length) throw new RangeError('no such tree');
  return subProof(leaves, size, true);
}

function subProof(leaves: readonly Hash[], size: number, known: boolean): Hash[] {
  if (size === leaves.length) return known ? [] : [rootOf(leaves)];
  const split = splitOf(leaves.length);
  return size <= split
    ? [...subProof(leaves.slice(0, split), size, known), rootOf(leaves.slice(split))]
    : [...subProof(leaves.slice(split), size - split, false), rootOf(leaves.slice(0, split))];
}

/** The largest power of two below `size`. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leaf: Hash;
  readonly proof: readonly Hash[];
  readonly root: Hash;
}

/** RFC 9162 §2.1.3.2. False for anything that does not prove exactly this leaf at this index of this tree. */
export function verifyInclusion({ index, size, leaf, proof, root }: InclusionClaim): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || leaf.length !== 32) return false;
  let fn = index;
  let sn = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else hash = nodeHash(hash, sibling);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equalBytes(hash, root);
}

export interface ConsistencyClaim {
  readonly size1: number;
  readonly size2: number;
  readonly root1: Hash;
  readonly root2: Hash;
  readonly proof: readonly Hash[];
}

/** RFC 9162 §2.1.4.2. An empty first tree is refused: it is a prefix of everything and proves nothing. */
export function verifyConsistency({ size1, size2, root1, root2, proof }: ConsistencyClaim): boolean {
  if (!isCount(size1) || !isCount(size2) || size1 < 1 || size1 > size2) return false;
  if (size1 === size2) return proof.length === 0 && equalBytes(root1, root2);
  const path = isPowerOfTwo(size1) ? [root1, ...proof] : proof;
  const [first, ...rest] = path;
  if (first === undefined) return false;
  let fn = size1 - 1;
  let sn = size2 - 1;
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  let old = first;
  let now = first;
  for (const node of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      old = nodeHash(node, old);
      now = nodeHash(node, now);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else now = nodeHash(now, node);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equalBytes(old, root1) && equalBytes(now, root2);
}

const half = (n: number): number => Math.floor(n / 2);
const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const isPowerOfTwo = (n: number): boolean => splitOf(n * 2) === n;
