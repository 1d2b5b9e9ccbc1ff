/**
 * What the page makes of two rulebooks and of a statement before anybody signs. The API told them; it is not asked to be
 * believed: the digests are computed here, and so are the differences and the bytes that are signed.
 */
import { base64url, hex, sha256, utf8 } from './bytes.js';
import { canonicalJson } from './canonical.js';
import { objectAt, objectOf, textAt, type JsonObject } from './json.js';

export interface Difference {
  readonly path: string;
  /** Undefined where nothing was. */
  readonly from: unknown;
  /** Undefined where nothing is any more. */
  readonly to: unknown;
}

/** In the order of their paths. */
export function differencesOf(from: unknown, to: unknown): readonly Difference[] {
  return between('', from, to).sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function between(path: string, from: unknown, to: unknown): Difference[] {
  const [before, after] = [membersOf(from), membersOf(to)];
  if (!before || !after || Array.isArray(from) !== Array.isArray(to)) return from === to ? [] : [{ path, from, to }];
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].flatMap((name) =>
    between(path === '' ? name : `${path}.${name}`, before.get(name), after.get(name)),
  );
}

function membersOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined;
}

/** Whether this content is the one that the digest names. */
export async function isRulebook(content: JsonObject, digest: string): Promise<boolean> {
  return hex(await sha256(utf8(canonicalJson(content)))) === digest;
}

export interface Proposal {
  readonly id: string;
  readonly digest: string;
  readonly base: string;
}

export interface Signable {
  readonly challenge: string;
  readonly statement: JsonObject;
  readonly hash: string;
  readonly rpId: string;
  readonly expiresAt: string;
}

export function signableOf(value: unknown): Signable {
  const view = objectOf(value);
  return {
    challenge: textAt(view, 'challenge'),
    statement: objectAt(view, 'statement'),
    hash: textAt(view, 'hash'),
    rpId: textAt(view, 'rpId'),
    expiresAt: textAt(view, 'expiresAt'),
  };
}

/** Whether the bytes to be signed say this proposal, this verdict, and nothing else than the hash stands for. */
export async function isStatement(
  { statement, hash, challenge }: Signable,
  { id, digest, base }: Proposal,
  verdict: string,
): Promise<boolean> {
  const hashed = base64url(await sha256(utf8(`countersign-rulebook/v1\n${canonicalJson(statement)}`)));
  return (
    hashed === hash &&
    statement['proposal'] === id &&
    statement['digest'] === digest &&
    statement['base'] === base &&
    statement['verdict'] === verdict &&
    statement['challenge'] === challenge
  );
}
