/**
 * Text from elsewhere, fit for a terminal: what would move the cursor, colour, hide or reorder is shown as its code
 * point instead, so that nobody signs something else than they read. Line ends become blanks.
 */
export function printable(text: string): string {
  return text.replace(/\s+/gu, ' ').replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const point = character.codePointAt(0) ?? 0;
    return `<U+${point.toString(16).toUpperCase().padStart(4, '0')}>`;
  });
}
