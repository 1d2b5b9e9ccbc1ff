import {
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  setHandler,
} from '@temporalio/workflow';
import type { Admission, Classified, CountedVote, Decided, Resolution, VoteAnswer } from '../../src/action/types.js';
import { failureCode } from '../../src/action/failure-code.js';
import { addVote, checkVote, openBallot, tally, type Ballot } from '../../src/approval/ballot.js';
import type { DecisionEnvelope } from '../../src/approval/envelope.js';
import { governance, reminders, verifications } from './profiles.js';
import { vote, voteSignal } from './messages.js';

/** Who is asked about which revision, until when by this workflow's clock. */
export interface Question extends Pick<Waiting, 'revision' | 'needs' | 'votes'> {
  /** Milliseconds since 1970. */
  readonly deadline: number;
  readonly remindAt: number | undefined;
}

type Waiting = Extract<Classified, { status: 'approvals_needed' }>;

/**
 * Milliseconds. A vote that the database had before the deadline is sent here after that, and the two clocks are not one;
 * what came later recordVote refuses.
 */
const onItsWay = 2_000;

export interface Approvals {
  /** Waits for the quorum, a deny, or the deadline; a vote that the database had before the deadline counts. */
  decide(question: Question): Promise<Decided>;
  /** Asks what became of a write. True once people have said it, false when `ms` are over. */
  resolve(resolution: Resolution, ms: number | undefined): Promise<boolean>;
}

/** Neither a yes nor a no: nothing was counted, and this person may vote again. */
function unverified(error: unknown): never {
  if (failureCode(error) === undefined) throw error;
  throw ApplicationFailure.nonRetryable('vote could not be verified', 'identity.unreachable');
}

/** Registers the vote handlers at once: a vote may come with the first workflow task. */
export function openApprovals(admission: Admission): Approvals {
  let ballot: Ballot | undefined;
  /** Why no vote is taken now; undefined while one is. Between two revisions nobody is asked, and soon somebody may be. */
  let shut: 'vote.not_open' | 'vote.late' | undefined = 'vote.not_open';

  /** Pure JavaScript only: shape, state, revision. What a signature is worth, recordVote says. */
  function refusal(envelope: unknown): string | undefined {
    if (shut !== undefined) return shut;
    return ballot ? checkVote(ballot, envelope, admission.action) : 'vote.not_open';
  }

  /** Votes on this revision that are in already stay: they came after the database had answered. */
  function open({ revision, needs, votes }: Pick<Resolution, 'revision' | 'needs' | 'votes'>): void {
    const before = ballot?.revision === revision ? ballot.votes : [];
    ballot = before.reduce<Ballot>((opened, vote) => addVote(opened, vote), openBallot({ revision, needs, votes }));
    shut = undefined;
  }

  /** Verification survives a cancel: a cancelled verification would be no refused vote. */
  async function receive(envelope: DecisionEnvelope): Promise<VoteAnswer> {
    const answer = await CancellationScope.nonCancellable(() => verifications.recordVote(admission, envelope)).catch(
      unverified,
    );
    if (answer.status === 'counted') add(answer.vote);
    return answer;
  }

  /** Looks for the challenge again: the same vote may have been counted while this one was being verified. */
  function add(counted: CountedVote): void {
    if (ballot && ballot.revision === counted.revision) ballot = addVote(ballot, counted);
  }

  const decided = () => ballot !== undefined && tally(ballot).status !== 'open';

  /** What the votes that came here decided; undefined for nothing, which the database must not contradict. */
  function decision(): Decided | undefined {
    const state = ballot && tally(ballot);
    switch (state?.status) {
      case 'met':
        return { status: 'approved' };
      case 'denied':
        return { status: 'denied', by: state.by };
      default:
        return undefined;
    }
  }

  setHandler(vote, (envelope) => receive(envelope as DecisionEnvelope), {
    validator: (envelope) => {
      const code = refusal(envelope);
      if (code !== undefined) throw ApplicationFailure.nonRetryable('vote refused', code);
    },
  });
  setHandler(voteSignal, async (envelope) => {
    const code = refusal(envelope);
    // A signal has no caller to tell and must not fail the workflow: its refusal goes on the log instead.
    if (code === undefined) await receive(envelope as DecisionEnvelope).catch(() => undefined);
    else await CancellationScope.nonCancellable(() => governance.refuseVote(admission, code)).catch(() => undefined);
  });

  return {
    async decide(question) {
      const { deadline, remindAt } = question;
      open(question);
      const within = (instant: number) => condition(decided, Math.max(1, instant - Date.now()));
      if (remindAt !== undefined && remindAt > Date.now() && !(await within(remindAt))) {
        await reminders.remind(admission).catch(() => undefined);
      }
      await within(deadline + onItsWay);
      // The database received these votes in time; their verification may end after the timer.
      await condition(allHandlersFinished);
      shut = 'vote.not_open';
      const found = decision() ?? (await governance.expire(admission));
      if (found.status !== 'approved') shut = 'vote.late';
      return found;
    },
    async resolve(resolution, ms) {
      open(resolution);
      const said = ms === undefined ? await condition(decided).then(() => true) : await condition(decided, ms);
      // These the database judges now. What comes while it does is for the next question, or nobody would ask it again.
      if (ballot) ballot = { ...ballot, votes: [] };
      return said;
    },
  };
}
