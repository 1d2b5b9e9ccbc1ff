import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { utf8 } from '../../../src/audit/bytes.js';
import {
  appendToFrontier,
  consistencyProof,
  emptyFrontier,
  emptyRoot,
  inclusionProof,
  leafHash,
  nodeHash,
  rootOf,
  rootOfFrontier,
  treeOf,
  verifyConsistency,
  verifyInclusion,
  type Hash,
} from '../../../src/audit/merkle.js';

const leaves = (count: number): Hash[] => Array.from({ length: count }, (_, at) => leafHash(utf8(`leaf ${at}`)));

/** RFC 6962 §2.1, word for word. */
function rootByDefinition(of: readonly Hash[]): Hash {
  const [only] = of;
  if (only === undefined) return emptyRoot();
  if (of.length === 1) return only;
  let k = 1;
  while (k * 2 < of.length) k *= 2;
  return nodeHash(rootByDefinition(of.slice(0, k)), rootByDefinition(of.slice(k)));
}

const sizes = fc.integer({ min: 1, max: 130 });
const sizeAndPlace = sizes.chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 0, max: size - 1 })));

describe('a tree', () => {
  it('has the root that the RFC defines, at once or leaf by leaf', () => {
    let frontier = emptyFrontier;
    for (const [at, leaf] of leaves(140).entries()) {
      expect(rootOfFrontier(frontier)).toEqual(rootByDefinition(leaves(at)));
      frontier = appendToFrontier(frontier, leaf);
    }
    expect(rootOfFrontier(frontier)).toEqual(rootOf(leaves(140)));
  });

  it('proves each of its leaves, and that leaf at that place only', () => {
    fc.assert(
      fc.property(sizeAndPlace, fc.nat(140), ([size, index], elsewhere) => {
        const all = leaves(size);
        const leaf = all[index] ?? emptyRoot();
        const claim = { index, size, leaf, proof: inclusionProof(treeOf(all), index), root: rootOf(all) };
        expect(verifyInclusion(claim)).toBe(true);
        expect(verifyInclusion({ ...claim, index: elsewhere })).toBe(elsewhere === index);
        expect(verifyInclusion({ ...claim, leaf: leafHash(utf8('another')) })).toBe(false);
        expect(verifyInclusion({ ...claim, proof: [...claim.proof, leaf] })).toBe(false);
        if (claim.proof.length > 0) expect(verifyInclusion({ ...claim, proof: claim.proof.slice(1) })).toBe(false);
      }),
    );
  });

  it('is consistent with every tree that it was, and with no other', () => {
    fc.assert(
      fc.property(sizes, sizes, (a, b) => {
        const [size1, size2] = [Math.min(a, b), Math.max(a, b)];
        const all = leaves(size2);
        const proof = consistencyProof(treeOf(all), size1);
        const claim = { size1, size2, root1: rootOf(all.slice(0, size1)), root2: rootOf(all), proof };
        expect(verifyConsistency(claim)).toBe(true);
        expect(verifyConsistency({ ...claim, root1: emptyRoot() })).toBe(false);
        expect(verifyConsistency({ ...claim, root2: emptyRoot() })).toBe(false);
        expect(verifyConsistency({ ...claim, proof: [...proof, emptyRoot()] })).toBe(false);
      }),
    );
  });

  it.each([-1, 0.5, 3, Number.NaN])('has no leaf %p among three', (index) => {
    expect(() => inclusionProof(treeOf(leaves(3)), index)).toThrow(RangeError);
    expect(verifyInclusion({ index, size: 3, leaf: emptyRoot(), proof: [], root: emptyRoot() })).toBe(false);
  });
});
