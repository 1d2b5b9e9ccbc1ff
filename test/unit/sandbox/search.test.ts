import { describe, expect, it } from '@jest/globals';
import { subset } from '../../../sandbox/src/ehr/elements.js';
import { parseStored } from '../../../sandbox/src/ehr/resource.js';
import { planSearch } from '../../../sandbox/src/ehr/search.js';

const meta = { versionId: '1', lastUpdated: '2026-03-02T09:00:00.000Z' };
const encounter = parseStored({
  resourceType: 'Encounter',
  id: 'e1',
  meta,
  identifier: [{ system: 'urn:visits', value: '77' }],
  status: 'in-progress',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
  subject: { reference: 'Patient/p1' },
  participant: [{ individual: { reference: 'Practitioner/chen' } }, { individual: { reference: 'RelatedPerson/kin' } }],
  period: { start: '2026-03-02T09:00:00Z' },
});
const observation = parseStored({
  resourceType: 'Observation',
  id: 'o1',
  meta,
  status: 'final',
  category: [{ coding: [{ system: 'urn:categories', code: 'laboratory' }] }],
  code: { coding: [{ system: 'http://loinc.org', code: '4548-4' }], text: 'HbA1c' },
  subject: { reference: 'Patient/p1' },
  encounter: { reference: 'Encounter/e1' },
  effectiveDateTime: '2026-03-02T09:30:00Z',
  _effectiveDateTime: { extension: [] },
  valueQuantity: { value: 7 },
  note: [{ text: 'fasting' }],
});

const matches = (query: string, resource = encounter) =>
  planSearch(resource.resourceType, new URLSearchParams(query)).matches(resource);

describe('a search parameter', () => {
  it.each([
    ['_id=e1'],
    ['_id=other,e1'],
    ['patient=p1'],
    ['patient=Patient/p1'],
    ['subject=p1'],
    ['subject=Patient/p1'],
    ['status=in-progress'],
    ['status=arrived,in-progress'],
    ['status:not=finished'],
    ['class=AMB'],
    ['class=http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB'],
    ['class=http://terminology.hl7.org/CodeSystem/v3-ActCode|'],
    ['identifier=urn:visits|77'],
    ['identifier=77'],
    ['participant=Practitioner/chen'],
    ['participant=RelatedPerson/kin'],
    ['practitioner=chen'],
    ['date=ge2026-03-02'],
    ['date=gt2030-01-01'], // the period has no end
    ['patient=p1&status=in-progress'],
  ])('matches %s', (query) => {
    expect(matches(query)).toBe(true);
  });

  it.each([
    ['_id=E1'],
    ['patient=p'],
    ['patient=Group/p1'],
    ['status=In-Progress'],
    ['status:not=in-progress'],
    ['class=urn:other|AMB'],
    ['class=|AMB'],
    ['identifier=urn:other|77'],
    ['practitioner=kin'],
    ['practitioner=RelatedPerson/kin'],
    ['date=lt2026-03-02'],
    ['date=2026-03-02'], // open-ended: not within the day
    ['patient=p1&status=finished'],
    ['patient=p1&patient=p2'],
  ])('does not match %s', (query) => {
    expect(matches(query)).toBe(false);
  });

  it.each([
    ['date=2026', true],
    ['date=2026-03', true],
    ['date=2026-03-02', true],
    ['date=2026-03-03', false],
    ['date=ne2026-03-03', true],
    ['date=gt2026-03-01', true],
    ['date=gt2026-03-02', false],
    ['date=ge2026-03-02', true],
    ['date=lt2026-03-02', false],
    ['date=lt2026-03-03', true],
    ['date=le2026-03-02', true],
    ['date=sa2026-03-01', true],
    ['date=sa2026-03-02', false],
    ['date=eb2026-03-03', true],
    ['date=eb2026-03-02', false],
    ['date=2026-03-02T09:30:00Z', true],
    ['date=2026-03-02T10:30:00%2B01:00', true],
    ['date=ge2026-03-01&date=lt2026-03-02', false],
  ])('compares %s with an instant: %s', (query, expected) => {
    expect(matches(query, observation)).toBe(expected);
  });

  it.each([
    ['unknown=1', 'not-supported'],
    ['constructor=1', 'not-supported'],
    ['_sort=date', 'not-supported'],
    ['patient.name=x', 'not-supported'],
    ['patient:Patient=p1', 'not-supported'],
    ['patient:not=p1', 'not-supported'],
    ['patient=', 'invalid'],
    ['status=final,', 'invalid'],
    ['code=|', 'invalid'],
    ['date=yesterday', 'invalid'],
    ['date=2026-02-30', 'invalid'],
    ['date=2026-03-02T25:00:00Z', 'invalid'],
    ['date=ap2026-03-02', 'invalid'],
    ['_count=0', 'invalid'],
    ['_count=-1', 'invalid'],
    ['_count=ten', 'invalid'],
    ['_after=1.5', 'invalid'],
    ['_total=some', 'invalid'],
    ['_elements=', 'invalid'],
    ['_elements=code,,status', 'invalid'],
  ])('refuses %s', (query, code) => {
    expect(() => matches(query, observation)).toThrow(expect.objectContaining({ status: 400, code }));
  });

  it('refuses a type that the server does not hold', () => {
    expect(() => planSearch('constructor', new URLSearchParams())).toThrow(expect.objectContaining({ status: 404 }));
  });
});

describe('_elements', () => {
  it('keeps what was asked, what is mandatory and what says which resource it is', () => {
    expect(Object.keys(subset(observation, ['note'])).sort()).toEqual([
      'code',
      'id',
      'meta',
      'note',
      'resourceType',
      'status',
    ]);
  });

  it('takes a choice by its stem, and an extension with its element', () => {
    const keys = Object.keys(subset(observation, ['value', 'effective']));
    expect(keys).toEqual(expect.arrayContaining(['valueQuantity', 'effectiveDateTime', '_effectiveDateTime']));
  });

  it('marks the resource as incomplete and leaves the stored one alone', () => {
    expect(subset(observation, ['note']).meta.tag).toEqual([expect.objectContaining({ code: 'SUBSETTED' })]);
    expect(observation.meta.tag).toBeUndefined();
  });
});
