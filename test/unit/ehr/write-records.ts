/** Records that the tests of writes change, and how they ask what became of it. */
import { canonicalJson } from '../../../src/action/canonical.js';
import { action, agent, digest, person, role, tenant, warrant } from '../../../src/action/ids.js';
import { Refusal } from '../../../src/action/refusal.js';
import type { Resource } from '../../../src/ehr/bundle.js';
import type { ProposalOrder } from '../../../src/ehr/proposal.js';
import type { Authorship } from '../../../src/ehr/transaction.js';

export const location = 'https://ehr.example/fhir';
export const patient = 'Patient/p1';
export const ucum = 'http://unitsofmeasure.org';
const subject = { reference: patient };
const generated = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">as it was</div>' };

/** Once a day, as text and as structure. */
export const daily = {
  text: '1 tablet once a day',
  timing: { repeat: { frequency: 1, period: 1, periodUnit: 'd' } },
  doseAndRate: [{ doseQuantity: { value: 1, unit: '{tablet}', system: ucum, code: '{tablet}' } }],
} as const;
/** Half of it twice a day, in every way that {@link daily} says it. */
export const halves = {
  text: '½ tablet twice a day',
  timing: { repeat: { frequency: 2, period: 1, periodUnit: 'd' } },
  doseAndRate: [{ doseQuantity: { value: 0.5, unit: '{tablet}', system: ucum, code: '{tablet}' } }],
} as const;

export const medication: Resource = {
  resourceType: 'MedicationRequest',
  id: 'm1',
  meta: {
    versionId: '3',
    lastUpdated: '2026-03-01T09:00:00Z',
    profile: ['http://example.org/StructureDefinition/order'],
    security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }],
  },
  text: generated,
  status: 'active',
  intent: 'order',
  medicationCodeableConcept: { text: 'Quillamine' },
  subject,
  dosageInstruction: [{ sequence: 1, ...daily }],
};
export const documentReference: Resource = {
  resourceType: 'DocumentReference',
  id: 'd1',
  meta: { versionId: '1' },
  status: 'current',
  subject,
  description: 'Visit',
  content: [{ attachment: { contentType: 'text/plain', data: 'YXM=' } }],
};
export const person1: Resource = {
  resourceType: 'Patient',
  id: 'p1',
  meta: { versionId: '7' },
  name: [{ family: 'Quill' }],
  telecom: [{ system: 'phone', value: '555 0100' }],
  address: [{ city: 'Springfield' }],
};
const coded = (system: string, code: string) => ({
  coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code }],
});
export const allergy: Resource = {
  resourceType: 'AllergyIntolerance',
  id: 'a1',
  meta: { versionId: '1' },
  clinicalStatus: coded('allergyintolerance-clinical', 'active'),
  verificationStatus: coded('allergyintolerance-verification', 'confirmed'),
  code: { text: 'Penicillin' },
  patient: subject,
};
export const condition: Resource = {
  resourceType: 'Condition',
  id: 'c1',
  meta: { versionId: '1' },
  clinicalStatus: coded('condition-clinical', 'resolved'),
  verificationStatus: coded('condition-ver-status', 'confirmed'),
  code: { text: 'Gout' },
  subject,
  abatementDateTime: '2025-01-01',
};
export const immunization: Resource = {
  resourceType: 'Immunization',
  id: 'i1',
  meta: { versionId: '1' },
  status: 'completed',
  vaccineCode: { text: 'MMR' },
  patient: subject,
  occurrenceDateTime: '2020-01-01',
};
export const procedure: Resource = {
  resourceType: 'Procedure',
  id: 'r1',
  meta: { versionId: '1' },
  status: 'completed',
  subject,
};

/** The same resource, changed, as version `versionId`. */
export function versionOf(resource: Resource, versionId: string, changed: Readonly<Record<string, unknown>> = {}) {
  const fields = Object.entries({ ...resource, ...changed }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(fields), resourceType: resource.resourceType, id: resource.id, meta: { versionId } };
}

export function without(resource: Resource, ...names: readonly string[]): Resource {
  const kept = Object.entries(resource).filter(([name]) => !names.includes(name));
  return { ...Object.fromEntries(kept), resourceType: resource.resourceType, id: resource.id };
}

export const everyElement = [
  'allergy_history',
  'clinical_notes',
  'current_medications',
  'demographics.address',
  'demographics.phone',
  'immunizations',
  'problems',
  'procedures',
];

/** An order by a request that names every element. */
export function orderOf(
  action: string,
  base: Resource,
  { change, ...rest }: Partial<ProposalOrder> = {},
): ProposalOrder {
  return { action, base, change, patient, elements: everyElement, location, ...rest };
}

export const dosed = (change: object, at = 0) => ({ dosageInstruction: [{ at, ...change }] });

export const authorship: Authorship = {
  tenant: tenant('clinic'),
  action: action('a'.repeat(26)),
  warrant: warrant('00000000-0000-4000-8000-000000000001'),
  agent: { id: agent('triage_agent'), version: '1.4.2' },
  onBehalfOf: 'Practitioner/chen',
  approvers: [
    {
      person: person('00000000-0000-4000-8000-00000000000a'),
      practitioner: 'Practitioner/dora',
      roles: [role('pharmacist')],
    },
    { person: person('00000000-0000-4000-8000-00000000000b'), practitioner: undefined, roles: [] },
  ],
  purpose: 'TREAT',
  recorded: new Date('2026-03-01T10:00:00.123Z'),
};

export const commitment = digest('ab'.repeat(32));

/** The code of the refusal, or canonical JSON of what came out. */
export function outcomeOf(work: () => unknown): string {
  try {
    return canonicalJson(work());
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}
