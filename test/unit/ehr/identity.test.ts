import { describe, expect, it } from '@jest/globals';
import type { Resource } from '../../../src/ehr/bundle.js';
import { patientIdentity } from '../../../src/ehr/patient-identity.js';
import { recordIdentity, type RecordIdentity } from '../../../src/ehr/record-identity.js';
import { targetsOf, writeTypes } from '../../../src/ehr/write-elements.js';
import {
  allergy,
  condition,
  documentReference,
  immunization,
  medication,
  outcomeOf,
  person1,
  procedure,
} from './write-records.js';

const named = (...names: unknown[]) => patientIdentity({ resourceType: 'Patient', name: names }).name;
const official = { use: 'official', given: ['Maria', 'Luisa'], family: 'Rossi' };

describe('whose record it is', () => {
  it('is the name and the birth date that the EHR gives, and nothing else of the patient', () => {
    expect(patientIdentity({ ...person1, birthDate: '1954-03-02' })).toEqual({
      name: 'Quill',
      birthDate: '1954-03-02',
    });
  });

  it.each<[what: string, name: string | null, names: unknown[]]>([
    ['all of the official name', 'Maria Luisa Rossi', [official]],
    ['prefix and suffix with it', 'Dr Maria Luisa Rossi MD', [{ ...official, prefix: ['Dr'], suffix: ['MD'] }]],
    ['the text where there is one', 'Rossi, Maria', [{ ...official, text: 'Rossi, Maria' }]],
    ['the official one among others', 'Maria Luisa Rossi', [{ use: 'nickname', text: 'Mia' }, { text: 'M' }, official]],
    ['the one without a use before a nickname', 'M', [{ use: 'nickname', text: 'Mia' }, { text: 'M' }]],
    ['a maiden name where there is no other', 'Bianchi', [{ use: 'maiden', family: 'Bianchi' }]],
    [
      'the first that says anything',
      'Mia',
      [
        { use: 'official', family: ' ' },
        { use: 'nickname', text: 'Mia' },
      ],
    ],
    ['none where there is none', null, []],
    ['none where it is empty', null, [{ use: 'official' }]],
    ['none where it cannot be read', null, ['Maria Rossi']],
  ])('has %s', (_what, name, names) => {
    expect(named(...names)).toBe(name);
  });

  it.each([null, {}, { name: 'Maria', birthDate: 5 }, { birthDate: ' ' }])('is plainly unknown for %j', (resource) => {
    expect(patientIdentity(resource)).toEqual({ name: null, birthDate: null });
  });

  it('is not told of a patient that cannot be shown as it is', () => {
    expect(outcomeOf(() => patientIdentity({ name: [{ family: '\ud800' }] }))).toBe('ehr.malformed');
  });
});

const nothing: RecordIdentity = { name: null, coded: null, date: null, status: null, text: null };
const changed = (resource: Resource, fields: Readonly<Record<string, unknown>>): Resource => ({
  ...resource,
  ...fields,
});
const coded = { coding: [{ code: '860975' }, { code: '1', display: 'Metformin 500 MG Oral Tablet' }] };

describe('which record it is', () => {
  it.each<[what: string, resource: Resource, identity: Partial<RecordIdentity>]>([
    [
      'an order',
      changed(medication, {
        medicationCodeableConcept: { ...coded, text: 'metformin' },
        authoredOn: '2026-10-01',
        dosageInstruction: [{ text: 'One in the morning' }, { route: { text: 'oral' } }, { text: 'one at night' }],
      }),
      {
        name: 'metformin',
        coded: 'Metformin 500 MG Oral Tablet',
        date: { word: 'ordered', on: '2026-10-01' },
        status: 'active',
        text: 'One in the morning; one at night',
      },
    ],
    [
      'an order by its code',
      changed(medication, { medicationCodeableConcept: coded, dosageInstruction: [] }),
      { name: 'Metformin 500 MG Oral Tablet', status: 'active' },
    ],
    [
      'an order by the name of a reference',
      changed(medication, {
        medicationCodeableConcept: undefined,
        medicationReference: { reference: 'Medication/1', display: 'metformin' },
        dosageInstruction: undefined,
      }),
      { name: 'metformin', status: 'active' },
    ],
    [
      'an order that brings its medication along',
      changed(medication, {
        medicationCodeableConcept: undefined,
        medicationReference: { reference: '#m' },
        contained: [
          { resourceType: 'Medication', id: 'x', code: { text: 'aspirin' } },
          { resourceType: 'Medication', id: 'm', code: { ...coded, text: 'metformin' } },
        ],
        dosageInstruction: undefined,
      }),
      { name: 'metformin', coded: 'Metformin 500 MG Oral Tablet', status: 'active' },
    ],
    [
      'an order of which the EHR says nothing',
      changed(medication, { medicationCodeableConcept: { text: ' ' }, dosageInstruction: 'daily', status: 1 }),
      {},
    ],
    [
      'a document',
      changed(documentReference, { type: { text: 'Discharge note' }, date: '2026-03-01T09:00:00Z' }),
      { name: 'Discharge note', date: { word: 'dated', on: '2026-03-01T09:00:00Z' }, status: 'current', text: 'Visit' },
    ],
    [
      'an allergy',
      changed(allergy, { recordedDate: '2025-10-21' }),
      { name: 'Penicillin', date: { word: 'recorded', on: '2025-10-21' }, status: 'active, confirmed' },
    ],
    ['a diagnosis', condition, { name: 'Gout', status: 'resolved, confirmed' }],
    ['an immunization', immunization, { name: 'MMR', date: { word: 'given', on: '2020-01-01' }, status: 'completed' }],
    [
      'a procedure',
      changed(procedure, { code: { text: 'Appendectomy' }, performedDateTime: '2019' }),
      { name: 'Appendectomy', date: { word: 'performed', on: '2019' }, status: 'completed' },
    ],
    ['a patient', changed(person1, { birthDate: '1954' }), { name: 'Quill', date: { word: 'born', on: '1954' } }],
    ['a type of no write', { resourceType: 'Observation', id: 'o1', code: { text: 'Pulse' } }, {}],
  ])('is told of %s', (_what, resource, identity) => {
    expect(recordIdentity(resource)).toEqual({ ...nothing, ...identity });
  });

  it('has a name for every type that is written', () => {
    const records = [allergy, condition, documentReference, immunization, medication, person1, procedure];
    const named = records.map((record) => changed(record, { type: { text: 'Note' }, code: { text: 'X' } }));
    for (const record of named) {
      expect(writeTypes.some((type) => targetsOf(type, record.resourceType).length > 0)).toBe(true);
      expect(recordIdentity(record).name).not.toBeNull();
    }
  });
});
