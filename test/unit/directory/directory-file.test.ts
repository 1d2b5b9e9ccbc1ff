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
  ])('is refused for %s', (_what, path, value, pointer) => {
    expect(() => readDirectory(changed(path, value), roles)).toThrow(refusal(pointer));
  });

  it('names every problem, not the first only', () => {
    const twice = changed('people/amara/roles', ['typo', 'clinical_staff', 'slip']);
    expect(() => readDirectory(twice, roles)).toThrow(
      refusal('/people/amara/roles/0: unknown_role', '/people/amara/roles/2: unknown_role'),
    );
  });
});
