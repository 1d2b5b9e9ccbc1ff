import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { after, before, codeOf, writeStage, type WriteStage } from './write-stage.js';

let at: WriteStage;
beforeAll(async () => {
  at = await writeStage();
});
afterAll(() => at.end());
afterEach(() => {
  at.ehr.faults.clear();
  at.leaving.before = async () => undefined;
  at.leaving.after = async () => undefined;
});

describe('a write under two signatures', () => {
  it('is one new version with its tag, label and Provenance', async () => {
    const { of, target, warrant } = await at.ready();
    expect(await at.write(of, warrant)).toEqual({ status: 'performed', records: 1, truncated: false });
    expect(at.story(target)).toEqual([before, `${after} (ours)`]);
    expect(await at.use(warrant)).toBe('done');
    expect(await at.result(of)).toEqual({
      elements: {},
      truncated: false,
      modified: [{ reference: target, version: '2' }],
    });
  });
});
