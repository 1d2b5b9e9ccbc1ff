/** Builders of clinical R4 resources: the one place that knows how each is laid out. */
import { parseResource, type Resource } from '../ehr/resource.js';
import { careTeamMembers, clinicians, treatingTeam } from './clinic.js';
import { systems, type Coded, type Measurement, type Medication } from './vocabulary.js';

export interface Chart {
  /** `Patient/<id>` */
  readonly patient: string;
  /** `Encounter/<id>` */
  readonly encounter: string;
}

const terminology = 'http://terminology.hl7.org/CodeSystem';
const ambulatory = { system: `${terminology}/v3-ActCode`, code: 'AMB', display: 'ambulatory' };
const requester = practitioner('chen');

function coded(system: string, { code, display }: Coded) {
  return { coding: [{ system, code, display }], text: display };
}

function one(system: string, code: string) {
  return [{ coding: [{ system: `${terminology}/${system}`, code }] }];
}

function practitioner(id: keyof typeof clinicians) {
  const { given, family } = clinicians[id];
  return { reference: `Practitioner/${id}`, display: `${given} ${family}` };
}

export interface Visit {
  readonly id: string;
  readonly patient: string;
  readonly start: string;
  /** A visit without an end is going on, with the whole team. */
  readonly end?: string;
  readonly tag?: { readonly system: string; readonly code: string };
}

export function encounter({ id, patient, start, end, tag }: Visit): Resource {
  const team = end === undefined ? treatingTeam : (['dora'] as const);
  return parseResource({
    resourceType: 'Encounter',
    id,
    ...(tag && { meta: { tag: [tag] } }),
    status: end === undefined ? 'in-progress' : 'finished',
    class: ambulatory,
    type: [{ coding: [{ system: systems.snomed, code: '185349003', display: 'Encounter for check up' }] }],
    subject: { reference: patient },
    participant: team.map((clinician) => ({
      type: one('v3-ParticipationType', clinician === 'chen' ? 'ATND' : 'PART'),
      individual: practitioner(clinician),
    })),
    period: { start, ...(end !== undefined && { end }) },
    location: [{ location: { reference: 'Location/main' } }],
    serviceProvider: { reference: 'Organization/sandbox-clinic' },
  });
}

/** The patient's own, of no episode. */
export function careTeam(id: string, patient: string, start: string): Resource {
  return parseResource({
    resourceType: 'CareTeam',
    id,
    status: 'active',
    category: [
      coded(systems.loinc, { code: 'LA28865-6', display: 'Longitudinal care-coordination focused care team' }),
    ],
    name: 'Care team',
    subject: { reference: patient },
    period: { start },
    participant: careTeamMembers.map((clinician) => ({
      role: [{ text: clinicians[clinician].role }],
      member: practitioner(clinician),
      period: { start },
    })),
    managingOrganization: [{ reference: 'Organization/sandbox-clinic' }],
  });
}

/** UCUM puts in braces what can be counted and is no unit. */
const counted: ReadonlySet<string> = new Set(['tablet']);

/** Said twice, as prescribers do: in words for people and in structure for machines. Both mean the same. */
export function dosage({ dose, frequency }: Pick<Medication, 'dose' | 'frequency'>) {
  const [value, unit = ''] = dose.split(' ');
  const code = counted.has(unit) ? `{${unit}}` : unit;
  return [
    {
      sequence: 1,
      text: `${dose} by mouth ${frequency === 1 ? 'once' : `${frequency} times`} a day`,
      timing: { repeat: { frequency, period: 1, periodUnit: 'd' } },
      route: coded(systems.snomed, { code: '26643006', display: 'Oral route' }),
      doseAndRate: [{ doseQuantity: { value: Number(value), unit, system: systems.ucum, code } }],
    },
  ];
}

export interface Order {
  readonly id: string;
  readonly chart: Chart;
  readonly medication: Medication;
  readonly status: 'active' | 'stopped';
  readonly authoredOn: string;
}

export function medicationRequest({ id, chart, medication, status, authoredOn }: Order): Resource {
  return parseResource({
    resourceType: 'MedicationRequest',
    id,
    status,
    intent: 'order',
    category: one('medicationrequest-category', 'outpatient'),
    medicationCodeableConcept: coded(systems.rxnorm, medication),
    subject: { reference: chart.patient },
    encounter: { reference: chart.encounter },
    authoredOn,
    requester,
    dosageInstruction: dosage(medication),
  });
}

export interface Allergy {
  readonly id: string;
  readonly chart: Chart;
  readonly allergy: Coded & { readonly category: string; readonly reaction: string };
  readonly recordedDate: string;
}

export function allergyIntolerance({ id, chart, allergy, recordedDate }: Allergy): Resource {
  return parseResource({
    resourceType: 'AllergyIntolerance',
    id,
    clinicalStatus: one('allergyintolerance-clinical', 'active')[0],
    verificationStatus: one('allergyintolerance-verification', 'confirmed')[0],
    type: 'allergy',
    category: [allergy.category],
    criticality: 'high',
    code: coded(systems.snomed, allergy),
    patient: { reference: chart.patient },
    encounter: { reference: chart.encounter },
    recordedDate,
    recorder: requester,
    reaction: [{ manifestation: [{ text: allergy.reaction }], severity: 'moderate' }],
  });
}

export interface Problem {
  readonly id: string;
  readonly chart: Chart;
  readonly condition: Coded;
  readonly onset: string;
}

export function condition({ id, chart, condition, onset }: Problem): Resource {
  return parseResource({
    resourceType: 'Condition',
    id,
    clinicalStatus: one('condition-clinical', 'active')[0],
    verificationStatus: one('condition-ver-status', 'confirmed')[0],
    category: one('condition-category', 'problem-list-item'),
    code: coded(systems.snomed, condition),
    subject: { reference: chart.patient },
    encounter: { reference: chart.encounter },
    onsetDateTime: onset,
  });
}

export interface Reading {
  readonly id: string;
  readonly chart: Chart;
  readonly measurement: Measurement;
  readonly category: 'laboratory' | 'vital-signs';
  readonly value: number;
  readonly at: string;
}

export function observation({ id, chart, measurement, category, value, at }: Reading): Resource {
  const { unit } = measurement;
  return parseResource({
    resourceType: 'Observation',
    id,
    status: 'final',
    category: one('observation-category', category),
    code: coded(systems.loinc, measurement),
    subject: { reference: chart.patient },
    encounter: { reference: chart.encounter },
    effectiveDateTime: at,
    valueQuantity: { value, unit, system: systems.ucum, code: unit },
  });
}

export function appointment(
  id: string,
  patient: string,
  at: { readonly start: string; readonly end: string },
): Resource {
  const accepted = (reference: string) => ({ actor: { reference }, required: 'required', status: 'accepted' });
  return parseResource({
    resourceType: 'Appointment',
    id,
    status: 'booked',
    description: 'Follow-up visit',
    ...at,
    minutesDuration: (Date.parse(at.end) - Date.parse(at.start)) / 60_000,
    participant: [patient, 'Practitioner/chen', 'Location/main'].map(accepted),
  });
}

export function progressNote(
  id: string,
  chart: Chart,
  { date, text }: { readonly date: string; readonly text: string },
): Resource {
  return parseResource({
    resourceType: 'DocumentReference',
    id,
    status: 'current',
    type: coded(systems.loinc, { code: '11506-3', display: 'Progress note' }),
    category: [
      {
        coding: [
          {
            system: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category',
            code: 'clinical-note',
          },
        ],
      },
    ],
    subject: { reference: chart.patient },
    date,
    author: [requester],
    content: [
      { attachment: { contentType: 'text/plain', data: Buffer.from(text).toString('base64'), title: 'Progress note' } },
    ],
    context: { encounter: [{ reference: chart.encounter }] },
  });
}
