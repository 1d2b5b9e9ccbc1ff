import { describe, expect, it } from '@jest/globals';
import { phraseOf } from '../../../src/approval/confirmation.js';
import type { RecordIdentity } from '../../../src/ehr/record-identity.js';

const record: RecordIdentity = {
  name: 'metformin 500 mg tablet',
  coded: null,
  date: { word: 'ordered', on: '2026-10-01' },
  status: 'active',
  text: 'One in the morning',
};
const target = 'MedicationRequest/747b';
const input = { patient: 'Patient/af0d' };
const typed = (name: string | null, more: Partial<RecordIdentity> = {}) =>
  phraseOf({
    type: 'record.delete',
    input,
    change: { target, patient: { name, birthDate: '1954-03-02' }, record: { ...record, ...more }, base: '1' },
  });

describe('what has to be typed', () => {
  it('says whose record it is, which one, and of what day', () => {
    expect(typed('Maria Rossi')).toBe('Maria Rossi: metformin 500 mg tablet, 2026-10-01');
  });

  it.each<[what: string, typed: string, phrase: string]>([
    [
      'a day of an instant',
      typed('M', { date: { word: 'ordered', on: '2026-10-01T09:00:00Z' } }),
      'M: metformin 500 mg tablet, 2026-10-01',
    ],
    ['a month', typed('M', { date: { word: 'recorded', on: '2026-10' } }), 'M: metformin 500 mg tablet, 2026-10'],
    [
      'no day in a date in words',
      typed('M', { date: { word: 'given', on: 'last spring' } }),
      'M: metformin 500 mg tablet',
    ],
    ['no day where there is none', typed('M', { date: null }), 'M: metformin 500 mg tablet'],
    ['single blanks', typed(' Maria\u00a0 Rossi\n'), 'Maria Rossi: metformin 500 mg tablet, 2026-10-01'],
    ['letters as keyboards make them', typed('Jose\u0301'), 'José: metformin 500 mg tablet, 2026-10-01'],
    ['the reference of a patient without a name', typed(null), 'Patient/af0d: metformin 500 mg tablet, 2026-10-01'],
    [
      'that of one whose name hides something',
      typed('Maria\u200b'),
      'Patient/af0d: metformin 500 mg tablet, 2026-10-01',
    ],
    ['the reference of a record without a name', typed('Maria', { name: null }), `Maria: ${target}`],
    ['that of one whose name nobody types', typed('Maria', { name: 'x'.repeat(71) }), `Maria: ${target}`],
    ['that of one whose name is turned around', typed('Maria', { name: 'a\u202eb' }), `Maria: ${target}`],
  ])('has %s', (_what, phrase, expected) => {
    expect(phrase).toBe(expected);
  });

  it('is never longer than what the API takes', () => {
    const long = { ...input, patient: `Patient/${'p'.repeat(64)}` };
    const change = { target: `AllergyIntolerance/${'a'.repeat(64)}`, patient: { name: null, birthDate: null } };
    const phrase = phraseOf({
      type: 'record.delete',
      input: long,
      change: { ...change, record: { ...record, name: null } },
    });
    expect(phrase.length).toBeLessThanOrEqual(200);
  });

  it('is the kind of action where no record would change', () => {
    expect(phraseOf({ type: 'medications.read', input })).toBe('medications.read');
  });
});
