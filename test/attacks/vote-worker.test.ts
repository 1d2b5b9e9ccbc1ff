/** Attacks with a worker and workflows of the attacker's own, on the same Temporal server and with the API's keys. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import type { GovernanceActivities } from '../../activities/governance/activities.js';
import { role, warrant as warrantId, workflowIdOf } from '../../src/action/ids.js';
import type { Admission, MintedWarrant } from '../../src/action/types.js';
import { failureConverterPath } from '../../src/temporal/failure-converter-path.js';
import { workflowBundle } from '../../worker/bundle.js';
import { startStack, type Stack } from '../support/stack.js';
import { voteScene, type VoteScene } from './vote-scene.js';

let stack: Stack;
let at: VoteScene;
beforeAll(async () => {
  stack = await startStack();
  at = voteScene(stack);
});
afterAll(() => stack?.stop());

const nobody: MintedWarrant = {
  jti: warrantId('00000000-0000-4000-8000-00000000dead'),
  token: 'eyJhbGciOiJFZERTQSJ9.e30.AAAA',
  queue: 'ehr',
  seconds: 600,
};

/** Says yes to everything, as the governance worker's local activities would if they were the attacker's. */
const yes = (warrant: MintedWarrant, ends: string[]): GovernanceActivities => ({
  classify: async () => ({ status: 'authorised', tier: 'T0', warrant }),
  classifyAsked: async () => ({ status: 'authorised', tier: 'T0', warrant }),
  recordVote: async () => ({ status: 'refused', code: 'vote.late' }),
  refuseVote: async () => undefined,
  remind: async () => undefined,
  expire: async () => ({ status: 'approved' }),
  authorise: async () => ({ status: 'authorised', warrant }),
  warrantPreparation: async () => ({ status: 'prepared', revision: 2 }),
  reopen: async () => undefined,
  warrantReadBack: async () => warrant,
  settle: async () => ({ status: 'completed' }),
  conclude: async (_, outcome) => {
    ends.push(outcome.status === 'failed' ? outcome.code : outcome.status);
    return { status: 'failed' };
  },
});

/** Runs the true workflow for this action, beside its own, on the attacker's queue. */
async function performedBy(admission: Admission, warrant: MintedWarrant): Promise<string[]> {
  const ends: string[] = [];
  const worker = await Worker.create({
    connection: stack.env.nativeConnection,
    namespace: stack.env.namespace ?? 'default',
    taskQueue: 'attacker',
    workflowBundle: await workflowBundle(),
    activities: { ...yes(warrant, ends) },
    dataConverter: { payloadCodecs: [stack.codec], failureConverterPath },
  });
  await worker.runUntil(
    stack.client.workflow.execute('governedAction', {
      workflowId: `${workflowIdOf(admission.action)}-again`,
      taskQueue: 'attacker',
      args: [admission],
    }),
  );
  return ends;
}

const stillAsking = { status: 'awaiting_approval', votes: 0, warrants: 0 };

describe('a governance worker of the attacker’s own', () => {
  it('gets nothing out of the ehr worker without a warrant’s row', async () => {
    const admission = await at.waiting();
    const read = at.patientReads();
    expect(await performedBy(admission, nobody)).toEqual(['warrant.missing']);
    expect(at.patientReads()).toEqual(read);
    expect(await at.state(admission.action)).toEqual(stillAsking);
    expect((await at.leaves(admission.action)).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['warrant.refused', 'security.event']),
    );
  });

  it('nor with the row of another action, of which it knows the id', async () => {
    const [approved, admission] = [await at.waiting(), await at.waiting()];
    await at.approve(approved.action);
    await at.ended(approved.action);
    const read = at.patientReads();
    const { rows } = await stack.db.admin.query<{ jti: string }>(
      `SELECT jti FROM countersign.warrant WHERE action = $1 AND kind = 'action'`,
      [approved.action],
    );
    const ends = await performedBy(admission, { ...nobody, jti: warrantId(rows[0]?.jti ?? '') });
    expect(ends).toHaveLength(1);
    expect(ends[0]).toMatch(/^warrant\./);
    expect(at.patientReads()).toEqual(read);
    expect(await at.state(admission.action)).toEqual(stillAsking);
  });
});

describe('a workflow of the attacker’s own on our governance worker', () => {
  /** Ends the true workflow and starts it anew, with an admission that says what the attacker likes. */
  async function restarted(lie: Partial<Admission>) {
    const admission = await at.waiting();
    await stack.client.workflow.getHandle(workflowIdOf(admission.action)).terminate();
    const read = at.patientReads();
    const handle = await stack.client.workflow.start('governedAction', {
      workflowId: workflowIdOf(admission.action),
      taskQueue: 'governance',
      args: [{ ...admission, ...lie }],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
    return { admission, handle, read };
  }

  it('finds the classification as it was stored, though it says that no patient is named', async () => {
    const { admission, handle, read } = await restarted({ namesPatient: false });
    const admitted = await handle.executeUpdate('admit', { args: [] });
    expect(admitted).toMatchObject({ tier: 'T1', needs: { factors: [{ role: role('clinical_staff'), count: 1 }] } });
    expect(at.patientReads()).toEqual(read);
    expect(await at.state(admission.action)).toEqual(stillAsking);
    await at.approve(admission.action); // and the person's yes still is what opens it
    expect(await handle.result()).toMatchObject({ status: 'completed' });
  });
});
