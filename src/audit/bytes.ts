/** Byte and text forms that pure code needs where Node's Buffer is not at hand. */
import { sha256 } from '@noble/hashes/sha2.js';
import { canonicalBytes } from '../action/canonical.js';
import { digest, type Digest } from '../action/ids.js';

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * SHA-256 of the canonical JSON: binds a value that is itself kept elsewhere. Never for confidential content, which a
 * bare digest gives away to whoever can guess it.
 */
export function canonicalDigest(value: unknown): Digest {
  return digest(hex(sha256(canonicalBytes(value))));
}

export function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** Standard base64 with padding; undefined for anything else, also for a second spelling of the same bytes. */
export function unbase64(text: string): Uint8Array | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return base64(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** For public values only: it stops at the first difference. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
