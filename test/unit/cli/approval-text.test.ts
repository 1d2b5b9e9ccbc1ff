import { describe, expect, it } from '@jest/globals';
import { approvalLines } from '../../../src/cli/commands/approval-text.js';
import { approvalView } from '../../../src/cli/commands/approval-view.js';

const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');

const record = {
  name: 'Discharge note',
  coded: 'Discharge summary',
  date: { word: 'dated', on: '2026-10-01' },
  status: 'current',
  text: 'After the fall',
};
const field = (before: unknown, after: unknown) => ({ path: 'content[0].attachment.data', before, after });
const changing = (changes: readonly unknown[], more: object = {}) => ({
  patient: { name: 'Maria Rossi', birthDate: '1954-03-02' },
  record,
  target: 'DocumentReference/1',
  base: '1',
  changes,
  proposal: '0'.repeat(64),
  ...more,
});
const approval = (change: unknown) =>
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
      change,
    },
    rulebook: '0'.repeat(64),
    requestCommitment: '0'.repeat(64),
    displayCommitment: '0'.repeat(64),
    salt: '',
    proof: { method: 'passkey', fresh: false, vouched: false },
    credentials: [],
    rpId: null,
    confirmation: null,
  });
const linesOf = (change: unknown) => approvalLines(approval(change), 0);
const change = (before: unknown, after: unknown) =>
  linesOf(changing([field(before, after)]))
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

describe('whose record it is, and which', () => {
  const shown = (more: object = {}) => linesOf(changing([field(null, 'x')], more)).map((line) => line.trimEnd());
  const after = (lines: readonly string[], label: string, count: number) => {
    const at = lines.findIndex((line) => line.startsWith(`${label} `));
    return lines.slice(at, at + count).map((line) => line.replace(label, '').trim());
  };

  it('stands in the EHR’s words above what would change', () => {
    const lines = shown();
    expect(after(lines, 'Patient', 1)).toEqual(['Maria Rossi, born 1954-03-02']);
    expect(after(lines, 'Record', 4)).toEqual([
      'Discharge note, dated 2026-10-01',
      'coded as Discharge summary',
      'status current',
      'After the fall',
    ]);
    const place = (label: string) => lines.findIndex((line) => line.startsWith(label));
    expect(place('Asked')).toBe(place('Patient') - 1);
    expect(place('Record')).toBeLessThan(place('Change content'));
    expect(lines.join()).not.toContain('{');
  });

  it('is said plainly where the EHR says nothing', () => {
    const nothing = { name: null, coded: null, date: null, status: null, text: null };
    const lines = shown({ patient: { name: null, birthDate: null }, record: nothing });
    expect(after(lines, 'Patient', 1)).toEqual(['(the EHR gives no name), birth date not given']);
    expect(after(lines, 'Record', 1)).toEqual(['(the EHR gives no name)']);
  });

  it('hides nothing', () => {
    const lines = shown({ patient: { name: 'Maria\u202e Rossi', birthDate: '1954\u0007' } });
    expect(after(lines, 'Patient', 1)).toEqual(['Maria<U+202E> Rossi, born 1954<U+0007>']);
  });
});

describe('a change of another shape than the terminal knows', () => {
  const json = (lines: readonly string[]) =>
    JSON.parse(lines.find((line) => line.startsWith('What changes'))?.replace('What changes', '') ?? 'null');

  it.each<[what: string, change: unknown]>([
    ['a member more in a field', changing([{ ...field(null, 'x'), unless: 'never' }])],
    ['a member more in what changed meanwhile', changing([], { meanwhile: [{ ...field(1, 2), by: 'nobody' }] })],
    ['a field without what was before', changing([{ path: 'status', after: 'x' }])],
    ['a member more of the patient', changing([], { patient: { name: 'M', birthDate: null, gender: 'other' } })],
    ['a member more of the record', changing([], { record: { ...record, dose: '1' } })],
    ['a record without its name', changing([], { record: { status: 'active' } })],
    ['no change at all', null],
  ])('is shown as JSON, whole: %s', (_what, change) => {
    expect(json(linesOf(change))).toEqual(change);
  });

  it('has what it says besides printed by its name', () => {
    expect(linesOf(changing([], { note: 'signed twice' })).join('\n')).toMatch(/^Change note +signed twice$/m);
  });
});
