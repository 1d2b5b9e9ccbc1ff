import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { base32, fromBase32, totpCode, totpStep } from '../../../sandbox/src/idp/totp.js';

/** RFC 6238 appendix B, SHA-1: its codes have eight digits, of which ours are the last six. */
const rfcSecret = base32(new TextEncoder().encode('12345678901234567890'));

describe('a one-time code', () => {
  it.each<[seconds: number, code: string]>([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ])('is, %d seconds after 1970, the one that RFC 6238 prints', (seconds, code) => {
    expect(totpCode(rfcSecret, totpStep(seconds * 1_000, 30))).toBe(code.slice(-6));
  });

  it('changes with the first millisecond of a step, not before', () => {
    expect([29_999, 30_000, 59_999].map((at) => totpStep(at, 30))).toEqual([0, 1, 1]);
  });
});

describe('base32', () => {
  it.each([
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ])('writes %j as RFC 4648 §10 does', (text, written) => {
    expect(base32(new TextEncoder().encode(text))).toBe(written);
  });

  it('reads what it wrote', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(fromBase32(base32(bytes))).toEqual(bytes);
      }),
    );
  });

  it.each(['0AAAAAAA', 'my======', 'MZ XQ'])('refuses %j', (text) => {
    expect(() => fromBase32(text)).toThrow(RangeError);
  });
});
