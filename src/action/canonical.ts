/** Canonical JSON (RFC 8785): one value, one text, so that two parties bind the same bytes. */
import canonicalize from 'canonicalize';

/** @throws TypeError for what JSON cannot say (undefined, functions, NaN, infinities). */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('value has no canonical JSON');
  return text;
}

/** {@link canonicalJson} as UTF-8. */
export function canonicalBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value));
}
