/**
 * What the page checks before anybody signs: that the bytes to be signed say what was shown and what was chosen. The API
 * opened the challenge; it is not asked to be believed.
 */
import type { Approval, Verdict } from './approval.js';
import { base64url, hex, hmacSha256, sha256, unbase64, utf8 } from './bytes.js';
import { canonicalJson } from './canonical.js';
import { objectAt, objectOf, textAt, type JsonObject } from './json.js';

export interface Chosen {
  readonly verdict: Verdict;
  readonly meaning: string;
  readonly reason: string | undefined;
  readonly roles: readonly string[];
}

export interface Ballot {
  readonly challenge: string;
  readonly decision: JsonObject;
  /** As the API says; it is computed here again. */
  readonly hash: string;
  readonly expiresAt: string;
}

export function ballotOf(value: unknown): Ballot {
  const view = objectOf(value);
  return {
    challenge: textAt(view, 'challenge'),
    decision: objectAt(view, 'decision'),
    hash: textAt(view, 'hash'),
    expiresAt: textAt(view, 'expiresAt'),
  };
}

/** Whether what was shown is what its commitment binds: HMAC-SHA-256 of its canonical JSON under the salt. */
export async function isTextShown({ shown, salt, displayCommitment }: Approval): Promise<boolean> {
  const key = unbase64(salt);
  const commitment = hex(await hmacSha256(key, utf8(canonicalJson(shown))));
  return key.length === 32 && commitment === displayCommitment;
}

/** What differs, as a word for people; undefined when nothing does. */
export async function ballotDiffers(
  approval: Approval,
  chosen: Chosen,
  { decision, challenge, hash }: Ballot,
): Promise<string | undefined> {
  const bytes = utf8(`countersign-decision/v1\n${canonicalJson(decision)}`);
  const same: readonly (readonly [string, boolean])[] = [
    ['text shown', await isTextShown(approval)],
    ['hash', base64url(await sha256(bytes)) === hash],
    ['version', decision['v'] === 1],
    ['challenge', decision['challenge'] === challenge],
    ['action', decision['action'] === approval.id],
    ['revision', decision['revision'] === approval.revision],
    ['request', decision['requestCommitment'] === approval.requestCommitment],
    ['text shown', decision['displayCommitment'] === approval.displayCommitment],
    ['rulebook', decision['rulebook'] === approval.rulebook],
    ['tier', decision['tier'] === approval.tier],
    ['verdict', decision['verdict'] === chosen.verdict],
    ['meaning', decision['meaning'] === chosen.meaning],
    ['reason', (decision['reasonCommitment'] === null) === (chosen.reason === undefined)],
    ['roles', sameWords(decision['actingRoles'], chosen.roles)],
  ];
  return same.find(([, holds]) => !holds)?.[0];
}

function sameWords(some: unknown, others: readonly string[]): boolean {
  return Array.isArray(some) && some.length === others.length && others.every((word) => some.includes(word));
}
