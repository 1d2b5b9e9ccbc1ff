/** Says whether JSON of an EHR can be parsed, shown, bound and sent back without becoming something else on the way. */

/**
 * False for JSON text with a number that would be another one when it is written again: `10.00000000000000000001` is read
 * as 10, and no difference would show it. Values that were parsed no longer know. Zeros at the end of a fraction are no
 * other number. `json` is JSON: this does not judge its grammar.
 */
export function keepsNumbers(json: string): boolean {
  const token = /"|-?\d[\d.eE+-]*/g;
  for (let found = token.exec(json); found; found = token.exec(json)) {
    const [text] = found;
    if (text === '"') token.lastIndex = afterString(json, token.lastIndex);
    else if (decimalOf(text) !== decimalOf(String(Number(text)))) return false;
  }
  return true;
}

/** Place behind the string whose content begins at `from`. */
function afterString(json: string, from: number): number {
  const end = /["\\]/g;
  end.lastIndex = from;
  for (let found = end.exec(json); found; found = end.exec(json)) {
    if (found[0] === '"') return end.lastIndex;
    end.lastIndex++; // what is escaped ends nothing
  }
  return json.length;
}

/** One text for each number: sign, digits without zeros at either end, and the power of ten of the last one. */
function decimalOf(text: string): string | undefined {
  const [, sign, whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  if (whole === '') return undefined;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  if (kept === '') return '0';
  return `${sign}${kept}e${Number(power) - fraction.length + digits.length - kept.length}`;
}

/** FHIR nests a dozen levels; deeper is an attack on whoever walks it. */
const deepest = 64;

/**
 * False for what canonical JSON cannot say (lone surrogates, numbers that are not finite), whole numbers that lost digits
 * when they were read, a field named `__proto__`, which parsers drop, and bottomless nesting. It does NOT notice what
 * happened to a fraction when it was read: {@link keepsNumbers} does.
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
