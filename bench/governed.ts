/** The governed side: a T0 read, opened and admitted as the API does, on the stack that the tests run on. */
import { randomUUID } from 'node:crypto';
import { openAction } from '../src/action/admit.tx.js';
import { agent, workflowIdOf } from '../src/action/ids.js';
import type { Admission } from '../src/action/types.js';
import { clinic, type Stack } from '../test/support/stack.js';

const triage = agent('triage-agent');
const announced = { type: 'facility.read', agent: triage, purpose: 'HOPERAT' };

export interface Governed {
  /** What the API does before Temporal hears of a request: seal it, make its keys and its row. */
  open(): Promise<Admission>;
  /** From admit to conclude; answers the workflow's id. */
  run(admission: Admission): Promise<string>;
  /** How many events the history of that run holds. */
  events(workflowId: string): Promise<number>;
}

export function governed(stack: Stack): Governed {
  return {
    open: () =>
      openAction(stack.api, {
        tenant: clinic,
        agent: triage,
        principal: stack.people.chen,
        request: {
          type: 'facility.read',
          input: {},
          purpose: 'HOPERAT',
          principal: 'verified by the route',
          idempotencyKey: randomUUID(),
        },
      }),
    async run(admission) {
      const admitted = await stack.actions.admit(admission, announced);
      const workflowId = workflowIdOf(admission.action);
      const concluded: unknown = await stack.client.workflow.getHandle(workflowId).result();
      if (admitted.status !== 'accepted' || admitted.tier !== 'T0' || !isCompleted(concluded))
        throw new Error('the governed read did not complete as T0: its time says nothing');
      return workflowId;
    },
    async events(workflowId) {
      const { events } = await stack.client.workflow.getHandle(workflowId).fetchHistory();
      return events?.length ?? 0;
    },
  };
}

function isCompleted(concluded: unknown): boolean {
  return (
    typeof concluded === 'object' && concluded !== null && 'status' in concluded && concluded.status === 'completed'
  );
}
