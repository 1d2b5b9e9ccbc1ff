import { parseResource, type Resource } from '../ehr/resource.js';
import { dayFrom, instantFrom } from './calendar.js';
import { allergyIntolerance, condition, encounter, medicationRequest, observation, type Chart } from './records.js';
import { randomFrom, type Random } from './random.js';
import {
  allergies,
  conditions,
  familyNames,
  givenNames,
  labs,
  medications,
  places,
  streets,
  systems,
  vitalSigns,
} from './vocabulary.js';

export interface People {
  readonly seed: string;
  /** `YYYY-MM-DD`; every date of every record is counted from it. */
  readonly today: string;
  readonly count: number;
}

/**
 * Synthetic patients with their closed visits and what was found there. The same arguments make the same bytes;
 * ids depend on the seed alone. Telephone numbers are from the range kept for fiction, mail goes to example.org.
 */
export function generatedPeople({ seed, today, count }: People): readonly Resource[] {
  return Array.from({ length: count }, (_, place) =>
    generatedPerson(randomFrom(`${seed}/person/${place}`), today, place),
  ).flat();
}

function generatedPerson(random: Random, today: string, place: number): readonly Resource[] {
  const id = random.uuid();
  const patient = `Patient/${id}`;
  const visits = [-900, -420, -60].map((days) => ({ id: random.uuid(), days: days + random.int(-20, 20) }));
  const last = visits.at(-1) ?? { id: random.uuid(), days: -60 };
  const chart: Chart = { patient, encounter: `Encounter/${last.id}` };
  const at = instantFrom(today, last.days, '14:10');
  const prescribed = random.some(medications, 3);
  return [
    person(random, { id, today, place }),
    ...visits.map(({ id, days }) =>
      encounter({ id, patient, start: instantFrom(today, days, '14:00'), end: instantFrom(today, days, '14:30') }),
    ),
    ...random
      .some(conditions, random.int(1, 2))
      .map((each) => condition({ id: random.uuid(), chart, condition: each, onset: dayFrom(today, last.days - 300) })),
    ...prescribed.map((medication, order) =>
      medicationRequest({
        id: random.uuid(),
        chart,
        medication,
        status: order < 2 ? 'active' : 'stopped',
        authoredOn: at,
      }),
    ),
    ...random
      .some(allergies, random.int(1, 2))
      .map((allergy) => allergyIntolerance({ id: random.uuid(), chart, allergy, recordedDate: at })),
    ...labs.map((measurement) => reading(random, { chart, measurement, category: 'laboratory' as const, at })),
    ...vitalSigns.map((measurement) => reading(random, { chart, measurement, category: 'vital-signs' as const, at })),
  ];
}

function reading(random: Random, about: Omit<Parameters<typeof observation>[0], 'id' | 'value'>): Resource {
  const { low, high } = about.measurement;
  return observation({ ...about, id: random.uuid(), value: random.int(low * 10, high * 10) / 10 });
}

function person(
  random: Random,
  { id, today, place }: { readonly id: string; readonly today: string; readonly place: number },
): Resource {
  const gender = random.pick<'female' | 'male'>(['female', 'male']);
  const given = random.pick<string>(givenNames[gender]);
  const family = random.pick(familyNames);
  return parseResource({
    resourceType: 'Patient',
    id,
    identifier: [
      {
        use: 'usual',
        type: {
          coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }],
          text: 'Medical Record Number',
        },
        system: systems.mrn,
        value: `MRN-${random.int(1_000_000, 9_999_999)}`,
      },
    ],
    active: true,
    name: [{ use: 'official', family, given: [given] }],
    telecom: [
      { system: 'phone', value: `555-01${String(10 + place).padStart(2, '0')}`, use: 'home' },
      { system: 'email', value: `${given}.${family}@example.org`.toLowerCase() },
    ],
    gender,
    birthDate: dayFrom(today, -365 * random.int(24, 88) - random.int(0, 364)),
    address: [
      {
        use: 'home',
        line: [`${random.int(2, 180)} ${random.pick(streets)}`],
        ...random.pick(places),
        state: 'MA',
        country: 'US',
      },
    ],
  });
}
