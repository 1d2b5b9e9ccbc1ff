import type {
  Admission,
  Authorised,
  Classified,
  Concluded,
  Decided,
  MintedWarrant,
  Outcome,
  RelationQuestion,
  VoteAnswer,
} from '../../src/action/types.js';
import { authorise } from '../../src/action/authorise.tx.js';
import { classify, classifyAsked } from '../../src/action/classify.tx.js';
import { conclude } from '../../src/action/conclude.tx.js';
import type { GovernanceDeps } from '../../src/action/deps.js';
import { expire } from '../../src/action/expire.tx.js';
import { Refusal, isRetryable } from '../../src/action/refusal.js';
import { reopen } from '../../src/action/reopen.tx.js';
import { settle } from '../../src/action/settle.tx.js';
import { warrantPreparation, warrantReadBack, type Preparation } from '../../src/action/system-warrants.tx.js';
import type { DecisionEnvelope } from '../../src/approval/envelope.js';
import { countVote, openVote, refuseUnread, refuseVote } from '../../src/approval/record-vote.tx.js';
import { remind } from '../../src/approval/remind.tx.js';
import type { TokenVerifier } from '../../src/identity/tokens.gateway.js';
import type { TrustRoots } from '../../src/rulebook/trust-roots.js';
import type { Semaphore } from './semaphore.js';
import { verifyProof } from './verify-proof.js';

/** Local activities of the action workflow: one transaction each, first writer wins. */
export interface GovernanceActivities {
  /** Who is to be asked, or that the EHR is, about principal and patient, before that can be said. */
  classify(admission: Admission): Promise<Classified | RelationQuestion>;
  /** The same after the EHR was asked, whether it answered or not. */
  classifyAsked(admission: Admission): Promise<Classified>;
  /** A warrant to read what a write would change; or the revision that was prepared from it already. */
  warrantPreparation(admission: Admission): Promise<Preparation>;
  /** The EHR took nothing, because the record had moved on: back to preparing. */
  reopen(admission: Admission): Promise<void>;
  recordVote(admission: Admission, envelope: DecisionEnvelope): Promise<VoteAnswer>;
  /** A leaf for a vote that the workflow refused and that came without a caller. */
  refuseVote(admission: Admission, code: string): Promise<void>;
  remind(admission: Admission): Promise<void>;
  /** Asked at the deadline: what the stored votes decided, or that the action has expired. */
  expire(admission: Admission): Promise<Decided>;
  authorise(admission: Admission): Promise<Authorised>;
  conclude(admission: Admission, outcome: Outcome): Promise<Concluded>;
  /** A warrant to ask the EHR once more what became of a write; undefined once that is known. */
  warrantReadBack(admission: Admission, round: number): Promise<MintedWarrant | undefined>;
  /** Ends an action whose outcome was unknown, if it is known by now. */
  settle(admission: Admission): Promise<Concluded>;
}

export interface GovernanceActivityDeps extends GovernanceDeps {
  /** Verifies tokens of these trust roots. */
  readonly verifier: (roots: TrustRoots) => TokenVerifier;
  /** How many verifications may be in flight; beyond it a vote is told to come again. */
  readonly verifications: Semaphore;
}

export function governanceActivities(deps: GovernanceActivityDeps): GovernanceActivities {
  return {
    warrantPreparation: (admission) => warrantPreparation(deps, admission),
    warrantReadBack: (admission, round) => warrantReadBack(deps, admission, round),
    reopen: (admission) => reopen(deps, admission),
    settle: (admission) => settle(deps, admission),
    classify: (admission) => classify(deps, admission),
    classifyAsked: (admission) => classifyAsked(deps, admission),
    remind: (admission) => remind(deps, admission),
    expire: (admission) => expire(deps, admission),
    authorise: (admission) => authorise(deps, admission),
    conclude: (admission, outcome) => conclude(deps, admission, outcome),

    async refuseVote({ tenant, action }, code) {
      await refuseUnread(deps, { tenant, action, code });
    },

    async recordVote({ tenant, action }, envelope) {
      const voteCase = { tenant, action, envelope };
      const opened = await openVote(deps, voteCase);
      if (opened.status === 'answered') return opened.answer;
      try {
        const verified = await deps.verifications.run(() => verifyProof(deps, opened, envelope.proof));
        return await countVote(deps, voteCase, opened, verified);
      } catch (error) {
        if (!(error instanceof Refusal) || isRetryable(error.code)) throw error;
        return refuseVote(deps, voteCase, opened, error.code);
      }
    },
  };
}
