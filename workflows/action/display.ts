/** What an operator sees in the Temporal UI: search attributes in clear, details through the codec server. */
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { Classified, Concluded, Tier } from '../../src/action/types.js';
import { factorsOf, rolesOf } from '../../src/approval/quorum.js';
import { searchAttributes } from '../../src/temporal/search-attributes.js';

type Waiting = Pick<Extract<Classified, { status: 'approvals_needed' }>, 'tier' | 'needs' | 'deadline'>;

/** Shows tier, needs and deadline while people are asked. */
export function showWaiting({ tier, needs, deadline }: Waiting): void {
  const seats = seatsOf(needs);
  upsertSearchAttributes([
    { key: searchAttributes.tier, value: tier },
    { key: searchAttributes.state, value: 'awaiting_approval' },
    { key: searchAttributes.needs, value: seats },
    { key: searchAttributes.deadline, value: new Date(deadline) },
  ]);
  setCurrentDetails(`**Waits for** ${seats}\n\n**Until** ${deadline}`);
}

/** Shows that a human has to say what became of a write. */
export function showUnresolved({ resolution }: Concluded): void {
  const seats = seatsOf(resolution?.needs ?? { status: 'nobody' });
  upsertSearchAttributes([
    { key: searchAttributes.state, value: 'outcome_unknown' },
    { key: searchAttributes.needs, value: seats },
  ]);
  setCurrentDetails(`**Nobody knows** whether this write took effect\n\n**Waits for** the EHR, or ${seats}`);
}

/** Roles and counts in the closed letters of a keyword: `1 clinician order, 1 senior_clinician or pharmacist`. */
function seatsOf(needs: Waiting['needs']): string {
  return (
    factorsOf(needs)
      .map(
        ({ count, order, ...factor }) =>
          `${count} ${rolesOf({ count, ...factor }).join(' or ')}${order ? ' order' : ''}`,
      )
      .join(', ') || 'nobody'
  );
}

/** Shows the end, and which retention workflow will dispose of the record. One upsert, to keep T0 at sixteen events. */
export function showConcluded({ status, retention, warrant, leaf }: Concluded, tier: Tier | undefined): void {
  upsertSearchAttributes([
    { key: searchAttributes.state, value: status },
    ...(tier === 'T0' ? [{ key: searchAttributes.tier, value: tier }] : []),
  ]);
  setCurrentDetails(
    [
      `**Ended** ${status}`,
      warrant === undefined ? '**Warrant** none' : `**Warrant** ${warrant}`,
      ...(leaf === undefined ? [] : [`**Outcome leaf** ${leaf}`]),
      ...(retention === undefined ? [] : [`**Record** ${retention.class}, disposed of by ${retention.workflow}`]),
    ].join('\n\n'),
  );
}
