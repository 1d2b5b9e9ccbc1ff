import { describe, expect, it } from '@jest/globals';
import { catalogue } from '../../../src/action/catalogue.js';
import { closest } from '../../../src/action/closest.js';
import { Refusal } from '../../../src/action/refusal.js';
import { invalid, requestSchema, resolveRequest, type ActionRequest } from '../../../src/action/request.js';
import { writes } from '../../../src/action/define-action.js';
import { writeElements } from '../../../src/ehr/write-elements.js';

const asked: ActionRequest = {
  type: 'medications.read',
  input: { patient: 'Patient/p1', episode: 'Encounter/e1' },
  purpose: 'TREAT',
  principal: 'token',
  idempotencyKey: 'k1',
};
const refusalOf = (work: () => unknown): Refusal => {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('was not refused');
};

describe('a request', () => {
  it('of a known type resolves to its definition, elements and subject', () => {
    const { definition, elements, subject } = resolveRequest(asked, catalogue);
    expect(definition.name).toBe('medications.read');
    expect(elements).toEqual(['current_medications']);
    expect(subject).toEqual({ patient: 'Patient/p1', episode: 'Encounter/e1' });
  });

  it.each([
    ['medication.read', 'medications.read'],
    ['Medications.Read', 'medications.read'],
    ['facility.reads', 'facility.read'],
    ['ｍedications.read', 'medications.read'],
  ])('of the type %s is refused with the nearest known name', (type, suggestion) => {
    const refusal = refusalOf(() => resolveRequest({ ...asked, type }, catalogue));
    expect(refusal.code).toBe('type.unknown');
    expect(refusal.details['suggestion']).toBe(suggestion);
  });

  it('of a type like no other gets no suggestion', () => {
    expect(refusalOf(() => resolveRequest({ ...asked, type: 'zzzzzzzzzzzz' }, catalogue)).details).toEqual({});
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a missing episode', { patient: 'Patient/p1' }, '/input/episode: invalid_type'],
    ['a patient that is no reference', { patient: 'p1', episode: 'Encounter/e1' }, '/input/patient: invalid_format'],
    [
      'a reference that escapes its type',
      { patient: 'Patient/../x', episode: 'Encounter/e1' },
      '/input/patient: invalid_format',
    ],
    ['a field that nobody knows', { ...asked.input, limit: 5 }, '/input: 1 unknown field(s)'],
  ])('with %s is refused by JSON pointer', (_what, input, pointer) => {
    const refusal = refusalOf(() => resolveRequest({ ...asked, input }, catalogue));
    expect(refusal.code).toBe('request.invalid');
    expect(refusal.details['pointers']).toContain(pointer);
  });

  it('never repeats a value of the request', () => {
    const parsed = requestSchema.safeParse({ ...asked, purpose: 'secret-7731904', 'secret-field': 1 });
    const refusal = parsed.success ? undefined : invalid(parsed.error);
    expect(JSON.stringify([refusal?.message, refusal?.details])).not.toMatch(/secret/);
    expect(refusal?.details['pointers']).toEqual(
      expect.arrayContaining(['/purpose: invalid_format', '/: 1 unknown field(s)']),
    );
  });

  it('may list elements only where the type leaves them open, and must there', () => {
    expect(
      refusalOf(() => resolveRequest({ ...asked, elements: ['allergy_history'] }, catalogue)).details['pointers'],
    ).toEqual(['/elements: fixed_by_type']);
    expect(refusalOf(() => resolveRequest({ ...asked, type: 'record.read' }, catalogue)).details['pointers']).toEqual([
      '/elements: required',
    ]);
    const listed = resolveRequest({ ...asked, type: 'record.read', elements: ['b', 'a', 'b'] }, catalogue);
    expect(listed.elements).toEqual(['a', 'b']);
  });
});

const changes: Readonly<Record<string, { target: string; change: unknown; elements?: string[] }>> = {
  'medication.update': { target: 'MedicationRequest/m1', change: { status: 'stopped' } },
  'document.update': { target: 'DocumentReference/d1', change: { description: 'Discharge letter' } },
  'admin.update': {
    target: 'Patient/p1',
    change: { telecom: [{ system: 'phone', value: '555-0100' }] },
    elements: ['demographics.phone'],
  },
  'record.delete': { target: 'Condition/c1', change: { status: 'entered-in-error' }, elements: ['problems'] },
};
/** A good request for a change, some of its input replaced. */
const changing = (type: string, more: object = {}, elements = changes[type]?.elements ?? []): ActionRequest => {
  const { target, change } = changes[type] ?? {};
  return {
    ...asked,
    type,
    input: { ...asked.input, target, change, ...more },
    ...(elements.length > 0 && { elements }),
  };
};
const pointersOf = (request: ActionRequest) => {
  const { code, details } = refusalOf(() => resolveRequest(request, catalogue));
  expect(code).toBe('request.invalid');
  return details['pointers'];
};

describe('a request for a change', () => {
  it.each(Object.keys(changes))('of the type %s resolves to its elements and to what would change', (type) => {
    const { definition, elements, subject } = resolveRequest(changing(type), catalogue);
    expect(elements).toEqual(changes[type]?.elements ?? definition.elements);
    expect(subject).toEqual({ patient: 'Patient/p1', episode: 'Encounter/e1', target: changes[type]?.target });
  });

  it('can be made of each type that the gateway writes, and of each element of it', () => {
    const written = [...catalogue.values()].filter(({ performs }) => writes(performs));
    expect(written.map(({ name }) => name).sort()).toEqual([...writeElements.keys()].sort());
    for (const { name, performs, elements, choose } of written) {
      expect(writeElements.get(name)?.performs).toBe(performs);
      const targets = new Set(writeElements.get(name)?.targets.map(({ element }) => element));
      expect([...elements, ...(choose?.among ?? [])].sort()).toEqual([...targets].sort());
    }
  });

  it('is told in constants what it would do', () => {
    for (const { performs, describe: tell, choose, elements } of catalogue.values()) {
      const { title, effects } = tell(choose ? choose.among.slice(0, choose.atMost) : elements);
      expect(title.length).toBeGreaterThan(0);
      expect(effects).toHaveLength(writes(performs) ? 1 : 0);
      for (const effect of effects) expect(effect).toMatch(/ EHR\b.* labelled as AI-made/);
    }
  });

  it('may go back to an earlier version', () => {
    const change = { restore: { version: '3', undoes: 'a'.repeat(26) } };
    expect(() => resolveRequest(changing('medication.update', { change }), catalogue)).not.toThrow();
    expect(pointersOf(changing('record.delete', { change }))).toContain('/input/change/status: invalid_value');
  });

  it.each<[what: string, request: ActionRequest, pointer: string]>([
    ['without a target', changing('medication.update', { target: undefined }), '/input/target: invalid_type'],
    ['without a change', changing('medication.update', { change: undefined }), '/input/change: invalid_type'],
    ['with an empty change', changing('admin.update', { change: {} }), '/input/change: custom'],
    ['with a field too many', changing('medication.update', { force: true }), '/input: 1 unknown field(s)'],
    [
      'with a target on another server',
      changing('medication.update', { target: 'https://x.example/MedicationRequest/m1' }),
      '/input/target: invalid_format',
    ],
    [
      'with a version for a target',
      changing('medication.update', { target: 'MedicationRequest/m1/_history/2' }),
      '/input/target: invalid_format',
    ],
    [
      'with a target that climbs',
      changing('medication.update', { target: 'MedicationRequest/../Patient/p2' }),
      '/input/target: invalid_format',
    ],
    [
      'with a target of another type',
      changing('medication.update', { target: 'AllergyIntolerance/a1' }),
      '/input/target: not_of_type',
    ],
    [
      'with a target of another case',
      changing('medication.update', { target: 'Medicationrequest/m1' }),
      '/input/target: not_of_type',
    ],
    [
      'with a target of another element than it names',
      changing('record.delete', { target: 'MedicationRequest/m1' }),
      '/input/target: not_of_type',
    ],
    [
      'with another patient for a target',
      changing('admin.update', { target: 'Patient/p2' }),
      '/input/target: other_patient',
    ],
    [
      'with a field that is not to change',
      changing('medication.update', { change: { status: 'active', subject: { reference: 'Patient/p2' } } }),
      '/input/change: 1 unknown field(s)',
    ],
    [
      'with a wrong value deep in a change',
      changing('medication.update', { change: { dosageInstruction: [{ at: '0', text: 'x' }] } }),
      '/input/change/dosageInstruction/0/at: invalid_type',
    ],
    [
      'with an unknown field deep in a change',
      changing('medication.update', { change: { dosageInstruction: [{ at: 0, txt: 'x' }] } }),
      '/input/change/dosageInstruction/0: 1 unknown field(s)',
    ],
    [
      'that goes back and changes something besides',
      changing('medication.update', { change: { restore: { version: '1' }, status: 'active' } }),
      '/input/change: 1 unknown field(s)',
    ],
    [
      'that goes back to a version that is none',
      changing('medication.update', { change: { restore: { version: '' } } }),
      '/input/change/restore/version: invalid_format',
    ],
    [
      'that deletes by another status',
      changing('record.delete', { change: { status: 'inactive' } }),
      '/input/change/status: invalid_value',
    ],
    ['that lists no element', changing('admin.update', {}, []), '/elements: required'],
    [
      'that lists an element of another type',
      changing('admin.update', {}, ['demographics.phone', 'demographics.name']),
      '/elements/1: not_of_type',
    ],
    [
      'that deletes from two elements at once',
      changing('record.delete', {}, ['problems', 'procedures']),
      '/elements: too_many',
    ],
    [
      'that lists elements where they are given',
      changing('medication.update', {}, ['clinical_notes']),
      '/elements: fixed_by_type',
    ],
  ])('%s is refused by JSON pointer, without a value', (_what, request, pointer) => {
    const { message, details } = refusalOf(() => resolveRequest(request, catalogue));
    expect(pointersOf(request)).toContain(pointer);
    expect(JSON.stringify([message, details])).not.toMatch(/p1|p2|m1|x\.example|inactive/);
  });

  it('may list an element twice', () => {
    const twice = changing('record.delete', {}, ['problems', 'problems']);
    expect(resolveRequest(twice, catalogue).elements).toEqual(['problems']);
  });
});

describe('the closest word', () => {
  it('is none when nothing is near', () => {
    expect(closest('abc', ['xyz'])).toBeUndefined();
    expect(closest('', [])).toBeUndefined();
  });
});
