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

/** A whole tree, hashed once: `levels[k][i]` is the root of the complete subtree over leaves i·2^k to (i+1)·2^k − 1. */
export interface Tree {
  readonly size: number;
  readonly levels: readonly (readonly Hash[])[];
}

/** Hashes the tree over these leaf hashes, so that each proof takes as many steps as the tree is high. */
export function treeOf(leaves: readonly Hash[]): Tree {
  const levels: (readonly Hash[])[] = [leaves];
  for (let below = leaves; below.length > 1;) {
    const pairs = below.filter((_, at) => at % 2 === 0).slice(0, half(below.length));
    const level = pairs.map((left, at) => nodeHash(left, present(below[2 * at + 1])));
    levels.push(level);
    below = level;
  }
  return { size: leaves.length, levels };
}

/** Proof that leaf `index` is in the tree (RFC 6962 §2.1.1), from the leaf's sibling up. @throws RangeError: no such leaf. */
export function inclusionProof(tree: Tree, index: number): Hash[] {
  if (!isCount(index) || index >= tree.size) throw new RangeError('no such leaf');
  return path(tree, { from: 0, size: tree.size }, index);
}

/** The tree over `size` leaves beginning with `from`; where RFC 6962 splits, `from` is a multiple of the left part. */
interface Range {
  readonly from: number;
  readonly size: number;
}

function path(tree: Tree, range: Range, index: number): Hash[] {
  if (range.size === 1) return [];
  const { left, right } = split(range);
  return index < right.from
    ? [...path(tree, left, index), rootOfRange(tree, right)]
    : [...path(tree, right, index), rootOfRange(tree, left)];
}

/**
 * Proof that the tree of the first `size` leaves is a prefix of this one (RFC 6962 §2.1.2).
 *
 * @throws RangeError for no leaves, of which every tree is a successor, and for more than there are.
 */
export function consistencyProof(tree: Tree, size: number): Hash[] {
  if (!isCount(size) || size < 1 || size > tree.size) throw new RangeError('no such tree');
  return subProof(tree, { from: 0, size: tree.size }, { size, known: true });
}

function subProof(tree: Tree, range: Range, prefix: { readonly size: number; readonly known: boolean }): Hash[] {
  if (prefix.size === range.size) return prefix.known ? [] : [rootOfRange(tree, range)];
  const { left, right } = split(range);
  return prefix.size <= left.size
    ? [...subProof(tree, left, prefix), rootOfRange(tree, right)]
    : [...subProof(tree, right, { size: prefix.size - left.size, known: false }), rootOfRange(tree, left)];
}

function rootOfRange(tree: Tree, range: Range): Hash {
  if (isPowerOfTwo(range.size)) return present(tree.levels[Math.log2(range.size)]?.[range.from / range.size]);
  const { left, right } = split(range);
  return nodeHash(rootOfRange(tree, left), rootOfRange(tree, right));
}

function split({ from, size }: Range): { readonly left: Range; readonly right: Range } {
  const first = splitOf(size);
  return { left: { from, size: first }, right: { from: from + first, size: size - first } };
}

/** The largest power of two below `size`. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

function present(hash: Hash | undefined): Hash {
  if (hash === undefined) throw new RangeError('tree does not fit its size');
  return hash;
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
