import { describe, expect, it } from '@jest/globals';
import { fold } from '../../../src/phi/normalise.js';
import { findPatterns, patterns } from '../../../src/phi/patterns.js';

/** `class: matched text` of everything found. */
const found = (text: string) =>
  findPatterns(fold(text)).map((span) => `${span.class}: ${text.slice(span.start, span.end)}`);

describe('a pattern', () => {
  it.each<[text: string, hit: string]>([
    ['SSN 536-22-1234 on file', 'ssn: 536-22-1234'],
    ['536 22 1234', 'ssn: 536 22 1234'],
    ['ssn: 536221234', 'ssn: 536221234'],
    ['Social Security number 536221234', 'ssn: 536221234'],
    ['５３６-２２-１２３４', 'ssn: ５３６-２２-１２３４'],
    ['536‑22‑1234', 'ssn: 536‑22‑1234'],
    ['53\u200b6-22-1234', 'ssn: 53\u200b6-22-1234'],
    ['NPI 1234567893', 'npi: 1234567893'],
    ['call (555) 867-5309 now', 'phone: (555) 867-5309'],
    ['555-867-5309', 'phone: 555-867-5309'],
    ['+1 555.867.5309', 'phone: +1 555.867.5309'],
    ['+49 30 901820', 'phone: +49 30 901820'],
    ['mail liz.conn+x@example.co.uk today', 'email: liz.conn+x@example.co.uk'],
    ['see https://portal.example/p/7?x=1', 'url: https://portal.example/p/7?x=1'],
    ['from 203.0.113.9', 'ip: 203.0.113.9'],
    ['MRN: 00412-7', 'mrn: 00412-7'],
    ['medical record number 8841207', 'mrn: 8841207'],
    ['Patient ID #A99-1234', 'mrn: A99-1234'],
    ['Member ID: XYZ123456', 'health_plan: XYZ123456'],
    ['MBI 1EG4-TE5-MK73', 'health_plan: 1EG4-TE5-MK73'],
    ['account no. 99812345', 'account: 99812345'],
    ['card 4111 1111 1111 1111', 'account: 4111 1111 1111 1111'],
    ["driver's license D1234567", 'licence: D1234567'],
    ['DEA AB1234563', 'licence: AB1234563'],
    ['born 1980-05-04', 'date: 1980-05-04'],
    ['seen 5/4/1980', 'date: 5/4/1980'],
    ['seen 25.12.19', 'date: 25.12.19'],
    ['on May 30th, 2022', 'date: May 30th, 2022'],
    ['on 4 September 1980', 'date: 4 September 1980'],
    ['the 3rd of March', 'date: 3rd of March'],
    ['in March 2021', 'date: March 2021'],
    ['a 92-year-old man', 'age: 92-year'],
    ['aged 101', 'age: 101'],
    ['ZIP 02139', 'address: 02139'],
    ['Boston, MA 02139-4307', 'address: 02139-4307'],
  ])('finds in %p %s', (text, hit) => {
    expect(found(text)).toContain(hit);
  });

  it.each<[what: string, text: string]>([
    ['an SSN of area 000', '000-22-1234'],
    ['an SSN of area 666', '666-22-1234'],
    ['an SSN of area 9xx', '936-22-1234'],
    ['an SSN of group 00', '536-00-1234'],
    ['an SSN of serial 0000', '536-22-0000'],
    ['a number that fails the NPI check', '1234567890 units'],
    ['a service code', '911-867-5309'],
    ['a year', 'diagnosed in 2021'],
    ['an age of 89', 'an 89-year-old'],
    ['a dose', 'metoprolol 50 mg twice daily, 120/80 mmHg'],
    ['a 13th month', '2021-13-04'],
    ['a 32nd day', '2021-12-32'],
    ['an octet of 256', '1.2.3.256'],
    ['a card that fails Luhn', '4111 1111 1111 1112'],
    ['a DEA number that fails its check', 'AB1234564'],
    ['lab values', 'Na 140, K 4.1, eGFR 92, HbA1c 6.5%'],
    ['a RxNorm code', 'code 314076'],
    ['a month as a verb', 'patients may 50 mg tolerate'],
    ['a ratio of three', 'ratio 40/40/40'],
    ['words after MRN', 'MRN is unknown'],
    ['a state’s letters without a comma', 'or 10000 units of vitamin D'],
  ])('leaves %s alone', (_what, text) => {
    expect(found(text)).toEqual([]);
  });

  it.each(patterns.map(({ class: kind, shape }) => [kind, shape] as const))(
    'of the class %s repeats nothing without bound',
    (_kind, shape) => {
      const bare = shape.source.replaceAll(/\\./g, '').replaceAll(/\[[^\]]*\]/g, '');
      expect(bare).not.toMatch(/[+*]|\{\d+,\}/);
    },
  );
});
