import { describe, expect, it } from '@jest/globals';
import { parseResource } from '../../../sandbox/src/ehr/resource.js';
import { allowsResource, allowsSearch, allowsType, covers, parseScope } from '../../../sandbox/src/ehr/scopes.js';

const scopesOf = (...texts: string[]) => texts.flatMap((text) => parseScope(text) ?? []);
const ofPatient = scopesOf('system/MedicationRequest.rs?patient=p1');
const order = (patient: string) =>
  parseResource({ resourceType: 'MedicationRequest', id: 'm1', subject: { reference: patient } });

describe('a SMART v2 scope', () => {
  it.each([
    ['system/Patient.r'],
    ['system/*.rs'],
    ['system/Observation.cruds'],
    ['system/Observation.rs?category=urn:categories|laboratory&patient=p1'],
  ])('%s is understood', (text) => {
    expect(parseScope(text)?.text).toBe(text);
  });

  it.each([
    ['user/Patient.r'],
    ['system/Patient.read'],
    ['system/Patient.sr'],
    ['system/Patient.'],
    ['system/Patient'],
    ['system/Unheard.r'],
    ['system/*.rs?patient=p1'],
    ['system/Observation.rs?bogus=1'],
    ['system/Observation.rs?_count=1'],
    ['system/Observation.rs?'],
    ['SYSTEM/Patient.r'],
  ])('%s is none', (text) => {
    expect(parseScope(text)).toBeUndefined();
  });

  it.each([
    ['system/*.rs', 'system/Patient.r', true],
    ['system/*.rs', 'system/Patient.rs', true],
    ['system/*.rs', 'system/*.s', true],
    ['system/*.rs', 'system/Encounter.s?patient=p1', true],
    ['system/Patient.rs', 'system/*.rs', false],
    ['system/Patient.r', 'system/Patient.rs', false],
    ['system/Patient.r', 'system/Encounter.r', false],
    ['system/Encounter.rs?patient=p1', 'system/Encounter.rs', false],
    ['system/Encounter.rs?patient=p1', 'system/Encounter.rs?patient=p2', false],
    ['system/Encounter.rs?patient=p1', 'system/Encounter.rs?patient=Patient/p1&status=finished', true],
  ])('%s covers %s: %s', (granted, asked, expected) => {
    const [wide, narrow] = scopesOf(granted, asked);
    expect(wide && narrow && covers(wide, narrow)).toBe(expected);
  });

  it.each([
    ['patient=p1', true],
    ['patient=Patient/p1&status=active', true],
    ['', false],
    ['status=active', false],
    ['patient=p2', false],
    ['patient=p1,p2', false],
    ['subject=p1', false],
  ])('with a filter lets a search by "%s" pass: %s', (query, expected) => {
    expect(allowsSearch(ofPatient, 'MedicationRequest', new URLSearchParams(query))).toBe(expected);
  });

  it('with a filter is for the resources that it matches', () => {
    expect(allowsResource(ofPatient, 'r', order('Patient/p1'))).toBe(true);
    expect(allowsResource(ofPatient, 'r', order('Patient/p2'))).toBe(false);
    expect(allowsResource(ofPatient, 'u', order('Patient/p1'))).toBe(false);
  });

  it('does not take a subject for a patient of the same id', () => {
    const [group, patient] = scopesOf('system/Encounter.s?subject=Patient/p1', 'system/Encounter.s?subject=p1');
    expect(group && patient && covers(group, patient)).toBe(false);
  });

  it('allows nothing when there is none', () => {
    expect(allowsType([], 'r', 'Patient')).toBe(false);
  });
});
