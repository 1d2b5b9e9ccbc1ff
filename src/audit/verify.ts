/**
 * Verifies an evidence bundle without our server and our database: pure, so that it runs in a browser and in a process
 * without network. What is believed comes from outside: the verifier keys of the log.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { canonicalJson } from '../action/canonical.js';
import { bundleOf, parseBundleText, type EvidenceBundle } from './bundle.js';
import { unbase64, utf8 } from './bytes.js';
import { parseCheckpoint, type Checkpoint } from './checkpoint.js';
import { accountOf, type Account } from './account.js';
import { authorityProblems } from './authority.js';
import { chainProblems } from './chain.js';
import { isWellFormed, leafOf, type Leaf } from './leaf.js';
import { leafHash, verifyInclusion } from './merkle.js';
import { openNote, unverifiedBody, type Verifier } from './note.js';
import { passkeyProblems, type PasskeyEvidence } from './passkey-evidence.js';
import type { Problem, VerifiedLeaf } from './problem.js';
import { voteProblems } from './vote-evidence.js';

/**
 * `self_consistent`: nothing contradicts itself, and nobody vouches for it: without a key from outside, a bundle that
 * was made up from beginning to end looks the same.
 */
export type Verification =
  | { readonly status: 'valid' | 'self_consistent'; readonly account: Account }
  | { readonly status: 'invalid'; readonly problems: readonly Problem[] };

/** `logs`: verifier keys of the log, from outside; none makes the answer at best `self_consistent`. */
export function verifyBundle(value: unknown, logs: readonly Verifier[]): Verification {
  const bundle = bundleOf(value);
  if (!bundle) return invalid([{ code: 'bundle.malformed' }]);
  const checkpoint = checkpointOf(bundle.checkpoint, logs);
  if ('code' in checkpoint) return invalid([checkpoint]);
  const read = bundle.leaves.map((entry, at) => readLeaf(bundle, entry, { at, checkpoint }));
  const problems = read.flatMap((each) => ('code' in each ? [each] : []));
  if (problems.length > 0) return invalid(problems);
  const leaves = read.flatMap((each) => ('code' in each ? [] : [each]));
  const found = [...chainProblems(leaves), ...authorityProblems(leaves), ...voteProblems(leaves, bundle.votes, sha256)];
  if (found.length > 0) return invalid(found);
  const keys = keysOf(bundle, checkpoint);
  const unsigned = keys ? passkeyProblems(leaves, keys) : [{ code: 'passkey.not_included' } as const];
  if (unsigned.length > 0) return invalid(unsigned);
  return { status: logs.length > 0 ? 'valid' : 'self_consistent', account: accountOf(leaves, checkpoint) };
}

/** {@link verifyBundle} for the text of a file: no byte of it may be another. */
export function verifyBundleText(text: string, logs: readonly Verifier[]): Verification {
  return verifyBundle(parseBundleText(text), logs);
}

function invalid(problems: readonly Problem[]): Verification {
  return { status: 'invalid', problems };
}

/** The name of a log's key is the log's origin, so a key vouches for no other log. */
function checkpointOf(note: string, logs: readonly Verifier[]): Checkpoint | Problem {
  const body = unverifiedBody(note);
  const checkpoint = body === undefined ? undefined : parseCheckpoint(body);
  if (!checkpoint) return { code: 'checkpoint.malformed' };
  const ofLog = logs.filter(({ name }) => name === checkpoint.origin);
  if (logs.length > 0 && openNote(note, ofLog) === undefined) return { code: 'checkpoint.not_signed' };
  return checkpoint;
}

function readLeaf(
  { tenant, action }: EvidenceBundle,
  { leaf: text, proof }: EvidenceBundle['leaves'][number],
  { at, checkpoint }: { readonly at: number; readonly checkpoint: Checkpoint },
): VerifiedLeaf | Problem {
  const leaf = parseLeaf(text);
  if (!leaf) return { code: 'leaf.malformed', leaf: at };
  if (leaf.tenant !== tenant || leaf.action !== action) return { code: 'leaf.other_action', leaf: at };
  return included({ leaf, text }, proof, checkpoint) ?? { code: 'leaf.not_included', leaf: at };
}

/** Keys and words whose leaves are the tenant's own and in the tree; undefined when one is not. */
function keysOf({ tenant, votes, ...bundle }: EvidenceBundle, checkpoint: Checkpoint): PasskeyEvidence | undefined {
  const ownLeaf = ({ leaf: text, proof }: EvidenceBundle['leaves'][number]): VerifiedLeaf | undefined => {
    const leaf = parseLeaf(text);
    return leaf?.tenant === tenant && leaf.action === null ? included({ leaf, text }, proof, checkpoint) : undefined;
  };
  const passkeys = bundle.passkeys.flatMap(({ credential, publicKey, ...entry }) => {
    const enrolment = ownLeaf(entry);
    const key = unbase64(publicKey);
    return enrolment && key ? [{ credential, publicKey: key, enrolment }] : [];
  });
  const vouchings = bundle.vouchings.flatMap(({ assertion, ...entry }) => {
    const word = ownLeaf(entry);
    return word ? [{ word, assertion }] : [];
  });
  const whole = passkeys.length === bundle.passkeys.length && vouchings.length === bundle.vouchings.length;
  return whole ? { votes, passkeys, vouchings } : undefined;
}

interface ReadLeaf {
  readonly leaf: Leaf;
  readonly text: string;
}

/** The leaf with its hash, if that is in the checkpoint's tree at the leaf's own index. */
function included(
  { leaf, text }: ReadLeaf,
  proof: readonly string[],
  { size, root }: Checkpoint,
): VerifiedLeaf | undefined {
  const hash = leafHash(utf8(text));
  const siblings = proof.flatMap((each) => unbase64(each) ?? []);
  const isIn =
    siblings.length === proof.length && verifyInclusion({ index: leaf.index, size, leaf: hash, proof: siblings, root });
  return isIn ? { leaf, hash } : undefined;
}

/** One leaf, one text: anything but its canonical JSON could be read in two ways. */
function parseLeaf(text: string): Leaf | undefined {
  try {
    const leaf = leafOf(utf8(text));
    return isWellFormed(leaf) && canonicalJson(leaf) === text ? leaf : undefined;
  } catch {
    return undefined;
  }
}
