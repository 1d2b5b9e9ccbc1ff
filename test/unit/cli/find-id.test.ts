import { describe, expect, it } from '@jest/globals';
import { findId } from '../../../src/cli/commands/find-id.js';

const id = 'abcdefghijklmnopqrstuvwxyz';
const among = async () => [{ id }, { id: `abcdx${'2'.repeat(21)}` }, { id }];

describe('an id that somebody types', () => {
  it('is enough when one begins so, and looks up nothing when it is whole', async () => {
    expect(await findId('abcde', among)).toBe(id);
    expect(await findId(id, async () => Promise.reject(new Error('looked up')))).toBe(id);
  });

  it.each([
    ['that several begin with', 'abcd', { exit: 1, code: 'id.ambiguous' }],
    ['that none begins with', 'zz', { exit: 1, code: 'id.unknown' }],
    ['that is none', '../x', { exit: 2, code: 'usage' }],
    ['that is empty', '', { exit: 2, code: 'usage' }],
  ])('%s is refused', async (_what, asked, failure) => {
    await expect(findId(asked, among)).rejects.toMatchObject(failure);
  });
});
