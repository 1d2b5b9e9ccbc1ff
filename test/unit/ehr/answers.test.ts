import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { digest } from '../../../src/action/ids.js';
import { Refusal } from '../../../src/action/refusal.js';
import { acceptPage } from '../../../src/ehr/accept.js';
import { readBundle, type Resource } from '../../../src/ehr/bundle.js';
import { project } from '../../../src/ehr/project.js';

const base = 'https://ehr.example/fhir';
const pseudonym = digest('aa'.repeat(32));
const patient = { reference: 'Patient/p1', pseudonym };
const episode = { reference: 'Encounter/e1', pseudonym };
const order: Resource = {
  resourceType: 'MedicationRequest',
  id: 'm1',
  status: 'active',
  subject: { reference: 'Patient/p1' },
  encounter: { reference: 'Encounter/e1' },
};

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return 'accepted';
};

describe('an answer about a patient', () => {
  const asked = { location: base, patient, episode, args: { patient: 'Patient/p1', status: 'active' } };

  it.each<[what: string, change: Record<string, unknown>, code: string]>([
    ['that patient’s resource', {}, 'accepted'],
    ['a versioned reference', { subject: { reference: 'Patient/p1/_history/3' } }, 'accepted'],
    ['an absolute reference to this EHR', { subject: { reference: `${base}/Patient/p1` } }, 'accepted'],
    ['another patient’s', { subject: { reference: 'Patient/p2' } }, 'ehr.other_patient'],
    ['one whose patient’s id only begins alike', { subject: { reference: 'Patient/p11' } }, 'ehr.other_patient'],
    [
      'that id on another EHR',
      { subject: { reference: 'https://elsewhere.example/fhir/Patient/p1' } },
      'ehr.other_patient',
    ],
    ['a group', { subject: { reference: 'Group/p1' } }, 'ehr.other_patient'],
    ['a logical reference', { subject: { identifier: { value: 'p1' } } }, 'ehr.other_patient'],
    ['nobody’s', { subject: undefined }, 'ehr.other_patient'],
    ['a contained patient', { subject: { reference: '#p1' } }, 'ehr.other_patient'],
    ['one that names two patients', { patient: { reference: 'Patient/p2' } }, 'ehr.other_patient'],
    ['a reference that is no text', { subject: { reference: ['Patient/p1'] } }, 'ehr.other_patient'],
    ['a facility’s', { resourceType: 'Location' }, 'ehr.other_patient'],
    ['a type that we do not know', { resourceType: 'Basic' }, 'ehr.other_patient'],
    ['a status that was left out', { status: 'stopped' }, 'ehr.unasked'],
    ['no status', { status: undefined }, 'ehr.unasked'],
  ])('may hold %s: %s', (_what, change, code) => {
    expect(codeOf(() => acceptPage([order, { ...order, ...change }], asked, { episodeBound: false }))).toBe(code);
  });

  it.each<[what: string, encounter: unknown, code: string]>([
    ['this episode', { reference: 'Encounter/e1' }, 'accepted'],
    ['another', { reference: 'Encounter/e2' }, 'ehr.unasked'],
    ['none', undefined, 'ehr.unasked'],
  ])('is bound to its episode where the element says so: %s', (_what, encounter, code) => {
    expect(codeOf(() => acceptPage([{ ...order, encounter }], asked, { episodeBound: true }))).toBe(code);
  });

  it('reaches back no further than was asked: an older resource spoils it, and one of no date', () => {
    const bound = { since: '2026-03-01', fields: ['authoredOn'] };
    const accepted = (authoredOn: unknown) =>
      codeOf(() => acceptPage([{ ...order, authoredOn }], asked, { episodeBound: false }, bound));
    expect(accepted('2026-03-05')).toBe('accepted');
    expect(accepted('2026-01-05')).toBe('ehr.unasked');
    expect(accepted(undefined)).toBe('ehr.unasked');
  });

  it('holds only the resource whose id was asked for', () => {
    const one = { ...asked, args: { _id: 'm1' } };
    expect(codeOf(() => acceptPage([order], one, { episodeBound: false }))).toBe('accepted');
    expect(codeOf(() => acceptPage([{ ...order, id: 'm2' }], one, { episodeBound: false }))).toBe('ehr.unasked');
  });
});

describe('an answer about a facility', () => {
  const asked = { location: base, patient: null, episode: null, args: {} };
  const location: Resource = { resourceType: 'Location', id: 'l1', name: 'Clinic' };

  it.each<[what: string, resource: Resource, code: string]>([
    ['a place', location, 'accepted'],
    ['a patient', { ...location, resourceType: 'Patient' }, 'ehr.other_patient'],
    ['a patient’s order', order, 'ehr.other_patient'],
    ['a place that names a patient', { ...location, subject: { reference: 'Patient/p1' } }, 'ehr.other_patient'],
  ])('may hold %s: %s', (_what, resource, code) => {
    expect(codeOf(() => acceptPage([resource], asked, { episodeBound: false }))).toBe(code);
  });
});

describe('a search page', () => {
  const asked = { base, type: 'MedicationRequest' };
  const page = (...entry: unknown[]) => ({ resourceType: 'Bundle', type: 'searchset', entry });
  const next = (url: string) => ({ ...page(), link: [{ relation: 'next', url }] });

  it('gives its resources and leaves out what the server says about the search', () => {
    const outcome = { resource: { resourceType: 'OperationOutcome' }, search: { mode: 'outcome' } };
    expect(readBundle(page({ resource: order }, outcome), asked)).toEqual({ resources: [order], next: undefined });
  });

  it.each<[what: string, body: unknown, code: string]>([
    ['an empty page', page(), 'accepted'],
    ['another type', page({ resource: { resourceType: 'Patient', id: 'p1' } }), 'ehr.other_type'],
    [
      'an OperationOutcome among the matches',
      page({ resource: { resourceType: 'OperationOutcome' } }),
      'ehr.other_type',
    ],
    ['a resource without an id', page({ resource: { resourceType: 'MedicationRequest' } }), 'ehr.malformed'],
    ['an id that is a path', page({ resource: { ...order, id: '../Patient/p2' } }), 'ehr.malformed'],
    ['an entry without a resource', page({}), 'ehr.malformed'],
    ['a bare resource', order, 'ehr.malformed'],
    ['another kind of Bundle', { ...page(), type: 'batch-response' }, 'ehr.malformed'],
    ['nothing', null, 'ehr.malformed'],
  ])('is refused for %s: %s', (_what, body, code) => {
    expect(codeOf(() => readBundle(body, asked))).toBe(code);
  });

  it.each<[url: string, code: string]>([
    [`${base}/MedicationRequest?page=2`, 'accepted'],
    [`${base}?_getpages=1`, 'accepted'],
    ['MedicationRequest?page=2', 'accepted'],
    ['https://ehr.example/fhirx/MedicationRequest?page=2', 'ehr.off_base'],
    ['https://ehr.example/admin', 'ehr.off_base'],
    [`${base}/../admin`, 'ehr.off_base'],
    [`${base}/%2e%2e/admin`, 'ehr.off_base'],
    [`${base}/..%2fadmin`, 'ehr.off_base'],
    ['http://ehr.example/fhir/MedicationRequest', 'ehr.off_base'],
    ['https://ehr.example:8443/fhir/MedicationRequest', 'ehr.off_base'],
    ['https://user:secret@ehr.example/fhir/MedicationRequest', 'ehr.off_base'],
    ['//elsewhere.example/fhir/MedicationRequest', 'ehr.off_base'],
    ['file:///etc/passwd', 'ehr.off_base'],
    ['https://', 'ehr.off_base'],
  ])('may go on at %s: %s', (url, code) => {
    expect(codeOf(() => readBundle(next(url), asked))).toBe(code);
  });
});

describe('projection', () => {
  const full: Resource = {
    ...order,
    meta: { versionId: '3', security: [{ code: 'R' }] },
    medicationCodeableConcept: { text: 'Metformin', coding: [{ code: '860975', display: 'Metformin 500' }] },
    dosageInstruction: [{ text: 'twice a day', timing: { code: 1 } }, { patientInstruction: 'with food' }],
    note: [{ text: 'call daughter Ann' }],
  };

  it('keeps what the element names, which resource it is, and nothing else', () => {
    const fields = ['status', 'medicationCodeableConcept.coding.code', 'dosageInstruction.text'];
    expect(project(full, fields)).toEqual({
      resourceType: 'MedicationRequest',
      id: 'm1',
      meta: { versionId: '3' },
      status: 'active',
      medicationCodeableConcept: { coding: [{ code: '860975' }] },
      dosageInstruction: [{ text: 'twice a day' }],
    });
  });

  it('keeps the whole of a field that is named whole, even beside a part of it', () => {
    expect(project(full, ['note.text', 'note'])).toMatchObject({ note: full['note'] });
  });

  it('never lets a field through that is not named', () => {
    fc.assert(
      fc.property(fc.string(), fc.anything(), (name, value) => {
        fc.pre(!['resourceType', 'id', 'meta', 'status', '__proto__'].includes(name));
        const projected = project({ ...order, [name]: value }, ['status']);
        expect(Object.keys(projected).sort()).toEqual(['id', 'resourceType', 'status']);
      }),
    );
  });
});
