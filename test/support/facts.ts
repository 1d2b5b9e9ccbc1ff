/** Facts of one action as classify hears them; tests change what they are about. */
import { role } from '../../src/action/ids.js';
import type { ClassifyFacts } from '../../src/policy/classify.js';

/** A triage agent reads elements of one patient's record for a senior clinician who treats them. */
export const recordFacts: ClassifyFacts = {
  type: 'record.read',
  floor: 'T1',
  elements: ['allergy_history', 'current_medications'],
  purpose: 'TREAT',
  namesPatient: true,
  agent: { role: 'triage', status: 'current' },
  principalRoles: [role('senior_clinician')],
  relation: 'related',
  reasonGiven: true,
  justified: ['allergy_history', 'current_medications'],
  riskAssessed: true,
  unnamedLabels: 'not_read_yet',
  circumstances: {},
  tallied: 'not_counted',
};
