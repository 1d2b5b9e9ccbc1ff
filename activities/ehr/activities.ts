import type { Admission, MintedWarrant, Performed, Relation } from '../../src/action/types.js';

/** Activities of the queue `ehr`: the only ones that reach the EHR, and only under a warrant. */
export interface EhrActivities {
  /** Asks the EHR whether the principal is treating the patient; stores and returns what it said. */
  relate(admission: Admission, warrant: MintedWarrant): Promise<Relation>;
  /** Runs the action's effect under its warrant; a repetition resumes the same use. */
  perform(admission: Admission, warrant: MintedWarrant): Promise<Performed>;
}
