/**
 * kill -9 wherever the action writes. A trigger on each table holds the worker's transaction, either at its row or at
 * its COMMIT, which goes through although nobody is left to hear of it; then the worker is killed and started again.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { leafOf } from '../../src/audit/leaf.js';
import { leavesOf } from '../../src/audit/leaf.store.js';
import { inTenant } from '../../src/database/transaction.js';
import { release } from '../../src/action/release.tx.js';
import type { ActionId } from '../../src/action/ids.js';
import { askAnew, request, resultOf, triage, vote } from '../support/asking.js';
import { CrashPoints, type Moment } from '../support/crash-points.js';
import { startProcesses, type Processes, type WorkerName } from '../support/processes.js';
import { clinic } from '../support/stack.js';

let processes: Processes;
let points: CrashPoints;
beforeAll(async () => {
  processes = await startProcesses();
  points = await CrashPoints.install(processes.db);
  await Promise.all([processes.start('governance'), processes.start('ehr')]);
}, 120_000);
afterAll(async () => {
  await points?.end();
  await processes?.stop();
});

/** With the relation asked of the EHR, though it was a moment ago: each action goes the whole way. */
async function asked() {
  await askAnew(processes.db);
  return request(processes, 'medications.read');
}

/** Which tables the workers write, from the request on and from the vote on. */
const written = {
  request: ['action', 'audit_leaf', 'audit_log', 'quota_entry', 'relation', 'step_result', 'warrant', 'warrant_use'],
  vote: [
    'action',
    'audit_leaf',
    'audit_log',
    'dek',
    'dek_wrap',
    'sealed',
    'step_result',
    'vote',
    'vote_receipt',
    'warrant',
    'warrant_use',
  ],
} as const;

describe('an action without a crash', () => {
  it('writes the tables that the crashes below are placed on', async () => {
    points.forget();
    const { action, admitted } = await asked();
    await admitted;
    expect(points.tables()).toEqual(written.request);
    points.forget();
    await vote(processes, action, 'amara', 'approve');
    await resultOf(processes, action);
    expect(points.tables()).toEqual(written.vote);
  });
});

/** One table of each transaction: its COMMIT is the same moment whichever of its tables asks for it. */
const commits: readonly string[] = [
  'relation',
  'revision',
  'warrant_use',
  'sealed',
  'dek_wrap',
  'vote',
  'vote_receipt',
];

const cases = (Object.keys(written) as (keyof typeof written)[]).flatMap((from) => [
  ...written[from].map((table) => ({ from, table, moment: 'row' as const })),
  ...written[from]
    .filter((table) => commits.includes(table))
    .map((table) => ({ from, table, moment: 'commit' as const })),
]);

describe.each(cases)('killed while writing $table after the $from, at the $moment', ({ from, table, moment }) => {
  it('the same action completes, once', async () => {
    const action = await crashed(from, table, moment);
    expect(await resultOf(processes, action)).toMatchObject({ status: 'completed' });
    await expectOneOutcome(action);
  });
});

describe('killed while the EHR answers', () => {
  it.each([
    ['the relation', '/fhir/Encounter'],
    ['the medications', '/fhir/MedicationRequest'],
  ])('%s: the same action completes, its attempts numbered on', async (_what, path) => {
    const { faults } = processes.ehr;
    faults.set({ match: { path }, fault: { kind: 'hold' } });
    const { action, admitted } = await asked();
    const held = faults.whenHeld();
    if (path === '/fhir/MedicationRequest') {
      await admitted;
      await vote(processes, action, 'amara', 'approve');
    }
    await held;
    await processes.kill('ehr');
    faults.clear();
    await processes.start('ehr');
    await admitted;
    if (path === '/fhir/Encounter') {
      await vote(processes, action, 'amara', 'approve');
    }
    expect(await resultOf(processes, action)).toMatchObject({ status: 'completed' });
    await expectOneOutcome(action);
    expect(await attemptsOf(action)).toBe(3);
  });

  it('and both workers at once: nothing is lost', async () => {
    const { action, admitted } = await asked();
    await admitted;
    await Promise.all([processes.kill('governance'), processes.kill('ehr')]);
    await Promise.all([processes.start('governance'), processes.start('ehr')]);
    await vote(processes, action, 'amara', 'approve');
    expect(await resultOf(processes, action)).toMatchObject({ status: 'completed' });
    await expectOneOutcome(action);
  });
});

async function attemptsOf(action: ActionId): Promise<number> {
  const stored = await inTenant(processes.db.pool('api'), clinic, (tx) => leavesOf(tx, action));
  return stored.map(({ bytes }) => leafOf(bytes)).filter(({ kind }) => kind === 'action.attempt').length;
}

async function crashed(from: keyof typeof written, table: string, moment: Moment): Promise<ActionId> {
  if (from === 'request') {
    await points.arm({ table, moment });
    const { action, admitted } = await asked();
    await killHeld();
    await admitted;
    await vote(processes, action, 'amara', 'approve');
    return action;
  }
  const { action, admitted } = await asked();
  await admitted;
  await points.arm({ table, moment });
  const voting = vote(processes, action, 'amara', 'approve');
  await killHeld();
  await voting;
  return action;
}

async function killHeld(): Promise<void> {
  const name: WorkerName = (await points.held()) === 'worker-ehr' ? 'ehr' : 'governance';
  await processes.kill(name);
  await points.disarm();
  await processes.start(name);
}

async function expectOneOutcome(action: ActionId): Promise<void> {
  const stored = await inTenant(processes.db.pool('api'), clinic, (tx) => leavesOf(tx, action));
  const leaves = stored.map(({ bytes }) => leafOf(bytes));
  expect(leaves.map(({ seq }) => seq)).toEqual(leaves.map((_, at) => at + 1));
  const once = leaves.map(({ kind }) => kind).filter((kind) => kind !== 'action.attempt');
  expect(once).toEqual([
    'relation.checked',
    'action.requested',
    'approval.challenged',
    'vote.counted',
    'action.authorised',
    'action.outcome',
  ]);
  const uses = await processes.db.admin.query<{ uses: number; attempts: number }>(
    `SELECT count(*)::int AS uses, sum(attempt)::int AS attempts FROM countersign.warrant_use u
       JOIN countersign.warrant w USING (tenant, jti) WHERE w.action = $1`,
    [action],
  );
  // One use of the system warrant that asks for the relation, one of the action's own.
  expect(uses.rows[0]?.uses).toBe(2);
  expect(leaves.filter(({ kind }) => kind === 'action.attempt')).toHaveLength(uses.rows[0]?.attempts ?? -1);
  expect(await release(processes.api, { tenant: clinic, action, agent: triage })).toMatchObject({
    status: 'completed',
  });
}
