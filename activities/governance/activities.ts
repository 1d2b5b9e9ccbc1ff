import type { Admission, Authorised, Classified, Concluded, MintedWarrant, Outcome, VoteAnswer } from '../../src/action/types.js';
import type { DecisionEnvelope } from '../../src/approval/envelope.js';

/** Local activities of the action workflow: one transaction each, first writer wins. */
export interface GovernanceActivities {
  /** A warrant to ask the EHR about principal and patient; undefined when the action needs no relation. */
  warrantRelation(admission: Admission): Promise<MintedWarrant | undefined>;
  classify(admission: Admission): Promise<Classified>;
  recordVote(admission: Admission, envelope: DecisionEnvelope): Promise<VoteAnswer>;
  /** A leaf for a vote that the workflow refused and that came without a caller. */
  refuseVote(admission: Admission, code: string): Promise<void>;
  remind(admission: Admission): Promise<void>;
  authorise(admission: Admission): Promise<Authorised>;
  conclude(admission: Admission, outcome: Outcome): Promise<Concluded>;
}
