/** Who says what became of a write that the EHR gave no answer to. */
import { role } from '../action/ids.js';
import type { Needs } from './quorum.js';

/** Somebody who can look into the record and answers for care, or for privacy; never the principal or the agent's owner. */
export const resolutionNeeds: Needs = {
  status: 'quorum',
  factors: [{ role: role('senior_clinician'), or: [role('privacy_officer')], count: 1 }],
};
