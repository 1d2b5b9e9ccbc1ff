import { describe, expect, it } from '@jest/globals';
import { approvalLines } from '../../../src/cli/commands/approval-text.js';
import { approvalView } from '../../../src/cli/commands/approval-view.js';

const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');

const approval = (before: unknown, after: unknown) =>
  approvalView.parse({
    id: 'mdgfmccucewjhajqdiwt4zrirs',
    type: 'document.update',
    status: 'awaiting_approval',
    tier: 'T2',
    agent: 'documentation',
    purpose: 'TREAT',
    principal: 'Practitioner/1',
    principalName: 'Dr Chen',
    elements: ['clinical_notes'],
    createdAt: '2026-11-25T12:00:00.000Z',
    concludedAt: null,
    retention: null,
    deadline: null,
    needs: { status: 'quorum', factors: [{ role: 'senior_clinician', count: 1 }] },
    revision: 2,
    kind: 'prepared',
    may: { roles: ['senior_clinician'], verdicts: ['approve', 'deny'], meanings: ['approve.access'] },
    shown: {
      title: 'Change a document',
      effects: [],
      type: 'document.update',
      elements: ['clinical_notes'],
      input: {},
      purpose: 'TREAT',
      reason: null,
      justifications: {},
      riskAssessment: null,
      agent: 'documentation',
      principal: 'Practitioner/1',
      change: {
        target: 'DocumentReference/1',
        base: '1',
        changes: [{ path: 'content[0].attachment.data', before, after }],
        proposal: '0'.repeat(64),
      },
    },
    rulebook: '0'.repeat(64),
    requestCommitment: '0'.repeat(64),
    displayCommitment: '0'.repeat(64),
    salt: '',
    proof: { method: 'passkey', fresh: false },
    rpId: null,
    confirmation: null,
  });
const change = (before: unknown, after: unknown) =>
  approvalLines(approval(before, after), 0)
    .map((line) => line.replace(/^.*? {2,}(?=[-+] )/, ''))
    .filter((line) => /^[-+] /.test(line));

describe('a change of a document', () => {
  it('is shown as the text that people wrote, line by line', () => {
    expect(change(base64('Seen today.\nStable.'), base64('Seen today.\nUnstable.'))).toEqual([
      '- Seen today.',
      '- Stable.',
      '+ Seen today.',
      '+ Unstable.',
    ]);
  });

  it('shows what would not be seen', () => {
    expect(change(null, base64('Sta\u202eble.'))).toEqual(['- (nothing)', '+ Sta<U+202E>ble.']);
  });

  it('is shown as it is where it is no text', () => {
    expect(change('/w==', base64('Stable.'))).toEqual(['- /w==', '+ Stable.']);
  });
});
