/** Says whether JSON of an EHR can be parsed, shown, bound and sent back without becoming something else on the way. */

/** FHIR nests a dozen levels; deeper is an attack on whoever walks it. */
const deepest = 64;

/**
 * False for what canonical JSON cannot say (lone surrogates, numbers that are not finite), whole numbers that lost digits
 * when they were read, a field named `__proto__`, which parsers drop, and bottomless nesting. It does NOT notice that a
 * decimal was read without its trailing zeros (`1.10`): these are gone by then.
 */
export function isFaithful(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return !/\p{Cs}/u.test(value);
  if (typeof value === 'number') return Number.isSafeInteger(value) || (Number.isFinite(value) && value % 1 !== 0);
  if (typeof value === 'boolean' || value === null) return true;
  if (typeof value !== 'object' || depth === deepest) return false;
  if (Array.isArray(value)) return value.every((each) => isFaithful(each, depth + 1));
  return Object.entries(value).every(
    ([name, each]) => name !== '__proto__' && isFaithful(name) && isFaithful(each, depth + 1),
  );
}
