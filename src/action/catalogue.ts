import { z } from 'zod';
import { adminChange, documentChange, medicationChange, recordDeletion } from '../ehr/change.js';
import { defineAction, encounterRef, patientRef, targetRef, type ActionDefinition } from './define-action.js';

const onePatient = z.strictObject({ patient: patientRef, episode: encounterRef });

/** One resource of one patient, and what is to change in it. */
const oneChange = <Change extends z.ZodType>(change: Change) =>
  z.strictObject({ ...onePatient.shape, target: targetRef, change });

const facilityRead = defineAction({
  name: 'facility.read',
  tier: 'T0',
  performs: 'ehr.read',
  input: z.strictObject({}),
  elements: ['facility'],
  describe: () => ({ title: 'Read locations and opening hours', effects: [] }),
});

const medicationsRead = defineAction({
  name: 'medications.read',
  tier: 'T1',
  performs: 'ehr.read',
  input: onePatient,
  elements: ['current_medications'],
  describe: () => ({ title: 'Read active medications of one patient', effects: [] }),
});

const recordRead = defineAction({
  name: 'record.read',
  tier: 'T1',
  performs: 'ehr.read',
  input: onePatient,
  elements: [], // the caller lists them; the highest rules
  describe: (elements) => ({ title: `Read of one patient: ${elements.join(', ')}`, effects: [] }),
});

const medicationUpdate = defineAction({
  name: 'medication.update',
  tier: 'T2',
  performs: 'ehr.write',
  input: oneChange(medicationChange),
  elements: ['current_medications'],
  describe: () => ({
    title: 'Change one medication order',
    effects: ['A new version of one medication order is written to the EHR, labelled as AI-made'],
  }),
});

const documentUpdate = defineAction({
  name: 'document.update',
  tier: 'T2',
  performs: 'ehr.write',
  input: oneChange(documentChange),
  elements: ['clinical_notes'],
  describe: () => ({
    title: 'Change one clinical document',
    effects: ['A new version of one clinical document is written to the EHR, labelled as AI-made'],
  }),
});

const adminUpdate = defineAction({
  name: 'admin.update',
  tier: 'T1',
  performs: 'ehr.write',
  input: oneChange(adminChange),
  elements: [],
  choose: { among: ['demographics.phone', 'demographics.address'], atMost: 2 },
  describe: (elements) => ({
    title: `Change of one patient’s contact details: ${elements.join(', ')}`,
    effects: ['A new version of one patient’s details is written to the EHR, labelled as AI-made'],
  }),
});

const recordDelete = defineAction({
  name: 'record.delete',
  tier: 'T3',
  performs: 'ehr.delete',
  input: oneChange(recordDeletion),
  elements: [],
  choose: {
    among: ['allergy_history', 'problems', 'clinical_notes', 'immunizations', 'current_medications', 'procedures'],
    atMost: 1,
  },
  describe: (elements) => ({
    title: `Deletion of one record as entered in error: ${elements.join(', ')}`,
    effects: ['One record of the EHR is marked as entered in error, labelled as AI-made; its earlier versions stay'],
  }),
});

/** Every action type of this build. A type that is not here is unknown, and unknown is refused. */
export const catalogue: ReadonlyMap<string, ActionDefinition> = new Map(
  [facilityRead, medicationsRead, recordRead, medicationUpdate, documentUpdate, adminUpdate, recordDelete].map(
    (definition) => [definition.name, definition],
  ),
);
