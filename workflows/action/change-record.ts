/** A write: prepared, shown to people as it would be, done once; and from the beginning again when the record moved on. */
import type { Admission, Outcome, Tier } from '../../src/action/types.js';
import type { Approvals, Question } from './approvals.js';
import { showWaiting } from './display.js';
import { governance, performer, readings } from './profiles.js';

/** Revisions of one action. Somebody who changes the record faster than people can read it wins in the end. */
const mostRounds = 10;

export async function changeRecord(
  admission: Admission,
  approvals: Approvals,
  asked: Question & { readonly tier: Tier },
): Promise<Outcome> {
  for (let round = 1; round <= mostRounds; round++) {
    const prepared = await prepare(admission);
    if (prepared.status !== 'prepared') return prepared;
    const question = { ...asked, revision: prepared.revision };
    showWaiting({ ...question, deadline: new Date(asked.deadline).toISOString() });
    const decided = await approvals.decide(question);
    if (decided.status !== 'approved') return decided;
    const authorised = await governance.authorise(admission);
    if (authorised.status !== 'authorised') return authorised;
    const written = await performer(authorised.warrant).write(admission, authorised.warrant);
    if (written.status === 'performed') return written;
    await governance.reopen(admission);
  }
  return { status: 'failed', code: 'write.conflict' };
}

type Preparation = Extract<Outcome, { status: 'refused' | 'failed' }> | { status: 'prepared'; revision: number };

async function prepare(admission: Admission): Promise<Preparation> {
  const preparation = await governance.warrantPreparation(admission);
  switch (preparation.status) {
    case 'prepare':
      return readings.prepare(admission, preparation.warrant);
    case 'prepared':
      return preparation;
    case 'ended':
      return { status: 'failed', code: 'action.ended' };
  }
}
