/**
 * Canonical JSON (RFC 8785), as the API makes it: one value, one text. Written out here, because a page that is to find
 * the API out takes as little as possible from elsewhere.
 */
import { isObject } from './json.js';

/** @throws TypeError for what JSON cannot say (undefined, functions, NaN, infinities, half a surrogate pair). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((each) => canonicalJson(each)).join(',')}]`;
  if (isObject(value)) {
    // By UTF-16 code units (§3.2.3), which is how `sort` compares.
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${canonicalJson(name)}:${canonicalJson(value[name])}`).join(',')}}`;
  }
  if (value === null || typeof value === 'boolean') return String(value);
  // Number text is ECMAScript's (§3.2.2.3), and so is the escaping of strings (§3.2.2.2).
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (typeof value === 'string' && !/\p{Cs}/u.test(value)) return JSON.stringify(value);
  throw new TypeError('value has no canonical JSON');
}
