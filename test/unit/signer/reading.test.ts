import { describe, expect, it } from '@jest/globals';
import { utf8 } from '../../../src/audit/bytes.js';
import { leafHash, rootOf, rootOfFrontier } from '../../../src/audit/merkle.js';
import { isSamePage, nothingRead, pageSize, withLeaves, withPage } from '../../../src/signer/reading.js';

const leaves = Array.from({ length: 5 * pageSize + 3 }, (_, at) => leafHash(utf8(`leaf ${at}`)));
const page = (number: number) => leaves.slice(number * pageSize, (number + 1) * pageSize);

describe('a log that is read in pages', () => {
  it('has the root of its leaves after each page, and in the midst of one', () => {
    let reading = nothingRead;
    for (let number = 0; number < 5; number += 1) {
      for (const more of [0, 1, 3, pageSize - 1]) {
        const from = number * pageSize;
        const root = rootOfFrontier(withLeaves(reading, leaves.slice(from, from + more)));
        expect(root).toEqual(rootOf(leaves.slice(0, from + more)));
      }
      reading = withPage(reading, page(number));
    }
    expect(reading.frontier.size).toBe(5 * pageSize);
    expect(isSamePage(reading, 3, page(3))).toBe(true);
    expect(isSamePage(reading, 3, page(2))).toBe(false);
    expect(isSamePage(reading, 9, page(3))).toBe(false);
  });

  it('takes no page that is not full', () => {
    expect(() => withPage(nothingRead, leaves.slice(0, 3))).toThrow(RangeError);
  });
});
