import { z } from 'zod';
import { defineAction, encounterRef, patientRef, type ActionDefinition } from './define-action.js';

const onePatient = z.strictObject({ patient: patientRef, episode: encounterRef });

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

/** Every action type of this build. A type that is not here is unknown, and unknown is refused. */
export const catalogue: ReadonlyMap<string, ActionDefinition> = new Map(
  [facilityRead, medicationsRead, recordRead].map((definition) => [definition.name, definition]),
);
