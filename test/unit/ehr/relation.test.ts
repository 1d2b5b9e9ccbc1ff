import { describe, expect, it } from '@jest/globals';
import { relationOf, relationReadings, type FoundRelation, type RelationFacts } from '../../../src/ehr/relation.js';
import { project } from '../../../src/ehr/project.js';

const base = 'https://ehr.example/fhir';
const asOf = new Date('2026-03-01T10:00:00Z');
const before = '2026-03-01T09:59:59Z';
const now = '2026-03-01T10:00:00Z';
const later = '2026-03-01T10:00:01Z';
const chen = { reference: 'Practitioner/chen' };
const place = (reference: string, more: object = {}) => ({ location: { reference }, ...more });

const doctor = (reference: string, end?: string) => ({ individual: { reference }, ...(end && { period: { end } }) });
const encounter = (status: string, ...participant: unknown[]) => ({
  resourceType: 'Encounter',
  id: 'e1',
  status,
  participant,
});
/** An open episode in which somebody else takes part. */
const others = encounter('in-progress', doctor('Practitioner/dora'));
const team = (more: object = {}, member: object = {}) => ({
  resourceType: 'CareTeam',
  id: 't1',
  status: 'active',
  participant: [{ member: chen, ...member }],
  ...more,
});

const nobody = { departments: new Set<string>(), places: new Map<string, string>(), agentDepartment: undefined };
const facts = (encounters: unknown[], more: Partial<RelationFacts> = {}): RelationFacts => ({
  encounters,
  teams: [],
  truncated: false,
  practitioner: 'Practitioner/chen',
  duty: nobody,
  base,
  asOf,
  ...more,
});

describe('a treatment relationship by the Encounter', () => {
  it.each<[what: string, facts: RelationFacts, status: FoundRelation['status']]>([
    ['a participant of an open episode', facts([encounter('in-progress', doctor('Practitioner/chen'))]), 'related'],
    [
      'one of several',
      facts([encounter('arrived', doctor('Practitioner/dora'), doctor('Practitioner/chen'))]),
      'related',
    ],
    ['by absolute reference', facts([encounter('triaged', doctor(`${base}/Practitioner/chen`))]), 'related'],
    ['whose part ends later', facts([encounter('onleave', doctor('Practitioner/chen', later))]), 'related'],
    ['whose part has ended', facts([encounter('in-progress', doctor('Practitioner/chen', now))]), 'not_related'],
    [
      'whose part begins later',
      facts([encounter('in-progress', { individual: chen, period: { start: later } })]),
      'not_related',
    ],
    [
      'whose part ends who knows when',
      facts([encounter('in-progress', doctor('Practitioner/chen', 'soon'))]),
      'not_related',
    ],
    ['somebody else', facts([others]), 'not_related'],
    [
      'a namesake elsewhere',
      facts([encounter('in-progress', doctor('https://x.example/Practitioner/chen'))]),
      'not_related',
    ],
    ['a finished episode', facts([encounter('finished', doctor('Practitioner/chen'))]), 'not_related'],
    ['a planned one', facts([encounter('planned', doctor('Practitioner/chen'))]), 'not_related'],
    ['a status that FHIR does not have', facts([encounter('IN-PROGRESS', doctor('Practitioner/chen'))]), 'not_related'],
    ['no participants', facts([{ id: 'e1', status: 'in-progress' }]), 'not_related'],
    ['no such Encounter', facts([]), 'unknown'],
    [
      'two of them',
      facts([encounter('in-progress', doctor('Practitioner/chen')), encounter('in-progress')]),
      'unknown',
    ],
    ['one without a status', facts([{ id: 'e1', participant: [doctor('Practitioner/chen')] }]), 'unknown'],
    [
      'a principal who is no practitioner',
      { ...facts([encounter('in-progress', {})]), practitioner: undefined },
      'unknown',
    ],
  ])('%s: %s', (_what, given, status) => {
    const found = relationOf(given);
    expect(found).toEqual({ status, ...(status === 'related' && { basis: 'encounter_participant' }) });
  });
});

describe('a treatment relationship by the care team', () => {
  const finished = encounter('finished');
  it.each<[what: string, encounters: unknown[], teams: unknown[], status: FoundRelation['status']]>([
    ['a member', [others], [team()], 'related'],
    ['after the episode, by a team of no episode', [finished], [team()], 'related'],
    ['by the second team', [others], [team({ participant: [] }), team()], 'related'],
    ['by a team of this episode', [others], [team({ encounter: { reference: 'Encounter/e1' } })], 'related'],
    [
      'by one of this episode, which is over',
      [finished],
      [team({ encounter: { reference: 'Encounter/e1' } })],
      'not_related',
    ],
    ['by one of another episode', [others], [team({ encounter: { reference: 'Encounter/e2' } })], 'not_related'],
    [
      'by one of an episode that it only describes',
      [others],
      [team({ encounter: { display: 'ward 3' } })],
      'not_related',
    ],
    ['a team that is proposed', [others], [team({ status: 'proposed' })], 'not_related'],
    ['one without a status', [others], [team({ status: undefined })], 'not_related'],
    ['a team whose time is over', [others], [team({ period: { end: now } })], 'not_related'],
    ['one whose time comes', [others], [team({ period: { start: later } })], 'not_related'],
    ['one whose time it is', [others], [team({ period: { start: before, end: later } })], 'related'],
    ['one whose day it is', [others], [team({ period: { start: '2026-03-01', end: '2026-03-02' } })], 'related'],
    ['one whose last day it is', [others], [team({ period: { end: '2026-03-01' } })], 'not_related'],
    ['one that began who knows when', [others], [team({ period: { start: '1' } })], 'not_related'],
    ['one that began who knows where', [others], [team({ period: { start: '2026-02-01T10:00:00' } })], 'not_related'],
    ['a member whose time is over', [others], [team({}, { period: { end: before } })], 'not_related'],
    [
      'a member elsewhere',
      [others],
      [team({}, { member: { reference: 'https://x.example/Practitioner/chen' } })],
      'not_related',
    ],
    ['the patient, who is in the team', [others], [team({}, { member: { reference: 'Patient/p1' } })], 'not_related'],
    [
      'a member of a team that cannot be read, among one that can',
      [others],
      [team({ participant: 'chen' }), team()],
      'related',
    ],
    ['nobody whom we can read', [others], [team({ participant: 'chen' })], 'unknown'],
    ['a member, where nobody knows of which episode', [], [team()], 'unknown'],
  ])('%s: %s', (_what, encounters, teams, status) => {
    const found = relationOf(facts(encounters, { teams }));
    expect(found).toEqual({ status, ...(status === 'related' && { basis: 'care_team' }) });
  });

  it('is not denied where there were more teams than were read', () => {
    expect(relationOf(facts([others], { truncated: true })).status).toBe('unknown');
    expect(relationOf(facts([others], { truncated: true, teams: [team()] })).status).toBe('related');
  });
});

describe('a treatment relationship by duty', () => {
  const ward = 'Organization/cardiology';
  const duty = {
    departments: new Set(['cardiology', 'stroke']),
    places: new Map([
      [ward, 'cardiology'],
      ['Location/unit-3', 'stroke'],
      ['Location/lab', 'laboratory'],
    ]),
    agentDepartment: 'cardiology',
  };
  const at = (more: object) => ({ ...others, ...more });

  it.each<[what: string, encounter: object, departments: readonly string[]]>([
    ['for the department that provides the episode', at({ serviceProvider: { reference: ward } }), ['cardiology']],
    ['by absolute reference', at({ serviceProvider: { reference: `${base}/${ward}` } }), ['cardiology']],
    [
      'for the one where the patient lies',
      at({ location: [place('Location/unit-3', { status: 'active' })] }),
      ['stroke'],
    ],
    [
      'for both',
      at({ serviceProvider: { reference: ward }, location: [place('Location/unit-3')] }),
      ['cardiology', 'stroke'],
    ],
    ['for the agent’s, where the Encounter names no place', others, ['cardiology']],
  ])('%s', (_what, given, departments) => {
    expect(relationOf(facts([given], { duty }))).toEqual({ status: 'related', basis: 'on_call', departments });
  });

  it.each<[what: string, encounter: object, duty: RelationFacts['duty']]>([
    ['of another department', at({ location: [place('Location/lab')] }), duty],
    ['of no department that is known', at({ serviceProvider: { reference: 'Organization/hospital' } }), duty],
    ['that only describes its place', at({ serviceProvider: { display: 'Cardiology' } }), duty],
    ['that the patient has left', at({ location: [place('Location/unit-3', { status: 'completed' })] }), duty],
    ['where the patient will come', at({ location: [place('Location/unit-3', { period: { start: later } })] }), duty],
    ['at another EHR', at({ serviceProvider: { reference: `https://x.example/${ward}` } }), duty],
    ['that is over', { ...encounter('finished'), serviceProvider: { reference: ward } }, duty],
    ['without a place, by an agent of no department', others, { ...duty, agentDepartment: undefined }],
    [
      'of a department for which somebody else is on call',
      at({ serviceProvider: { reference: ward } }),
      { ...duty, departments: new Set() },
    ],
  ])('is none in an episode %s', (_what, given, theirs) => {
    expect(relationOf(facts([given], { duty: theirs })).status).toBe('not_related');
  });

  it('counts last: what the EHR shows is the better ground', () => {
    const own = encounter('in-progress', doctor('Practitioner/chen'));
    expect(relationOf(facts([own], { duty }))).toMatchObject({ basis: 'encounter_participant' });
    expect(relationOf(facts([others], { duty, teams: [team()] }))).toMatchObject({ basis: 'care_team' });
  });
});

describe('what is read for it', () => {
  it('keeps whatever would let a part look absent that is there', () => {
    const [ofEncounter, ofTeam] = relationReadings.map(({ fields }) => fields);
    const bound = { ...team({ encounter: { display: 'ward 3' }, period: { start: 'soon' } }), name: 'Heart team' };
    expect(project(bound, ofTeam ?? [])).toEqual(team({ encounter: { display: 'ward 3' }, period: { start: 'soon' } }));
    const placed = { ...others, serviceProvider: { display: 'Cardiology' }, location: [{ status: 'active' }] };
    expect(project({ ...placed, reasonCode: [{ text: 'Chest pain' }] }, ofEncounter ?? [])).toEqual(placed);
  });

  it('grants nothing to a member of a team whose episode is not told by reference', () => {
    const read = project(team({ encounter: { identifier: { value: 'v1' } } }), relationReadings[1]?.fields ?? []);
    expect(relationOf(facts([others], { teams: [read] })).status).toBe('not_related');
  });
});
