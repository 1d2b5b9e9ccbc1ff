import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findKnown, knownValues } from '../../../src/phi/known.js';
import { fold } from '../../../src/phi/normalise.js';

const liz = {
  resourceType: 'Patient',
  id: 'p1',
  name: [{ family: 'Conn-Müller', given: ['Liz', 'Ann'] }],
  birthDate: '1980-05-04',
  identifier: [{ value: 'MR-0041-7' }, { value: '7' }],
  telecom: [
    { system: 'phone', value: '(555) 867-5309' },
    { system: 'email', value: 'liz@example.org' },
  ],
  address: [{ line: ['12 Main Street'], city: 'Boston' }],
};
const bo = {
  resourceType: 'Patient',
  id: 'p2',
  name: [{ family: 'Hintz', given: ['Ned'] }],
  telecom: [{ value: '555-867-5309' }],
};
const known = knownValues([liz, bo], 'Patient/p1');
const found = (text: string, values = known) =>
  findKnown(values, fold(text)).map((span) => `${span.owner} ${span.class}: ${text.slice(span.start, span.end)}`);

describe('a known value', () => {
  it.each<[text: string, hit: string]>([
    ['seen: Liz Conn-Müller, stable', 'opened name: Liz Conn-Müller'],
    ['CONN MULLER, LIZ', 'opened name: CONN MULLER, LIZ'],
    ['liz ann conn müller', 'opened name: liz ann conn müller'],
    ['Ms Conn-Mu\u0308ller', 'opened name: Conn-Mu\u0308ller'],
    ['mr0041 7', 'opened identifier: mr0041 7'],
    ['5558675309', 'opened phone: 5558675309'],
    ['+1 555 867 5309', 'opened phone: 1 555 867 5309'],
    ['LIZ@EXAMPLE.ORG', 'opened email: LIZ@EXAMPLE.ORG'],
    ['12 Main  street', 'opened address: 12 Main  street'],
    ['1980-05-04', 'opened date: 1980-05-04'],
    ['5/4/80', 'opened date: 5/4/80'],
    ['04.05.1980', 'opened date: 04.05.1980'],
    ['May 4th, 1980', 'opened date: May 4th, 1980'],
    ['4 May 1980', 'opened date: 4 May 1980'],
    ['hintz, ned', 'other name: hintz, ned'],
  ])('is found in %p', (text, hit) => {
    expect(found(text)).toContain(hit);
  });

  it.each([
    ['within a longer word', 'lizconnmüllers'],
    ['within a longer number', '95558675309'],
    ['shorter than a name', '7'],
    ['of another by family name alone', 'Hintz sign positive'],
    ['as a short date without anything between', 'code 5480, dose 541980'],
    ['of nobody', 'aspirin 81 mg daily'],
  ])('is not found %s', (_where, text) => {
    expect(found(text)).toEqual([]);
  });

  it('that both share is the opened patient’s', () => {
    expect(found('555-867-5309')).toEqual(['opened phone: 555-867-5309']);
  });

  it('is another’s when no record was opened', () => {
    expect(found('Liz Conn-Müller', knownValues([liz]))).toEqual(['other name: Liz Conn-Müller']);
  });

  it('is taken from names beside references, whole addresses included', () => {
    const order = (reference: string) => ({
      resourceType: 'MedicationRequest',
      subject: { reference, display: 'Ned Hintz' },
    });
    expect(found('ned hintz', knownValues([order('Patient/p2')], 'Patient/p1'))).toEqual(['other name: ned hintz']);
    expect(found('ned hintz', knownValues([order('https://ehr.example/Patient/p1')], 'Patient/p1'))).toEqual([
      'opened name: ned hintz',
    ]);
    expect(found('ned hintz', knownValues([order('Group/p2')], 'Patient/p1'))).toEqual([]);
  });

  it('is taken from contained and relatives’ resources', () => {
    const relative = {
      resourceType: 'RelatedPerson',
      patient: { reference: 'Patient/p1' },
      name: [{ text: 'Jo Conn' }],
    };
    const values = knownValues(
      [{ resourceType: 'Bundle', entry: [{ resource: { contained: [relative, bo] } }] }],
      'Patient/p1',
    );
    expect(found('jo conn met ned hintz', values).sort()).toEqual(['opened name: jo conn', 'other name: ned hintz']);
  });

  it('is found in any case and punctuation', () => {
    const gaps = fc.constantFrom(' ', ', ', '  ', ' - ', '\n', '. ', '\u00a0', '\u200b ');
    fc.assert(
      fc.property(gaps, gaps, fc.boolean(), (one, two, upper) => {
        const name = `Liz${one}Conn${two}Müller`;
        const text = `x ${upper ? name.toUpperCase() : name} y`;
        expect(found(text).some((hit) => hit.startsWith('opened name'))).toBe(true);
      }),
    );
  });

  it('comes from nothing that is no FHIR', () => {
    fc.assert(fc.property(fc.array(fc.anything()), (junk) => Array.isArray(knownValues(junk, 'Patient/p1').values)));
    const odd = {
      resourceType: 'Patient',
      name: 'Liz',
      telecom: { value: 1 },
      birthDate: 5,
      address: [null],
      identifier: [7],
    };
    expect(knownValues([odd, null, 'Patient'], 'Patient/p1').values).toEqual([]);
  });
});
