import type { Leaf } from './leaf.js';
import type { Hash } from './merkle.js';

/** A closed list; where it can be told, `leaf` is the place in the bundle, from 0. */
export interface Problem {
  readonly code:
    | 'bundle.malformed'
    | 'checkpoint.malformed'
    | 'checkpoint.not_signed'
    | 'leaf.malformed'
    | 'leaf.other_action'
    | 'leaf.not_included'
    | 'chain.broken'
    | 'chain.no_outcome'
    | 'outcome.not_last'
    | 'outcome.unauthorised'
    | 'outcome.no_attempt'
    | 'outcome.unresolved'
    | 'release.no_outcome'
    | 'version.unfounded'
    | 'approval.missing'
    | 'vote.missing'
    | 'vote.other'
    | 'vote.unknown'
    | 'vote.not_signed'
    | 'passkey.not_included'
    | 'passkey.missing'
    | 'passkey.other'
    | 'passkey.unknown'
    | 'vouching.missing'
    | 'vouching.other'
    | 'vouching.unknown';
  readonly leaf?: number;
}

/** A leaf that is what it says, in its place in the tree. */
export interface VerifiedLeaf {
  readonly leaf: Leaf;
  readonly hash: Hash;
}
