import { describe, expect, it } from '@jest/globals';
import { readDirectory } from '../../../src/directory/directory-file.js';
import { directoryFile } from './file.js';

const roles = new Set(['clinical_staff', 'senior_clinician']);
const refusal = (...pointers: string[]) =>
  expect.objectContaining({ code: 'directory.invalid', details: { pointers } });

/** The file with one place changed, given as a path. */
const changed = (path: string, value: unknown): unknown => {
  const copy = structuredClone<unknown>(directoryFile);
  const steps = path.split('/');
  const last = steps.pop() ?? '';
  const place = steps.reduce<unknown>((at, step) => (isObject(at) ? at[step] : undefined), copy);
  if (isObject(place)) place[last] = value;
  return copy;
};
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

describe('a directory file', () => {
  it('is read as it is written', () => {
    expect(readDirectory(directoryFile, roles)).toEqual(directoryFile);
  });

  it.each<[what: string, path: string, value: unknown, pointer: string]>([
    [
      'a role that the rulebook does not have',
      'people/amara/roles',
      ['clincal_staff'],
      '/people/amara/roles/0: unknown_role',
    ],
    ['two people with one sign-in', 'people/chen/subject', 'amara', '/people/chen/subject: taken'],
    [
      'training that ends before it began',
      'people/amara/training/0/expiresOn',
      '2026-01-01',
      '/people/amara/training/0/expiresOn: too_early',
    ],
    [
      'an agreement that ends before it began',
      'vendors/model-vendor/baa/until',
      '2025-01-01',
      '/vendors/model-vendor/baa/until: too_early',
    ],
    ['an agent of no vendor', 'agents/triage-agent/vendor', 'nobody', '/agents/triage-agent/vendor: unknown_vendor'],
    ['an agent that nobody owns', 'agents/triage-agent/owner', 'nobody', '/agents/triage-agent/owner: unknown_person'],
    [
      'an agent owned by a word of the language',
      'agents/triage-agent/owner',
      'constructor',
      '/agents/triage-agent/owner: unknown_person',
    ],
    [
      'an agent that nobody answers for',
      'agents/triage-agent/responsibleClinician',
      'nobody',
      '/agents/triage-agent/responsibleClinician: unknown_person',
    ],
    [
      'a day that no calendar has',
      'agents/triage-agent/reviewDue',
      '2027-02-30',
      '/agents/triage-agent/reviewDue: invalid_format',
    ],
    ['a zone that is none', 'tenant/zone', 'Mars/Olympus', '/tenant/zone: custom'],
    ['a field that it does not know', 'people/amara/admin', true, '/people/amara: unrecognized_keys'],
    ['duty of nobody', 'onCall/0/person', 'nobody', '/onCall/0/person: unknown_person'],
    ['duty of a word of the language', 'onCall/0/person', 'constructor', '/onCall/0/person: unknown_person'],
    ['duty that ends as it begins', 'onCall/0/to', '2026-03-01T18:00:00+01:00', '/onCall/0/to: too_early'],
    ['duty without an offset', 'onCall/0/to', '2026-03-02T06:00:00', '/onCall/0/to: invalid_format'],
    ['duty for a role that is none', 'onCall/1/role', 'chief', '/onCall/1/role: unknown_role'],
    ['duty for a department that is none', 'onCall/0/department', 'cardio', '/onCall/0/department: unknown_department'],
    ['duty for a role and a department', 'onCall/0/role', 'clinical_staff', '/onCall/0: custom'],
    ['duty for nothing', 'onCall/1/role', undefined, '/onCall/1: custom'],
    ['a place of two departments', 'departments/stroke/0', 'Organization/heart', '/departments/stroke/0: taken'],
    ['a place of another kind', 'departments/stroke/0', 'Practitioner/chen', '/departments/stroke/0: invalid_format'],
  ])('is refused for %s', (_what, path, value, pointer) => {
    expect(() => readDirectory(changed(path, value), roles)).toThrow(refusal(pointer));
  });

  it('may leave out who is on call, and where its departments work', () => {
    const { departments: _departments, onCall: _onCall, ...without } = directoryFile;
    expect(readDirectory(without, roles)).toEqual(without);
  });

  it('takes the department of an agent for one, wherever it works', () => {
    const ofAgent = changed('agents/triage-agent/department', 'emergency');
    if (!isObject(ofAgent)) throw new Error('no file');
    const onCall = [{ ...directoryFile.onCall[0], department: 'emergency' }];
    expect(readDirectory({ ...ofAgent, onCall }, roles).onCall).toEqual(onCall);
  });

  it('names every problem, not the first only', () => {
    const twice = changed('people/amara/roles', ['typo', 'clinical_staff', 'slip']);
    expect(() => readDirectory(twice, roles)).toThrow(
      refusal('/people/amara/roles/0: unknown_role', '/people/amara/roles/2: unknown_role'),
    );
  });
});
