/** Decides how an action ended. The database's facts come before what the workflow believes. */
import type { FinalStatus, Outcome } from './types.js';

/**
 * What the warrant's use shows; `none` when no gateway ever opened one. Of a write: `conflict` and `rejected` when the EHR
 * took nothing, `unknown` when nobody knows.
 */
export type UseState = 'none' | 'open' | 'done' | 'withheld' | 'conflict' | 'rejected' | 'unknown';

export interface ConclusionFacts {
  readonly outcome: Outcome;
  readonly use: UseState;
  /** Whether something may have been sent to the EHR that changes it. */
  readonly sent: boolean;
}

export interface Conclusion {
  readonly status: FinalStatus | 'outcome_unknown';
  /** Why, for `failed`. */
  readonly code?: string;
}

/**
 * A finished use is a completed action, whatever happened to the workflow afterwards. An open one is a read that
 * brought nothing, or a write of which nobody knows. Without a use only ends without effect are believed: a history
 * that says "performed" where no gateway opened a use is not ours.
 */
export function conclusionOf({ outcome, use, sent }: ConclusionFacts): Conclusion {
  switch (use) {
    case 'done':
      return { status: 'completed' };
    case 'withheld':
      return { status: 'withheld' };
    case 'open':
      if (sent) return { status: 'outcome_unknown' };
      return { status: 'failed', code: outcome.status === 'failed' ? outcome.code : 'perform.interrupted' };
    case 'unknown':
      return { status: 'outcome_unknown' };
    case 'conflict': // the EHR took nothing; what came afterwards says how it ended
    case 'rejected':
    case 'none':
      return withoutEffect(outcome);
  }
}

function withoutEffect(outcome: Outcome): Conclusion {
  switch (outcome.status) {
    case 'denied':
    case 'expired':
    case 'refused':
      return { status: outcome.status };
    case 'cancel_requested':
      return { status: 'cancelled' };
    case 'failed':
      return { status: 'failed', code: outcome.code };
    case 'performed':
    case 'withheld':
    case 'concluded':
    case 'unresolved':
      return { status: 'failed', code: 'outcome.unfounded' };
  }
}
