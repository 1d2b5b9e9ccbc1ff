/** Asking for actions and voting on them as the API does, for tests that have no API in front. */
import type { Client } from '@temporalio/client';
import type { RunningEhr } from '@countersign/sandbox';
import { openAction } from '../../src/action/admit.tx.js';
import { agent, role, workflowIdOf, type ActionId, type AgentId } from '../../src/action/ids.js';
import { usualMeaning, type Verdict } from '../../src/approval/decision.js';
import { openChallenge } from '../../src/approval/open-challenge.tx.js';
import type { GovernedActions } from '../../src/temporal/governed-actions.js';
import type { TestIssuer } from './issuer.js';
import { clinic, type apiDeps, type Stack } from './stack.js';

/** What both kinds of test stack have. */
export interface Asked {
  readonly api: ReturnType<typeof apiDeps>;
  readonly actions: GovernedActions;
  readonly client: Client;
  readonly ehr: RunningEhr;
  readonly issuer: TestIssuer;
  readonly people: Stack['people'];
}

export const triage = agent('triage-agent');
let asked = 0;

export interface RequestOptions {
  readonly agent?: AgentId;
  readonly expiresIn?: number;
  readonly reason?: string;
  readonly elements?: readonly string[];
  /** Which of the demo patients; the first unless told. */
  readonly patient?: { readonly patient: string; readonly encounter: string };
}

type ReadType = 'facility.read' | 'medications.read' | 'record.read';

/** Opens the row and starts its workflow. */
export async function request(stack: Asked, type: ReadType, options: RequestOptions = {}) {
  asked += 1;
  const { agent: by = triage, expiresIn, elements, reason = 'Reconcile medications before discharge' } = options;
  const patient = options.patient ?? stack.ehr.demoPatients[0];
  const purpose = type === 'facility.read' ? 'HOPERAT' : 'TREAT';
  const admission = await openAction(stack.api, {
    tenant: clinic,
    agent: by,
    principal: stack.people.chen,
    request: {
      type,
      input: type === 'facility.read' ? {} : { patient: patient?.patient, episode: patient?.encounter },
      purpose,
      principal: 'verified by the route',
      reason,
      idempotencyKey: `asked-${asked}`,
      ...(expiresIn !== undefined && { expiresIn }),
      ...(elements !== undefined && { elements: [...elements] }),
    },
  });
  const admitted = stack.actions.admit(admission, { type, agent: by, purpose });
  return { action: admission.action, admission, admitted };
}

/** Challenge, ID token for these bytes, vote. */
export async function vote(
  stack: Asked,
  action: ActionId,
  by: keyof Stack['people'],
  verdict: Verdict,
  reason?: string,
) {
  const { decision, hash } = await openChallenge(stack.api, {
    tenant: clinic,
    action,
    approver: stack.people[by],
    verdict,
    meaning: usualMeaning[verdict],
    reason,
    actingRoles: [role('clinical_staff')],
  });
  const idToken = await stack.issuer.voteToken(by, hash);
  return stack.actions.vote(action, decision.challenge, { decision, proof: { kind: 'idp', idToken } });
}

/** What the workflow returned; waits for its end. */
export function resultOf(stack: Pick<Asked, 'client'>, action: ActionId): Promise<unknown> {
  return stack.client.workflow.getHandle(workflowIdOf(action)).result();
}
