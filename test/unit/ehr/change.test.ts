import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  adminChange,
  documentChange,
  medicationChange,
  recordDeletion,
  restoredVersion,
} from '../../../src/ehr/change.js';
import { daily, dosed, ucum } from './write-records.js';

const shapes = {
  'medication.update': medicationChange,
  'document.update': documentChange,
  'admin.update': adminChange,
  'record.delete': recordDeletion,
};
const takes = (type: keyof typeof shapes, change: unknown): boolean => shapes[type].safeParse(change).success;
const dose = (quantity: object) => dosed({ doseAndRate: [{ doseQuantity: { value: 1, unit: 'mg', ...quantity } }] });
const repeat = (repeat: object) => dosed({ timing: { repeat } });
const phone = (point: object) => ({ telecom: [{ system: 'phone', value: '555 0100', ...point }] });
const fromJson = (text: string): unknown => JSON.parse(text);

describe('a change', () => {
  it.each<[what: string, type: keyof typeof shapes, change: unknown]>([
    ['a status', 'medication.update', { status: 'on-hold' }],
    ['an instruction in every way of telling it', 'medication.update', dosed(daily)],
    ['an instruction taken away in part', 'medication.update', dosed({ text: null, timing: null, doseAndRate: null })],
    ['a note of two lines', 'medication.update', { note: { text: 'Stop if dizzy.\n\tCall the clinic.' } }],
    ['a very small dose', 'medication.update', dose({ value: 1e-7 })],
    ['times of a day', 'medication.update', repeat({ timeOfDay: ['08:00:00', '23:59:59'], dayOfWeek: ['mon'] })],
    ['a meal', 'medication.update', repeat({ when: ['PCV', 'MORN.early'] })],
    [
      'a range of times',
      'medication.update',
      repeat({ frequency: 1, frequencyMax: 2, period: 4, periodMax: 6, periodUnit: 'h' }),
    ],
    ['a leap day', 'medication.update', repeat({ boundsPeriod: { start: '2024-02-29', end: '2024-02' } })],
    ['an instant', 'medication.update', repeat({ boundsPeriod: { start: '2026-03-01T08:00:00.5+01:00' } })],
    ['words', 'document.update', { content: { text: 'Ärztin: 日本, naïve, 37 °C, ½, −3, λ, 👩 \u00a0\n\tline' } }],
    ['a description', 'document.update', { description: 'Visit of 1 March' }],
    ['phones', 'admin.update', phone({ use: 'home', rank: 1, period: { start: '2026' } })],
    ['an address', 'admin.update', { address: [{ line: ['1 Main St'], city: 'Springfield', postalCode: '12345' }] }],
    ['a deletion', 'record.delete', { status: 'entered-in-error' }],
    ['a roll-back', 'medication.update', { restore: { version: '2' } }],
    ['a roll-back of a document', 'document.update', { restore: { version: 'a.B-3' } }],
    ['a roll-back of an action', 'admin.update', { restore: { version: '2', undoes: 'b'.repeat(26) } }],
  ])('may be %s', (_what, type, change) => {
    expect(takes(type, change)).toBe(true);
  });

  it.each<[what: string, type: keyof typeof shapes, change: unknown]>([
    ['nothing', 'medication.update', {}],
    ['no object', 'medication.update', null],
    ['a list', 'medication.update', []],
    ['a status that means an error', 'medication.update', { status: 'entered-in-error' }],
    ['a status that only a sketch has', 'medication.update', { status: 'draft' }],
    ['another drug', 'medication.update', { status: 'active', medicationCodeableConcept: { text: 'x' } }],
    ['another patient', 'medication.update', { status: 'active', subject: { reference: 'Patient/p2' } }],
    ['a label taken off', 'medication.update', { status: 'active', meta: { security: [] } }],
    ['undefined', 'medication.update', { status: undefined }],
    ['no instruction', 'medication.update', { dosageInstruction: [] }],
    ['an instruction with an extension', 'medication.update', dosed({ ...daily, extension: [] })],
    ['an instruction before the first', 'medication.update', dosed(daily, -1)],
    ['an instruction between two', 'medication.update', dosed(daily, 0.5)],
    ['no dose', 'medication.update', dose({ value: 0 })],
    ['a negative dose', 'medication.update', dose({ value: -1 })],
    ['NaN', 'medication.update', dose({ value: Number.NaN })],
    ['an endless dose', 'medication.update', dose({ value: Number.POSITIVE_INFINITY })],
    ['a dose out of this world', 'medication.update', dose({ value: 1e9 })],
    ['a dose as text', 'medication.update', dose({ value: '1' })],
    ['a dose without a unit', 'medication.update', dosed({ doseAndRate: [{ doseQuantity: { value: 1 } }] })],
    ['a unit of no system (qty-3)', 'medication.update', dose({ code: 'mg' })],
    ['a system that is no address', 'medication.update', dose({ code: 'mg', system: `${ucum}\u202E` })],
    ['a comparator', 'medication.update', dose({ comparator: '<' })],
    ['a unit of two lines', 'medication.update', dose({ unit: 'mg\nor g' })],
    ['a timing that says nothing', 'medication.update', repeat({})],
    ['a period without its unit (tim-2)', 'medication.update', repeat({ period: 1 })],
    ['a unit without its period', 'medication.update', repeat({ periodUnit: 'd' })],
    ['a longest period alone (tim-6)', 'medication.update', repeat({ periodMax: 2, frequency: 1 })],
    ['a range of periods backwards', 'medication.update', repeat({ period: 6, periodMax: 4, periodUnit: 'h' })],
    ['a range of frequencies backwards', 'medication.update', repeat({ frequency: 3, frequencyMax: 2 })],
    ['a time beside a meal (tim-10)', 'medication.update', repeat({ timeOfDay: ['08:00:00'], when: ['AC'] })],
    ['a time of no day', 'medication.update', repeat({ timeOfDay: ['24:00:00'] })],
    ['a meal that nobody eats', 'medication.update', repeat({ when: ['ABC'] })],
    ['a fraction of a time', 'medication.update', repeat({ frequency: 1.5 })],
    ['a day of no calendar', 'medication.update', repeat({ boundsPeriod: { start: '2026-02-29' } })],
    ['a month of no calendar', 'medication.update', repeat({ boundsPeriod: { start: '2026-13' } })],
    ['an instant without offset', 'medication.update', repeat({ boundsPeriod: { start: '2026-03-01T08:00:00' } })],
    ['an instant without seconds', 'medication.update', repeat({ boundsPeriod: { start: '2026-03-01T08:00Z' } })],
    ['an empty period', 'medication.update', repeat({ boundsPeriod: {} })],
    ['an end before its start', 'admin.update', phone({ period: { start: '2026-03', end: '2026-02-28' } })],
    ['a document without words', 'document.update', { content: { text: '' } }],
    ['a document of blanks', 'document.update', { content: { text: ' \n\t\u00a0' } }],
    ['an endless document', 'document.update', { content: { text: 'a'.repeat(100_001) } }],
    ['a document elsewhere', 'document.update', { content: { text: 'a', url: 'https://x.example' } }],
    ['a document of another type', 'document.update', { content: { text: 'a', contentType: 'text/html' } }],
    ['no phone', 'admin.update', { telecom: [] }],
    ['a phone without number', 'admin.update', phone({ value: '' })],
    ['an address that says nothing', 'admin.update', { address: [{}] }],
    ['another name', 'admin.update', { name: [{ family: 'x' }] }],
    ['a status where a deletion is meant', 'record.delete', { status: 'cancelled' }],
    ['a deletion with more', 'record.delete', { status: 'entered-in-error', note: [] }],
    ['a roll-back as a deletion', 'record.delete', { restore: { version: '1' } }],
    ['a roll-back to no version', 'medication.update', { restore: {} }],
    ['a roll-back to a path', 'medication.update', { restore: { version: '../2' } }],
    ['a roll-back to a number', 'medication.update', { restore: { version: 2 } }],
    ['a roll-back and more', 'medication.update', { restore: { version: '2' }, status: 'active' }],
    ['a roll-back with a wish', 'medication.update', { restore: { version: '2', fields: ['subject'] } }],
    ['a roll-back of nothing', 'medication.update', { restore: { version: '2', undoes: 'B'.repeat(26) } }],
    ['a field on the prototype', 'medication.update', fromJson('{"status":"active","__proto__":{"subject":1}}')],
    ['only a prototype', 'medication.update', fromJson('{"__proto__":{"status":"active"}}')],
    ['a constructor', 'document.update', fromJson('{"description":"x","constructor":{}}')],
    ['a prototype within', 'admin.update', phone({ ['__proto__']: { value: 'x' } })],
  ])('is not %s', (_what, type, change) => {
    expect(takes(type, change)).toBe(false);
  });

  /** Written out, so that the shapes are not compared with their own classes. */
  const unseen: readonly (readonly [first: number, last: number])[] = [
    [0x00, 0x08],
    [0x0b, 0x1f],
    [0x7f, 0x9f],
    [0xad, 0xad],
    [0x034f, 0x034f],
    [0x061c, 0x061c],
    [0x115f, 0x1160],
    [0x180b, 0x180f],
    [0x200b, 0x200f],
    [0x2028, 0x202e],
    [0x2060, 0x206f],
    [0x3164, 0x3164],
    [0xd800, 0xdfff],
    [0xe000, 0xf8ff],
    [0xfe00, 0xfe0f],
    [0xfeff, 0xfeff],
    [0xffa0, 0xffa0],
    [0xfff0, 0xfffb],
    [0xfffe, 0xffff],
    [0xe0001, 0xe007f],
    [0xe0100, 0xe01ef],
  ];
  const hidden = fc
    .oneof(...unseen.map(([min, max]) => fc.integer({ min, max })))
    .map((code) => String.fromCodePoint(code));

  it('holds no character that people do not see, wherever it stands', () => {
    fc.assert(
      fc.property(hidden, fc.string(), fc.string(), (sign, before, after) => {
        const text = `a${before}${sign}${after}z`;
        // Two halves of a pair beside each other are one seen character again.
        fc.pre(/\p{Cs}/u.test(sign) ? /\p{Cs}/u.test(text) : true);
        expect(
          [
            takes('medication.update', dosed({ text })),
            takes('medication.update', dosed({ patientInstruction: text })),
            takes('medication.update', { note: { text } }),
            takes('medication.update', dose({ unit: text })),
            takes('document.update', { description: text }),
            takes('document.update', { content: { text } }),
            takes('document.update', { content: { text: 'a', title: text } }),
            takes('admin.update', phone({ value: text })),
            takes('admin.update', { address: [{ city: text }] }),
            takes('admin.update', { address: [{ line: [text] }] }),
          ].includes(true),
        ).toBe(false);
      }),
    );
  });

  it('has an amount only where a finite positive number stands', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(takes('medication.update', dose({ value }))).toBe(value > 0 && value <= 1_000_000);
      }),
    );
  });
});

describe('the version to read for a roll-back', () => {
  it.each<[change: unknown, version: string | undefined]>([
    [{ restore: { version: '2' } }, '2'],
    [{ restore: { version: 'x', undoes: 'a'.repeat(26) } }, 'x'],
    [{ restore: { version: '2' }, status: 'active' }, undefined],
    [{ restore: { version: '' } }, undefined],
    [{ restore: { version: '2/../../Patient/p2' } }, undefined],
    [{ status: 'active' }, undefined],
    [fromJson('{"__proto__":{"restore":{"version":"2"}}}'), undefined],
    [undefined, undefined],
  ])('of %j is %s', (change, version) => {
    expect(restoredVersion(change)).toBe(version);
  });
});
