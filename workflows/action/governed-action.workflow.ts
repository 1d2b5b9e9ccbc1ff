import {
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import { failureCode } from '../../src/action/failure-code.js';
import {
  admissionSchema,
  type Admission,
  type Admitted,
  type Classified,
  type Concluded,
  type Outcome,
} from '../../src/action/types.js';
import { openApprovals, type Approvals, type Question } from './approvals.js';
import { changeRecord } from './change-record.js';
import { showConcluded, showWaiting } from './display.js';
import { admit } from './messages.js';
import { governance, performer, relations } from './profiles.js';
import { resolveUnknown } from './resolve-unknown.js';

/**
 * One governed action, from request to conclusion.
 *
 * Histories hold references, commitments and counts. What was asked and what came back stay sealed in the database
 * under this action's keys, so that destroying the keys erases them here too.
 */
export async function governedAction(input: unknown): Promise<Concluded> {
  const parsed = admissionSchema.safeParse(input);
  if (!parsed.success) throw ApplicationFailure.nonRetryable('admission is not readable', 'admission.unreadable');
  const admission = parsed.data;

  let admitted: Admitted | undefined;
  setHandler(admit, async () => {
    await CancellationScope.nonCancellable(() => condition(() => admitted !== undefined));
    if (admitted === undefined) throw ApplicationFailure.nonRetryable('not admitted', 'admission.unreadable');
    return admitted;
  });
  const approvals = openApprovals(admission); // handlers before the first await: a vote may come with the start

  const outcome = await carryOut(admission, approvals, (answer) => (admitted = answer)).catch(asOutcome);
  return CancellationScope.nonCancellable(async () => {
    let concluded = await governance.conclude(admission, outcome);
    admitted ??= { status: 'concluded', as: concluded.status };
    if (concluded.status === 'outcome_unknown') concluded = await resolveUnknown(admission, approvals, concluded);
    showConcluded(concluded, admitted.status === 'accepted' ? admitted.tier : undefined);
    await condition(allHandlersFinished);
    return concluded; // what the database holds: a repeated task may come here with another outcome, and loses
  });
}

async function carryOut(
  admission: Admission,
  approvals: Approvals,
  answer: (admitted: Admitted) => void,
): Promise<Outcome> {
  const classified = await classify(admission);
  answer(admittedAs(classified));
  switch (classified.status) {
    case 'authorised': // T0: nobody to ask, so the same transaction minted the warrant
      return performer(classified.warrant).perform(admission, classified.warrant);
    case 'approvals_needed': {
      const question = questionOf(classified);
      if (classified.writes) return changeRecord(admission, approvals, { ...question, tier: classified.tier });
      showWaiting(classified);
      const decided = await approvals.decide(question);
      if (decided.status !== 'approved') return decided; // a human's no, or nobody's yes, is an outcome and no error
      const authorised = await governance.authorise(admission);
      if (authorised.status !== 'authorised') return authorised;
      return performer(authorised.warrant).perform(admission, authorised.warrant);
    }
    case 'unresolved':
      return { status: 'unresolved' };
    default:
      return classified; // refused, or the stored end of an earlier run
  }
}

/** Asks the EHR first where it has to be, once. No answer leaves no row, and a missing row is taken for `unknown`. */
async function classify(admission: Admission): Promise<Classified> {
  const classified = await governance.classify(admission);
  if (classified.status !== 'relate') return classified;
  await relations.relate(admission, classified.warrant).catch((error: unknown) => {
    if (isCancellation(error) || failureCode(error) === undefined) throw error;
  });
  return governance.classifyAsked(admission);
}

/** The deadline that the database counts from the classification, on this workflow's clock. */
function questionOf({
  revision,
  needs,
  votes,
  deadlineIn,
  remindIn,
}: Extract<Classified, { status: 'approvals_needed' }>): Question {
  const now = Date.now();
  return {
    revision,
    needs,
    votes,
    deadline: now + deadlineIn,
    remindAt: remindIn === undefined ? undefined : now + remindIn,
  };
}

/** Cancellation and failures that carry one of our codes are outcomes; anything else is a defect and stays visible. */
function asOutcome(error: unknown): Outcome {
  if (isCancellation(error)) return { status: 'cancel_requested' };
  const code = failureCode(error);
  if (code === undefined) throw error;
  return { status: 'failed', code };
}

function admittedAs(classified: Classified): Admitted {
  switch (classified.status) {
    case 'authorised':
      return { status: 'accepted', tier: classified.tier, needs: { status: 'nobody' } };
    case 'approvals_needed':
      return {
        status: 'accepted',
        tier: classified.tier,
        needs: classified.needs,
        deadline: classified.deadline,
      };
    case 'unresolved':
      return { status: 'concluded', as: 'outcome_unknown' };
    default:
      return classified;
  }
}
