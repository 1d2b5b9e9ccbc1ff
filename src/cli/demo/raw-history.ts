/** Histories as the Temporal server has them: decoded by nobody. */
import type { Client } from '@temporalio/client';
import type { ActionId } from '../../action/ids.js';
import { workflowIdOf } from '../../action/ids.js';
import { secretForms } from './secret-forms.js';

export interface RawHistory {
  readonly events: number;
  readonly text: string;
  /** The input of the workflow's start, as it is stored. */
  readonly input: readonly Payload[];
}

type Payload = NonNullable<NonNullable<Started['input']>['payloads']>[number];
type Started = NonNullable<Event['workflowExecutionStartedEventAttributes']>;
type Event = NonNullable<NonNullable<History>['events']>[number];
type History = Awaited<ReturnType<Client['workflowService']['getWorkflowExecutionHistory']>>['history'];

export async function rawHistory(client: Client, action: ActionId): Promise<RawHistory> {
  const { namespace } = client.options;
  const execution = { workflowId: workflowIdOf(action) };
  const [{ history }, described] = await Promise.all([
    client.workflowService.getWorkflowExecutionHistory({ namespace, execution }),
    client.workflowService.describeWorkflowExecution({ namespace, execution }),
  ]);
  const events = history?.events ?? [];
  return {
    events: events.length,
    text: [printed(events), printed(described)].join('\n'),
    input: events[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [],
  };
}

function printed(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    inner instanceof Uint8Array ? Buffer.from(inner).toString('latin1') : inner,
  );
}

/** Which of these texts stand in there, in any form. */
export function foundIn(text: string, secrets: readonly string[]): string[] {
  return secrets.filter((secret) => secretForms(secret).some((form) => text.includes(form)));
}
