import type {
  Admission,
  Authorised,
  Classified,
  Concluded,
  MintedWarrant,
  Outcome,
  VoteAnswer,
} from '../../src/action/types.js';
import { authorise } from '../../src/action/authorise.tx.js';
import { classify } from '../../src/action/classify.tx.js';
import { conclude } from '../../src/action/conclude.tx.js';
import type { GovernanceDeps } from '../../src/action/deps.js';
import { warrantRelation } from '../../src/action/warrant-relation.tx.js';
import type { DecisionEnvelope } from '../../src/approval/envelope.js';
import { recordVote } from '../../src/approval/record-vote.tx.js';
import { refuseVote } from '../../src/approval/refuse-vote.tx.js';
import { remind } from '../../src/approval/remind.tx.js';

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

export function governanceActivities(deps: GovernanceDeps): GovernanceActivities {
  return {
    warrantRelation: (admission) => warrantRelation(deps, admission),
    classify: (admission) => classify(deps, admission),
    recordVote: (admission, envelope) => recordVote(deps, { ...admission, envelope }),
    refuseVote: (admission, code) => refuseVote(deps, { ...admission, code }),
    remind: (admission) => remind(deps, admission),
    authorise: (admission) => authorise(deps, admission),
    conclude: (admission, outcome) => conclude(deps, admission, outcome),
  };
}
