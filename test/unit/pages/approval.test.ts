import { describe, expect, it } from '@jest/globals';
import { needsText } from '../../../src/pages/approval.js';
import { Failure } from '../../../src/pages/failure.js';
import { patiently } from '../../../src/pages/patience.js';

describe('what an action needs, in words', () => {
  it.each([
    [{ status: 'quorum', factors: [{ role: 'clinical_staff', count: 1 }] }, 'clinical_staff'],
    [{ status: 'quorum', factors: [{ role: 'clinical_staff', count: 2 }] }, '2 × clinical_staff'],
    [
      {
        status: 'quorum',
        factors: [
          { role: 'clinician', count: 1, order: true },
          { role: 'senior_clinician', count: 1, or: ['pharmacist'] },
        ],
      },
      'the order of a clinician and senior_clinician or pharmacist',
    ],
    [{ status: 'nobody' }, '{"status":"nobody"}'],
    [null, 'null'],
  ])('%p', (needs, words) => {
    expect(needsText(needs)).toBe(words);
  });
});

describe('a vote that is sent', () => {
  const busy = () => Promise.reject(new Failure('api.refused', 'Busy.', { problem: 'vote.busy', passing: true }));

  it('is sent again while it is pending, or nobody could take it', async () => {
    const answers = [busy, () => Promise.resolve({ status: 'pending' }), () => Promise.resolve({ status: 'counted' })];
    let sent = 0;
    const answer = await patiently(() => answers[sent++]?.() ?? Promise.reject(new Error('sent too often')));
    expect({ answer, sent }).toEqual({ answer: { status: 'counted' }, sent: 3 });
  });

  it('is not sent again after it was refused', async () => {
    let sent = 0;
    const refused = () => {
      sent += 1;
      return Promise.reject(new Failure('api.refused', 'Too late.', { problem: 'vote.late' }));
    };
    await expect(patiently(refused)).rejects.toThrow('Too late.');
    expect(sent).toBe(1);
  });
});
