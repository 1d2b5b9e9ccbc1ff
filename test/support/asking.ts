/** Asking for actions and voting on them as the API does, for tests that have no API in front. */
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { canaryPatient, type RunningEhr } from '@countersign/sandbox';
import { findAction } from '../../src/action/action.store.js';
import { openAction } from '../../src/action/admit.tx.js';
import { agent, role, workflowIdOf, type ActionId, type AgentId } from '../../src/action/ids.js';
import { isFinal, type Admission, type Status } from '../../src/action/types.js';
import { usualMeaning, type Verdict } from '../../src/approval/decision.js';
import { openChallenge } from '../../src/approval/open-challenge.tx.js';
import { inTenant } from '../../src/database/transaction.js';
import type { GovernedActions } from '../../src/temporal/governed-actions.js';
import type { TestIssuer } from './issuer.js';
import { clinic, type apiDeps, type Stack } from './stack.js';
import { until } from './until.js';

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
const documentation = agent('documentation-agent');
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
export async function request(
  stack: Asked,
  type: ReadType,
  options: RequestOptions = {},
): Promise<{
  readonly action: ActionId;
  readonly admission: Admission;
  /** Once the request was classified. */
  readonly admitted: ReturnType<GovernedActions['admit']>;
}> {
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
  const { action } = admission;
  const admitted = stack.actions.admit(admission, { type, agent: by, purpose }).then(async (answer) => {
    await classified(stack, action); // on a busy machine the API may have given up waiting, and answered `pending`
    return answer;
  });
  return { action, admission, admitted };
}

async function classified(stack: Pick<Asked, 'api'>, action: ActionId): Promise<void> {
  await until(async () => {
    const row = await inTenant(stack.api.pool, clinic, (tx) => findAction(tx, action));
    return (row && row.status !== 'requested') || undefined;
  });
}

export interface ChangeOptions {
  readonly reason?: string;
  /** Times a day, other than before. */
  readonly frequency?: number;
  /** Marks the canary's allergy as entered in error instead: T3. */
  readonly deletes?: boolean;
}

/** What the canary's first medication order is called in the sandbox. */
export const canaryOrder = 'MedicationRequest/canary-medication-1';
export const canaryAllergy = 'AllergyIntolerance/canary-allergy';
/** What people type to have it marked as entered in error. */
export function deletionPhrase({ ehr }: Pick<Asked, 'ehr'>): string {
  const [allergy] = ehr.versions(canaryAllergy);
  return `${canaryPatient.name}: Allergy to moonseed resin, ${String(allergy?.['recordedDate'])}`;
}

/** Opens a change of the canary's record in the name of Dr Chen, and waits until people are asked about it. */
export async function requestChange(
  stack: Asked,
  { frequency = 2, reason = 'Dose reduced at discharge', deletes = false }: ChangeOptions = {},
): Promise<ActionId> {
  asked += 1;
  const { patient, encounter: episode } = canaryPatient;
  const text = `37 mg by mouth ${frequency} times a day`; // words and structure say the same
  const timing = { repeat: { frequency, period: 1, periodUnit: 'd' } };
  const change = deletes ? { status: 'entered-in-error' } : { dosageInstruction: [{ at: 0, text, timing }] };
  const type = deletes ? 'record.delete' : 'medication.update';
  const element = deletes ? 'allergy_history' : 'current_medications';
  const admission = await openAction(stack.api, {
    tenant: clinic,
    agent: documentation,
    principal: stack.people.chen,
    request: {
      type,
      input: { patient, episode, target: deletes ? canaryAllergy : canaryOrder, change },
      elements: [element],
      purpose: 'TREAT',
      principal: 'verified by the route',
      reason,
      justifications: { [element]: 'It is what has to be changed' },
      ...(deletes && { riskAssessment: 'An allergy that is gone warns nobody' }),
      idempotencyKey: `asked-${asked}`,
    },
  });
  const { action } = admission;
  await stack.actions.admit(admission, { type, agent: documentation, purpose: 'TREAT' });
  await reached(stack, action, 'awaiting_approval');
  return action;
}

/** From now on the EHR is asked again whom people treat, as if it had said nothing yet. */
export async function askAnew({ admin }: { readonly admin: Pick<Pool, 'query'> }): Promise<void> {
  await admin.query('UPDATE countersign.person SET relations_from = clock_timestamp()');
}

/** Waits until the action is in this state. @throws Error when it ends in another one. */
export async function reached(stack: Pick<Asked, 'api'>, action: ActionId, status: Status): Promise<void> {
  await until(async () => {
    const row = await inTenant(stack.api.pool, clinic, (tx) => findAction(tx, action));
    if (row && row.status !== status && isFinal(row.status)) throw new Error(JSON.stringify(row.outcome));
    return row?.status === status || undefined;
  });
}

/** Challenge, ID token for these bytes, vote. */
export async function vote(
  stack: Asked,
  action: ActionId,
  by: keyof Stack['people'],
  verdict: Verdict,
  reason?: string,
): ReturnType<GovernedActions['vote']> {
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
