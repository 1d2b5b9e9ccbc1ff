/** What the reconciler finds where the database says that an action is open and Temporal says something else. */
import type { Status } from '../action/types.js';
import { isFinal } from '../action/types.js';

/** How a workflow was ended that did not conclude its action; `deleted`: it was there, and nothing is left of it. */
export const findings = [
  'workflow.terminated',
  'workflow.failed',
  'workflow.timed_out',
  'workflow.cancelled',
  'workflow.completed',
  'workflow.deleted',
] as const;
export type Finding = (typeof findings)[number];

/** The latest run under an action's workflow id. */
export interface LatestRun {
  readonly run: string;
  /** First run of its chain: another one than `run` after a reset. */
  readonly first: string;
  readonly status: RunStatus;
}

/** `unknown`: a state that this build has no name for, and so draws no conclusion from. */
export type RunStatus = 'open' | 'unknown' | Exclude<Finding, 'workflow.deleted'>;

/** An action that has no final state. */
export interface OpenAction {
  readonly status: Status;
  /** Whether the database knows that Temporal had acknowledged the start. */
  readonly started: boolean;
  /** Whether it is so old that the API which opened it cannot be at it any more. */
  readonly overdue: boolean;
}

export type Judgement =
  | { readonly status: 'fits' }
  /** It runs, and nobody noted that it was started. */
  | { readonly status: 'unmarked' }
  /** The API died before Temporal heard of it. */
  | { readonly status: 'never_started' }
  /** Nothing carries it on. `resume`: its outcome is unknown, and somebody has to go on asking. */
  | { readonly status: 'lost'; readonly finding: Finding; readonly next: 'end' | 'resume' };

/** Holds an open action against its latest run; undefined for none. */
export function judgeRun(action: OpenAction, latest: LatestRun | undefined): Judgement {
  if (isFinal(action.status)) return { status: 'fits' };
  const lost = (finding: Finding): Judgement => {
    return { status: 'lost', finding, next: action.status === 'outcome_unknown' ? 'resume' : 'end' };
  };
  if (latest === undefined) {
    // A row that moved on was started, whether or not the API lived to note it.
    if (action.started || action.status !== 'requested') return lost('workflow.deleted');
    return { status: action.overdue ? 'never_started' : 'fits' };
  }
  switch (latest.status) {
    case 'open':
      return { status: action.started ? 'fits' : 'unmarked' };
    case 'unknown':
      return { status: 'fits' };
    default:
      return lost(latest.status);
  }
}
