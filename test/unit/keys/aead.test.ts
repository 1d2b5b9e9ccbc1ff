import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { contextBytes } from '../../../src/keys/aead.js';
import { nodeAead } from '../../../src/keys/aead.node.js';

const key = nodeAead.random();
const bytes = fc.uint8Array({ maxLength: 300 });
const words = fc.array(fc.string({ maxLength: 12 }), { maxLength: 4 });

/** The box with one bit of it turned over. */
function withBitTurned(box: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(box);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

describe('a sealed box', () => {
  it('gives back what was sealed, for the same key and context', () => {
    fc.assert(
      fc.property(bytes, words, (plain, context) => {
        const opened = nodeAead.open(key, nodeAead.seal(key, plain, context), context);
        expect(Uint8Array.from(opened ?? [1])).toEqual(opened && plain);
      }),
    );
  });

  it('is not opened after any one of its bits was turned: key commitment, nonce, text and tag alike', () => {
    const box = nodeAead.seal(key, new TextEncoder().encode('ten bytes.'), ['clinic', 'request']);
    for (let bit = 0; bit < box.length * 8; bit += 1)
      expect(nodeAead.open(key, withBitTurned(box, bit), ['clinic', 'request'])).toBeUndefined();
  });

  it('is not opened cut short or lengthened by a byte', () => {
    const box = nodeAead.seal(key, new Uint8Array(3), []);
    for (let length = 0; length < box.length; length += 1)
      expect(nodeAead.open(key, box.subarray(0, length), [])).toBeUndefined();
    expect(nodeAead.open(key, Buffer.concat([box, Buffer.alloc(1)]), [])).toBeUndefined();
  });

  it('is not opened in another context, nor by another key, nor by one of another length', () => {
    fc.assert(
      fc.property(bytes, words, words, (plain, context, other) => {
        fc.pre(JSON.stringify(context) !== JSON.stringify(other));
        expect(nodeAead.open(key, nodeAead.seal(key, plain, context), other)).toBeUndefined();
      }),
    );
    const box = nodeAead.seal(key, new Uint8Array(3), []);
    expect(nodeAead.open(nodeAead.random(), box, [])).toBeUndefined();
    expect(nodeAead.open(key.subarray(0, 16), box, [])).toBeUndefined();
  });

  it('differs each time, though key, text and context are the same: nonces are not repeated', () => {
    const nonces = Array.from({ length: 2_000 }, () =>
      Buffer.from(nodeAead.seal(key, new Uint8Array(1), []).subarray(32, 44)).toString('hex'),
    );
    expect(new Set(nonces).size).toBe(nonces.length);
  });
});

describe('a context', () => {
  it('is bound part by part: no other list of words has its bytes', () => {
    fc.assert(
      fc.property(words, words, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        expect(Buffer.from(contextBytes(one)).equals(Buffer.from(contextBytes(other)))).toBe(false);
      }),
    );
    expect(contextBytes(['ab', 'c'])).not.toEqual(contextBytes(['a', 'bc']));
  });
});
