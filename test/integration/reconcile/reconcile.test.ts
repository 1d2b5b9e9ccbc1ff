import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { workflowIdOf, type ActionId } from '../../../src/action/ids.js';
import { release } from '../../../src/action/release.tx.js';
import type { Leaf } from '../../../src/audit/leaf.js';
import { askAnew, request, resultOf, triage, vote } from '../../support/asking.js';
import { clinic, startStack, type Stack } from '../../support/stack.js';
import { until } from '../../support/until.js';
import { reconcileStage, type ReconcileStage } from './stage.js';

let stack: Stack;
let at: ReconcileStage;
beforeAll(async () => {
  stack = await startStack();
  at = reconcileStage(stack);
});
afterAll(() => stack?.stop());

/** An action that waits for a clinician. */
async function waiting(): Promise<ActionId> {
  const { action, admitted } = await request(stack, 'medications.read');
  await admitted;
  return action;
}

const kinds = (leaves: readonly Leaf[]): string[] => leaves.map(({ kind }) => kind);
const dataOfKind = (leaves: readonly Leaf[], kind: string): unknown[] =>
  leaves.filter((leaf) => leaf.kind === kind).map(({ data }) => data);
const events = (leaves: readonly Leaf[]): unknown[] =>
  dataOfKind(leaves, 'security.event').map((data) => (data as { readonly code: string }).code);

describe('an action whose workflow was ended from outside', () => {
  it('terminated while it waits: no effect, a leaf, a final state, and votes come too late', async () => {
    const action = await waiting();
    const reads = at.patientReads();
    await at.terminate(action);
    await at.aged(action);
    await at.reconcile();
    expect(await at.row(action)).toMatchObject({ status: 'failed', outcome: { code: 'workflow.terminated' } });
    const leaves = await at.leaves(action);
    expect(dataOfKind(leaves, 'action.reconciled')).toEqual([{ finding: 'workflow.terminated' }]);
    expect(events(leaves)).toEqual(['workflow.terminated']);
    await expect(vote(stack, action, 'amara', 'approve')).rejects.toMatchObject({ code: 'challenge.closed' });
    expect(at.patientReads()).toBe(reads);
    expect(await at.account(action)).toMatchObject({ outcome: { status: 'failed', code: 'workflow.terminated' } });
  });

  it('deleted, with its history: the same, and the log says that there is none', async () => {
    const action = await waiting();
    await at.remove(action);
    await at.aged(action);
    await at.reconcile();
    expect(await at.row(action)).toMatchObject({ status: 'failed', outcome: { code: 'workflow.deleted' } });
    await at.aged(action);
    await at.reconcile();
    const leaves = await at.leaves(action);
    expect(events(leaves)).toEqual(['workflow.deleted', 'history.missing']);
    expect(kinds(leaves)).not.toContain('history.closed');
    expect(await at.account(action)).toMatchObject({ outcome: { code: 'workflow.deleted' } });
  });

  it('is left alone while it is young', async () => {
    const action = await waiting();
    await at.terminate(action);
    await at.reconcile();
    expect((await at.row(action)).status).toBe('awaiting_approval');
  });

  it('terminated while the EHR answers: the warrant is revoked first, and nothing comes out of it', async () => {
    await askAnew(stack.db);
    const action = await waiting();
    stack.ehr.faults.set({ match: { method: 'GET', path: '/fhir/MedicationRequest' }, fault: { kind: 'hold' } });
    await vote(stack, action, 'amara', 'approve');
    await stack.ehr.faults.whenHeld();
    const reads = at.patientReads();
    await at.terminate(action);
    await at.aged(action);
    await at.reconcile();
    const leaves = await at.leaves(action);
    stack.ehr.faults.release();
    expect(await at.row(action)).toMatchObject({ status: 'failed', outcome: { code: 'workflow.terminated' } });
    expect(kinds(leaves).slice(kinds(leaves).lastIndexOf('action.attempt'), -1)).toEqual([
      'action.attempt',
      'warrant.revoked', // the one that asked for the relation
      'warrant.revoked',
      'action.reconciled',
      'security.event',
      'action.outcome',
    ]);
    const warrants = await stack.db.admin.query<{ revoked_for: string }>(
      `SELECT revoked_for FROM countersign.warrant WHERE action = $1 AND kind = 'action'`,
      [action],
    );
    expect(warrants.rows).toEqual([{ revoked_for: 'reconciled' }]);
    const sealed = await stack.db.admin.query(`SELECT FROM countersign.sealed WHERE action = $1 AND path = 'result'`, [
      action,
    ]);
    expect(sealed.rowCount).toBe(0);
    expect(at.patientReads()).toBe(reads);
    expect(await at.account(action)).toMatchObject({ reconciled: [{ finding: 'workflow.terminated' }] });
    expect(await release(stack.api, { tenant: clinic, action, agent: triage })).toEqual({
      status: 'failed',
      code: 'workflow.terminated',
    });
  });

  it('changes nothing when it is looked at again, whoever looks', async () => {
    const action = await waiting();
    await at.terminate(action);
    await at.aged(action);
    await Promise.all([at.reconcile(), at.reconcile(), at.reconcile()]);
    await at.aged(action);
    await at.reconcile();
    const leaves = await at.leaves(action);
    await at.reconcile();
    expect(await at.leaves(action)).toEqual(leaves);
    expect(kinds(leaves).filter((kind) => kind === 'action.outcome')).toHaveLength(1);
    expect(kinds(leaves).at(-1)).toBe('history.closed');
  });
});

describe('an action whose workflow was reset', () => {
  it('at the vote: it goes on, is read once, and each reset shows once', async () => {
    const action = await waiting();
    const first = await at.reset(action);
    await at.aged(action);
    await at.reconcile();
    await at.reconcile();
    expect(events(await at.leaves(action))).toEqual(expect.arrayContaining(['workflow.reset']));
    const reads = at.patientReads();
    await until(async () => {
      const answer = await vote(stack, action, 'amara', 'approve').catch(() => undefined);
      return answer?.status === 'counted' ? true : undefined;
    });
    expect(await resultOf(stack, action)).toMatchObject({ status: 'completed' });
    expect(at.patientReads()).toBe(reads + 1);
    await at.aged(action);
    await at.reconcile();
    const leaves = await at.leaves(action);
    expect(leaves.filter(({ key }) => key === `workflow.reset/${first}`)).toHaveLength(1);
    expect(kinds(leaves).filter((kind) => kind === 'action.outcome')).toHaveLength(1);
    expect(dataOfKind(leaves, 'history.closed')).toHaveLength(2); // the run that the reset ended, and the one after it
    expect(await at.account(action)).toMatchObject({ outcome: { status: 'completed' } });
  });

  it('after the end: the second run does nothing, and has its leaves', async () => {
    const action = await waiting();
    await vote(stack, action, 'amara', 'approve');
    await resultOf(stack, action);
    await at.aged(action);
    await at.reconcile();
    const [reads, before] = [at.patientReads(), await at.leaves(action)];
    const second = await at.reset(action);
    expect(await resultOf(stack, action)).toMatchObject({ status: 'completed' });
    await at.reconcile();
    expect(at.patientReads()).toBe(reads);
    const since = (await at.leaves(action)).slice(before.length);
    expect(since.map(({ kind, key }) => [kind, key])).toEqual([
      ['security.event', `workflow.reset/${second}`],
      ['history.closed', second],
    ]);
    expect(await at.account(action)).toMatchObject({
      outcome: { status: 'completed' },
      securityEvents: [{ code: 'workflow.reset' }],
    });
  });
});

describe('an admit that the API died in', () => {
  it('is repeated, with a leaf, and the action runs as if nothing had happened', async () => {
    const action = await at.opened();
    await at.aged(action);
    await at.reconcile();
    expect(await resultOf(stack, action)).toMatchObject({ status: 'completed' });
    expect((await at.row(action)).startedAt).not.toBeNull();
    const leaves = await at.leaves(action);
    expect(kinds(leaves)[0]).toBe('action.readmitted');
    expect(await at.account(action)).toMatchObject({ outcome: { status: 'completed' }, securityEvents: [] });
    const described = await stack.client.workflow.getHandle(workflowIdOf(action)).describe();
    expect(described.searchAttributes).toMatchObject({ GovType: ['facility.read'], GovAgent: [triage] });
  });

  it('is left to its API for half a minute', async () => {
    const action = await at.opened();
    await stack.db.admin.query(
      `UPDATE countersign.action SET created_at = clock_timestamp() - interval '15 seconds' WHERE action = $1`,
      [action],
    );
    await at.reconcile();
    expect(await at.leaves(action)).toEqual([]);
  });

  it('finds the same action, when its agent asks again afterwards', async () => {
    const action = await waiting();
    expect((await at.row(action)).startedAt).toBeNull(); // as if the API had died right after the start
    await at.aged(action);
    await at.reconcile();
    expect((await at.row(action)).startedAt).not.toBeNull();
    expect(kinds(await at.leaves(action))).not.toContain('action.readmitted');
  });
});

describe('the history of an action that ended', () => {
  it('is digested as the server has it, once, and the digest is that of whoever computes it again', async () => {
    const { action, admitted } = await request(stack, 'facility.read');
    await admitted;
    await resultOf(stack, action);
    await at.aged(action);
    await at.reconcile();
    const digests = dataOfKind(await at.leaves(action), 'history.closed');
    expect(digests).toEqual([await at.digestOf(action)]);
    await at.reconcile();
    expect(dataOfKind(await at.leaves(action), 'history.closed')).toEqual(digests);
    expect(await at.account(action)).toMatchObject({ outcome: { status: 'completed' } });
  });
});
