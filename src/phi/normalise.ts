/** Folds text so that spelling does not hide a value, and remembers where each unit came from. */

export interface Folded {
  /** Lower case, compatibility forms resolved (NFKD), without diacritics and format characters; one dash, one space. */
  readonly text: string;
  /** Where the unit at `index` began in the original. */
  readonly start: (index: number) => number;
  /** Where the character of the unit at `index` ended in the original. */
  readonly end: (index: number) => number;
}

const plain = /^[\t\n\r\x20-\x7e]*$/;
const invisible = /[\p{Cf}\p{M}]/gu;
const dash = /\p{Pd}/gu;
const space = /\p{Zs}/gu;

/** Folds character by character, so that every unit of the result has an origin. */
export function fold(original: string): Folded {
  if (plain.test(original)) return { text: original.toLowerCase(), start: (index) => index, end: (index) => index + 1 };
  const starts: number[] = [];
  const ends: number[] = [];
  let text = '';
  let at = 0;
  for (const character of original) {
    const folded = foldCharacter(character);
    for (let unit = 0; unit < folded.length; unit++) {
      starts.push(at);
      ends.push(at + character.length);
    }
    text += folded;
    at += character.length;
  }
  const last = original.length;
  return { text, start: (index) => starts[index] ?? last, end: (index) => ends[index] ?? last };
}

function foldCharacter(character: string): string {
  return character
    .normalize('NFKD')
    .toLowerCase()
    .normalize('NFKD')
    .replace(invisible, '')
    .replace(dash, '-')
    .replace(space, ' ');
}

const wordUnit = /[\p{L}\p{N}]/u;

/** True for letters and digits of every script. */
export function isWordUnit(unit: string | undefined): boolean {
  return unit !== undefined && wordUnit.test(unit);
}

export interface Compact {
  /** Letters and digits only. */
  readonly text: string;
  /** Index in the folded text of the unit at `index`. */
  readonly at: (index: number) => number;
}

/** Leaves out everything between letters and digits: `Conn, Liz` and `conn liz` become one. */
export function compact(folded: string): Compact {
  const places: number[] = [];
  let text = '';
  let at = 0;
  for (const character of folded) {
    if (wordUnit.test(character)) {
      for (let unit = 0; unit < character.length; unit++) places.push(at + unit);
      text += character;
    }
    at += character.length;
  }
  return { text, at: (index) => places[index] ?? folded.length };
}
