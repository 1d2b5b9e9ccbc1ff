import { describe, expect, it } from '@jest/globals';
import { catalogue } from '../../../src/action/catalogue.js';
import { closest } from '../../../src/action/closest.js';
import { Refusal } from '../../../src/action/refusal.js';
import { invalid, requestSchema, resolveRequest, type ActionRequest } from '../../../src/action/request.js';

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

describe('the closest word', () => {
  it('is none when nothing is near', () => {
    expect(closest('abc', ['xyz'])).toBeUndefined();
    expect(closest('', [])).toBeUndefined();
  });
});
