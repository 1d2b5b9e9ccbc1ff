import { describe, expect, it } from '@jest/globals';
import { relationOf, type RelationFacts } from '../../../src/ehr/relation.js';

const base = 'https://ehr.example/fhir';
const asOf = new Date('2026-03-01T10:00:00Z');
const doctor = (reference: string, end?: string) => ({ individual: { reference }, ...(end && { period: { end } }) });
const encounter = (status: string, ...participant: unknown[]) => ({
  resourceType: 'Encounter',
  id: 'e1',
  status,
  participant,
});
const facts = (encounters: unknown[], practitioner: string | undefined = 'Practitioner/chen'): RelationFacts => ({
  encounters,
  practitioner,
  base,
  asOf,
});

describe('a treatment relationship', () => {
  it.each<[what: string, facts: RelationFacts, status: string]>([
    ['a participant of an open episode', facts([encounter('in-progress', doctor('Practitioner/chen'))]), 'related'],
    [
      'one of several',
      facts([encounter('arrived', doctor('Practitioner/dora'), doctor('Practitioner/chen'))]),
      'related',
    ],
    ['by absolute reference', facts([encounter('triaged', doctor(`${base}/Practitioner/chen`))]), 'related'],
    [
      'whose part ends later',
      facts([encounter('onleave', doctor('Practitioner/chen', '2026-03-01T10:00:01Z'))]),
      'related',
    ],
    [
      'whose part has ended',
      facts([encounter('in-progress', doctor('Practitioner/chen', '2026-03-01T10:00:00Z'))]),
      'not_related',
    ],
    [
      'whose part ends who knows when',
      facts([encounter('in-progress', doctor('Practitioner/chen', 'soon'))]),
      'not_related',
    ],
    ['somebody else', facts([encounter('in-progress', doctor('Practitioner/dora'))]), 'not_related'],
    [
      'a namesake elsewhere',
      facts([encounter('in-progress', doctor('https://x.example/Practitioner/chen'))]),
      'not_related',
    ],
    ['a finished episode', facts([encounter('finished', doctor('Practitioner/chen'))]), 'not_related'],
    ['a planned one', facts([encounter('planned', doctor('Practitioner/chen'))]), 'not_related'],
    ['a status that FHIR does not have', facts([encounter('IN-PROGRESS', doctor('Practitioner/chen'))]), 'not_related'],
    ['no participants', facts([{ status: 'in-progress' }]), 'not_related'],
    ['no such Encounter', facts([]), 'unknown'],
    [
      'two of them',
      facts([encounter('in-progress', doctor('Practitioner/chen')), encounter('in-progress')]),
      'unknown',
    ],
    ['one without a status', facts([{ participant: [doctor('Practitioner/chen')] }]), 'unknown'],
    [
      'a principal who is no practitioner',
      { ...facts([encounter('in-progress', {})]), practitioner: undefined },
      'unknown',
    ],
  ])('%s: %s', (_what, given, status) => {
    expect(relationOf(given).status).toBe(status);
  });
});
