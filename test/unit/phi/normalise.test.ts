import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compact, fold } from '../../../src/phi/normalise.js';

describe('folding', () => {
  it.each([
    ['Élodie', 'elodie'],
    ['E\u0301lodie', 'elodie'],
    ['ＣＯＮＮ', 'conn'],
    ['Co\u00adnn', 'conn'],
    ['Co\u200bn\u2060n', 'conn'],
    ['ﬁona', 'fiona'],
    ['a\u2014b\u00a0c', 'a-b c'],
    ['İzmir', 'izmir'],
    ['', ''],
  ])('makes of %p %p', (original, folded) => {
    expect(fold(original).text).toBe(folded);
  });

  it('maps every unit back to the character that it came from', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (original) => {
        const folded = fold(original);
        for (let at = 0; at < folded.text.length; at++) {
          const piece = original.slice(folded.start(at), folded.end(at));
          expect(piece.length).toBeGreaterThan(0);
          expect(fold(piece).text).toContain(folded.text[at]);
        }
      }),
    );
  });

  it('does not stumble over half a surrogate pair', () => {
    expect(fold('a\ud800b').text).toBe('a\ud800b');
  });
});

describe('compacting', () => {
  it('keeps letters and digits, and where they stood', () => {
    const { text, at } = compact('conn, liz (4)');
    expect(text).toBe('connliz4');
    expect([0, 4, 7].map(at)).toEqual([0, 6, 11]);
  });
});
