import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { visibleParts } from '../../../src/pages/visible.js';

const marks = (text: string) => visibleParts(text).flatMap((part) => (part.kind === 'mark' ? [part.text] : []));
const texts = (text: string) => visibleParts(text).flatMap((part) => (part.kind === 'text' ? [part.text] : []));

describe('text that a person is shown', () => {
  it.each([
    ['a direction override', 'pay \u202e001', 'U+202E'],
    ['a zero-width space', 'do\u200bse', 'U+200B'],
    ['a soft hyphen', 'do\u00adse', 'U+00AD'],
    ['a carriage return', 'a\rb', 'U+000D'],
    ['an escape', '\u001b[8m', 'U+001B'],
    ['a line separator', 'a\u2028b', 'U+2028'],
    ['a filler that fonts leave out', 'a\u3164b', 'U+3164'],
    ['a joiner that fonts leave out', 'a\u034fb', 'U+034F'],
    ['a tag outside of the first plane', 'a\u{e0041}b', 'U+E0041'],
    ['a character of private use', '\ue000', 'U+E000'],
    ['half a surrogate pair', 'a\ud800', 'U+D800'],
  ])('names %s', (_what, text, mark) => {
    expect(marks(text)).toEqual([mark]);
  });

  it('leaves lines, tabs, accents, other scripts and emoji as they are', () => {
    const plain = 'Two\n\tlines: 20 µg/ml, Ångström, 薬, דוד, 😀';
    expect(visibleParts(plain)).toEqual([{ kind: 'text', text: plain }]);
  });

  it('loses nothing: every character is shown or named', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const again = visibleParts(text).map((part) =>
          part.kind === 'text' ? part.text : String.fromCodePoint(Number.parseInt(part.text.slice(2), 16)),
        );
        expect(again.join('')).toBe(text);
        expect(texts(text).join('')).not.toMatch(/(?![\n\t])\p{C}/u);
      }),
    );
  });
});
