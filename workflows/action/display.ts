/** What an operator sees in the Temporal UI: search attributes in clear, details through the codec server. */
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { Classified, Concluded, Tier } from '../../src/action/types.js';
import { searchAttributes } from '../../src/temporal/search-attributes.js';

type Waiting = Extract<Classified, { status: 'approvals_needed' }>;

/** Shows tier, needs and deadline while people are asked. */
export function showWaiting({ tier, needs, deadline }: Waiting): void {
  const seats =
    needs.status === 'nobody' ? 'nobody' : needs.factors.map(({ role, count }) => `${count} ${role}`).join(', ');
  upsertSearchAttributes([
    { key: searchAttributes.tier, value: tier },
    { key: searchAttributes.state, value: 'awaiting_approval' },
    { key: searchAttributes.needs, value: seats },
    { key: searchAttributes.deadline, value: new Date(deadline) },
  ]);
  setCurrentDetails(`**Waits for** ${seats}\n\n**Until** ${deadline}`);
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
