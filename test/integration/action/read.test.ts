import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAction } from '../../../src/action/admit.tx.js';
import { agent, role, workflowIdOf, type ActionId } from '../../../src/action/ids.js';
import { release } from '../../../src/action/release.tx.js';
import { usualMeaning, type Verdict } from '../../../src/approval/decision.js';
import { openChallenge } from '../../../src/approval/open-challenge.tx.js';
import { clinic, startStack, type Stack } from '../../support/stack.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

const triage = agent('triage-agent');
let asked = 0;

/** Opens and starts an action as the API does. */
async function request(type: 'facility.read' | 'medications.read', more: { expiresIn?: number } = {}) {
  asked += 1;
  const [patient] = stack.ehr.demoPatients;
  const admission = await openAction(stack.api, {
    tenant: clinic,
    agent: triage,
    principal: stack.people.chen,
    request: {
      type,
      input: type === 'facility.read' ? {} : { patient: patient?.patient, episode: patient?.encounter },
      purpose: type === 'facility.read' ? 'HOPERAT' : 'TREAT',
      principal: 'verified by the route',
      reason: 'Reconcile medications before discharge',
      idempotencyKey: `k${asked}`,
      ...more,
    },
  });
  const purpose = type === 'facility.read' ? 'HOPERAT' : 'TREAT';
  const admitted = await stack.actions.admit(admission, { type, agent: triage, purpose });
  return { action: admission.action, admitted };
}

/** Votes as a person does: challenge, ID token for these bytes, vote. */
async function vote(action: ActionId, by: keyof Stack['people'], verdict: Verdict, reason?: string) {
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

const resultOf = (action: ActionId): Promise<unknown> => stack.client.workflow.getHandle(workflowIdOf(action)).result();
const released = (action: ActionId) => release(stack.api, { tenant: clinic, action, agent: triage });

describe('a governed read, end to end', () => {
  it('of administrative data runs without asking anybody', async () => {
    const { action, admitted } = await request('facility.read');
    expect(admitted).toEqual({ status: 'accepted', tier: 'T0', needs: { status: 'nobody' } });
    expect(await resultOf(action)).toMatchObject({ status: 'completed' });
    const result = await released(action);
    expect(result).toMatchObject({ status: 'completed', output: { truncated: false } });
    expect(JSON.stringify(result)).toMatch(/availableTime/);
  });

  it('of medications waits for a clinician, and gives the agent what the element lets through', async () => {
    const { action, admitted } = await request('medications.read');
    expect(admitted).toMatchObject({
      status: 'accepted',
      tier: 'T1',
      needs: { status: 'quorum', factors: [{ role: 'clinical_staff', count: 1 }] },
    });
    expect(await vote(action, 'amara', 'approve')).toMatchObject({ status: 'counted' });
    expect(await resultOf(action)).toMatchObject({ status: 'completed' });
    const result = await released(action);
    expect(result.status === 'completed' && result.output.elements['current_medications']?.length).toBeGreaterThan(0);
  });

  it('is denied by a human, whose reason the agent hears', async () => {
    const { action } = await request('medications.read');
    await vote(action, 'ben', 'deny', 'Patient was discharged this morning');
    expect(await resultOf(action)).toMatchObject({ status: 'denied' });
    expect(await released(action)).toEqual({ status: 'denied', reason: 'Patient was discharged this morning' });
  });

  it('expires when nobody answers', async () => {
    const { action } = await request('medications.read', { expiresIn: 2 });
    expect(await resultOf(action)).toMatchObject({ status: 'expired' });
    expect(await released(action)).toEqual({ status: 'expired' });
  });
});
