/** Text from elsewhere, split so that nothing in it can hide: nobody signs something else than they read. */

export interface TextPart {
  /** `mark`: the name of a character that would not be seen, or would reorder what is. */
  readonly kind: 'text' | 'mark';
  readonly text: string;
}

/**
 * Controls, formats, private and unassigned characters, halves of pairs, separators, and what Unicode lets a font leave
 * out. Line ends and tabs stay: pages show them.
 */
const unseen = /(?![\n\t])[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Joined again, the text parts and the characters that the marks name are the whole text. */
export function visibleParts(text: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const { 0: character, index } of text.matchAll(unseen)) {
    if (index > from) parts.push({ kind: 'text', text: text.slice(from, index) });
    parts.push({ kind: 'mark', text: nameOf(character) });
    from = index + character.length;
  }
  return from < text.length ? [...parts, { kind: 'text', text: text.slice(from) }] : parts;
}

function nameOf(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  return `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
}
