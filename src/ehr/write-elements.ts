/** What each writing action type may touch: resource types, top-level fields, scopes. Closed: what is not here is never sent. */
import { patientReading } from './patient-identity.js';
import type { ElementReading } from './reading.js';

/** Action types that write. */
export const writeTypes = ['medication.update', 'document.update', 'admin.update', 'record.delete'] as const;
export type WriteType = (typeof writeTypes)[number];

export interface WriteTarget {
  /** FHIR R4 resource type. */
  readonly type: string;
  /** Element of the rulebook that a write to this type belongs to; warrants name it. */
  readonly element: string;
  /** Top-level fields that may differ between the base version and the new one. */
  readonly fields: readonly string[];
}

export interface WriteElement {
  readonly performs: 'ehr.write' | 'ehr.delete';
  readonly targets: readonly WriteTarget[];
}

/** FHIR R4 `Condition.abatement[x]`. */
export const abatements = [
  'abatementAge',
  'abatementDateTime',
  'abatementPeriod',
  'abatementRange',
  'abatementString',
] as const;

const deletable = (type: string, element: string, ...fields: string[]): WriteTarget => ({ type, element, fields });

/** By action type. `text` is the generated narrative, which a change makes stale and so removes. */
export const writeElements: ReadonlyMap<string, WriteElement> = new Map<WriteType, WriteElement>([
  [
    'medication.update',
    {
      performs: 'ehr.write',
      targets: [
        {
          type: 'MedicationRequest',
          element: 'current_medications',
          fields: ['status', 'dosageInstruction', 'note', 'text'],
        },
      ],
    },
  ],
  [
    'document.update',
    {
      performs: 'ehr.write',
      targets: [
        {
          type: 'DocumentReference',
          element: 'clinical_notes',
          fields: ['status', 'description', 'content', 'text'],
        },
      ],
    },
  ],
  [
    'admin.update',
    {
      performs: 'ehr.write',
      targets: [
        { type: 'Patient', element: 'demographics.phone', fields: ['telecom', 'text'] },
        { type: 'Patient', element: 'demographics.address', fields: ['address', 'text'] },
      ],
    },
  ],
  [
    'record.delete',
    {
      performs: 'ehr.delete',
      targets: [
        deletable('AllergyIntolerance', 'allergy_history', 'clinicalStatus', 'verificationStatus', 'text'),
        deletable('Condition', 'problems', 'clinicalStatus', 'verificationStatus', ...abatements, 'text'),
        deletable('DocumentReference', 'clinical_notes', 'status', 'text'),
        deletable('Immunization', 'immunizations', 'status', 'text'),
        deletable('MedicationRequest', 'current_medications', 'status', 'text'),
        deletable('Procedure', 'procedures', 'status', 'text'),
      ],
    },
  ],
]);

/** The targets of an action type on one resource type; none for what it may not touch. */
export function targetsOf(actionType: string, resourceType: string): readonly WriteTarget[] {
  return writeElements.get(actionType)?.targets.filter(({ type }) => type === resourceType) ?? [];
}

/**
 * What governance mints a warrant from: types and scopes of the write itself, of its Provenance, and of reading both
 * back; or, for `read`, of reading the target alone. One for each element that the action names.
 */
export function writeReadings(
  actionType: string,
  elements: readonly string[],
  mode: 'read' | 'write',
): readonly ElementReading[] {
  const targets = writeElements.get(actionType)?.targets.filter(({ element }) => elements.includes(element)) ?? [];
  return targets.map(({ type, element, fields }) => ({
    name: element,
    searches: [type, 'Provenance'].map((each) => ({ type: each, params: {} })),
    scopes: mode === 'read' ? readScopes(type) : writeScopes(type),
    fields,
    maxRecords: 1,
    episodeBound: false,
  }));
}

/** What preparing a write reads: its target, and whose it is; nothing for an action that has no target. */
export function prepareReadings(actionType: string, elements: readonly string[]): readonly ElementReading[] {
  const target = writeReadings(actionType, elements, 'read');
  return target.length === 0 ? [] : [...target, patientReading];
}

/** SMART v2 scopes of reading the target and what was written about it. */
export function readScopes(type: string): readonly string[] {
  return [`system/${type}.r`, 'system/Provenance.rs'];
}

/** SMART v2 scopes of one transaction: the update and its Provenance; reading back is apart, under {@link readScopes}. */
export function updateScopes(type: string): readonly string[] {
  return [`system/${type}.u`, 'system/Provenance.c'];
}

/** Everything that a write's warrant names. */
export function writeScopes(type: string): readonly string[] {
  return [...updateScopes(type), ...readScopes(type)];
}
