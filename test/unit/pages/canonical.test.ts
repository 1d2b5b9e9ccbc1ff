import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson as ours } from '../../../src/action/canonical.js';
import { canonicalJson } from '../../../src/pages/canonical.js';

describe('canonical JSON in the browser', () => {
  it('is what the API makes of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false, stringUnit: 'binary' }), (value) => {
        expect(canonicalJson(value)).toBe(ours(value));
      }),
    );
  });

  it.each([
    [
      'numbers as ECMAScript writes them',
      [1e21, 0.000001, 1e-7, 4.5, -0, 1 / 3],
      '[1e+21,0.000001,1e-7,4.5,0,0.3333333333333333]',
    ],
    [
      'names by UTF-16 code units',
      { '\u{1f600}': 1, '\u{fb33}': 2, b: 3, a: 4 },
      '{"a":4,"b":3,"\u{1f600}":1,"\u{fb33}":2}',
    ],
    ['a member that is called like a prototype', JSON.parse('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}'],
    ['controls as RFC 8785 §3.2.2.2 escapes them', '\u0007\n\u20ac', '"\\u0007\\n\u20ac"'],
  ])('writes %s', (_what, value, text) => {
    expect(canonicalJson(value)).toBe(text);
    expect(ours(value)).toBe(text);
  });

  it.each([undefined, Number.NaN, Number.POSITIVE_INFINITY, 1n, () => 1, '\ud800', { a: undefined }, ['\udc00a']])(
    'refuses what JSON cannot say: %p',
    (value) => {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    },
  );
});
