/** What the signer remembers of the leaves that it read: enough to go on, and to notice when an old one has changed. */
import { appendToFrontier, emptyFrontier, rootOf, type Frontier, type Hash } from '../audit/merkle.js';

/** Leaves are read in pages, so that what is remembered is small. A power of two: a full page is a complete subtree. */
export const pageSize = 256;

export interface Reading {
  /** Roots of the full pages, in order. */
  readonly pages: readonly Hash[];
  /** Of the tree over these pages. */
  readonly frontier: Frontier;
}

export const nothingRead: Reading = { pages: [], frontier: emptyFrontier };

/** Goes on by one full page. @throws RangeError for another number of leaf hashes. */
export function withPage({ pages, frontier }: Reading, leaves: readonly Hash[]): Reading {
  if (leaves.length !== pageSize) throw new RangeError('not a full page');
  const root = rootOf(leaves);
  // Pages are the leaves of a smaller tree with the same upper nodes.
  const { size, nodes } = appendToFrontier({ size: frontier.size / pageSize, nodes: frontier.nodes }, root);
  return { pages: [...pages, root], frontier: { size: size * pageSize, nodes } };
}

/** The tree after some leaves of the page that is not full yet. */
export function withLeaves({ frontier }: Reading, leaves: readonly Hash[]): Frontier {
  return leaves.reduce(appendToFrontier, frontier);
}

/** Whether a page, read again, is what it was. */
export function isSamePage({ pages }: Reading, page: number, leaves: readonly Hash[]): boolean {
  const [before, now] = [pages[page], rootOf(leaves)];
  return before !== undefined && before.every((byte, at) => byte === now[at]);
}
