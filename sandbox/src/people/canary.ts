/** A patient whose every value is found nowhere else, so that a leak of any of them can be searched for. */
import { parseResource, type Resource } from '../ehr/resource.js';
import { dayFrom, instantFrom } from './calendar.js';
import { allergyIntolerance, encounter, medicationRequest, progressNote } from './records.js';
import { systems } from './vocabulary.js';

const name = { given: 'Zzyzx', family: 'Quillfeather' };
const birthDate = '1931-02-28';
const phone = '555-0142';
const mrn = 'MRN-CANARY-7731904';
const street = '17 Larkspur Gallows';
const email = 'z.quillfeather@canary.example.org';
const quillamine = { code: '99000001', display: 'Quillamine 37 MG Oral Tablet', dose: '37 mg', frequency: 3 };
const zephyrolol = { code: '99000002', display: 'Zephyrolol 4.5 MG Oral Capsule', dose: '4.5 mg', frequency: 2 };
const moonseed = {
  code: '99000003',
  display: 'Allergy to moonseed resin',
  category: 'environment',
  reaction: 'Cobalt blistering',
};
const note = 'Quillfeather reports vermilion tinnitus.';

/** The canary's open encounter is not among the demo patients. */
export const canaryPatient = {
  patient: 'Patient/canary',
  encounter: 'Encounter/canary-open',
  name: `${name.given} ${name.family}`,
} as const;

/** Texts that must turn up nowhere outside the EHR and what was sealed or released. */
export const canaryValues: readonly string[] = [
  canaryPatient.patient,
  canaryPatient.encounter,
  name.given,
  name.family,
  birthDate,
  phone,
  mrn,
  street,
  email,
  quillamine.display,
  zephyrolol.display,
  moonseed.display,
  moonseed.reaction,
  'vermilion tinnitus',
];

/** Patient, open encounter, two active medications, an allergy and a note. */
export function canary(today: string): readonly Resource[] {
  const { patient, encounter: open } = canaryPatient;
  const chart = { patient, encounter: open };
  const start = instantFrom(today, -1, '15:30');
  const active = { chart, status: 'active', authoredOn: instantFrom(today, -30, '09:00') } as const;
  return [
    parseResource({
      resourceType: 'Patient',
      id: 'canary',
      identifier: [
        {
          use: 'usual',
          type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
          system: systems.mrn,
          value: mrn,
        },
      ],
      active: true,
      name: [{ use: 'official', family: name.family, given: [name.given] }],
      telecom: [
        { system: 'phone', value: phone, use: 'home' },
        { system: 'email', value: email },
      ],
      gender: 'other',
      birthDate,
      address: [{ use: 'home', line: [street], city: 'Worcester', state: 'MA', postalCode: '01602', country: 'US' }],
    }),
    encounter({ id: 'canary-open', patient, start }),
    medicationRequest({ id: 'canary-medication-1', medication: quillamine, ...active }),
    medicationRequest({ id: 'canary-medication-2', medication: zephyrolol, ...active }),
    allergyIntolerance({ id: 'canary-allergy', chart, allergy: moonseed, recordedDate: dayFrom(today, -400) }),
    progressNote('canary-note', chart, { date: start, text: note }),
  ];
}
