/**
 * What a person's own machine checks before it signs: that the bytes to be signed say what they were shown and what they
 * chose. The API opened the challenge; it is not asked to be believed.
 */
import { canonicalBytes } from '../../action/canonical.js';
import { decisionHash, type Decision, type Meaning, type Verdict } from '../../approval/decision.js';
import type { Approval } from './approval-view.js';

export interface Chosen {
  readonly verdict: Verdict;
  readonly meaning: Meaning;
  readonly reason?: string;
  /** Left out: whichever roles the API takes. */
  readonly roles?: readonly string[];
}

export interface Hashes {
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  readonly hmacSha256: (key: Uint8Array, bytes: Uint8Array) => Uint8Array;
}

export interface Ballot {
  readonly challenge: string;
  readonly decision: Decision;
  /** As the API says; it is computed here again. */
  readonly hash: string;
}

/** What differs, as a word for people; undefined when nothing does. */
export function ballotDiffers(shown: Approval, chosen: Chosen, ballot: Ballot, hashes: Hashes): string | undefined {
  const { decision } = ballot;
  const same: readonly (readonly [string, boolean])[] = [
    ['hash', decisionHash(decision, hashes.sha256) === ballot.hash],
    ['challenge', decision.challenge === ballot.challenge],
    ['action', decision.action === shown.id],
    ['revision', decision.revision === shown.revision],
    ['request', decision.requestCommitment === shown.requestCommitment],
    ['text shown', decision.displayCommitment === shown.displayCommitment],
    ['rulebook', decision.rulebook === shown.rulebook],
    ['tier', decision.tier === shown.tier],
    ['verdict', decision.verdict === chosen.verdict],
    ['meaning', decision.meaning === chosen.meaning],
    ['reason', (decision.reasonCommitment !== null) === (chosen.reason !== undefined)],
    ['roles', chosen.roles === undefined || sameWords(decision.actingRoles, chosen.roles)],
  ];
  return same.find(([, holds]) => !holds)?.[0];
}

/** Whether what was shown is what its commitment binds: HMAC-SHA-256 of its canonical JSON under the salt. */
export function isTextShown({ shown, salt, displayCommitment }: Approval, { hmacSha256 }: Hashes): boolean {
  const key = Uint8Array.from(atob(salt), (character) => character.charCodeAt(0));
  const bytes = hmacSha256(key, canonicalBytes(shown));
  const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return key.length === 32 && text === displayCommitment;
}

function sameWords(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((word) => others.includes(word));
}
