/**
 * kill -9 of Temporal and of the API together, at the moment at which the worker counts a vote: the database has it, and
 * nobody is left to tell the workflow or the person.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { challengeView, voteView } from '../../src/cli/commands/approval-view.js';
import { CommandFailure } from '../../src/cli/commands/failure.js';
import type { Session } from '../../src/cli/commands/person-command.js';
import { CrashPoints } from '../support/crash-points.js';
import { faultEhr } from '../support/fault-ehr.js';
import { faultAgent, signIn, type FaultAgent } from '../support/fault-people.js';
import { startFaultStack, type FaultStack } from '../support/fault-stack.js';
import { until } from '../support/until.js';

let stack: FaultStack;
let points: CrashPoints;
let agent: FaultAgent;
let staff: Session;
let patient: { readonly patient: string; readonly encounter: string } | undefined;
beforeAll(async () => {
  stack = await startFaultStack();
  const { dev, admin } = stack;
  points = await CrashPoints.install({ admin, adminUrl: dev.urls.database });
  agent = await faultAgent(dev, 'triage-agent', await signIn(dev, 'chen'));
  staff = await signIn(dev, 'amara');
  [patient] = await faultEhr(dev).patients();
}, 120_000);
afterAll(async () => {
  await points?.end().catch(() => undefined);
  await stack?.end();
}, 60_000);

async function waiting(expiresIn?: number): Promise<string> {
  const { id } = await agent.request({
    type: 'medications.read',
    input: { patient: patient?.patient, episode: patient?.encounter },
    purpose: 'TREAT',
    reason: 'Reconcile medications before discharge',
    ...(expiresIn !== undefined && { expiresIn }),
  });
  expect(await agent.asksOrSettles(id, 60_000)).toMatchObject({ status: 'awaiting_approval' });
  return id;
}

/** Signs a yes; sends it as often as it is called, and says whether it counts by then. */
async function signed(action: string): Promise<() => Promise<boolean>> {
  const { challenge, hash } = await staff.api.post('/v1/challenges', { action, verdict: 'approve' }, challengeView);
  const proof = { kind: 'idp', idToken: await staff.signIn.voteToken(hash) };
  return () =>
    staff.api.post('/v1/votes', { challenge, proof }, voteView).then(
      ({ status }) => status === 'counted',
      (error: unknown) => {
        if (error instanceof CommandFailure && ['api.unreachable', 'unavailable'].includes(error.code)) return false;
        throw error;
      },
    );
}

const row = z.object({ votes: z.int() });
const counted = (action: string) =>
  until(async () => {
    const found = await stack.admin.query('SELECT count(*)::int AS votes FROM countersign.vote WHERE action = $1', [
      action,
    ]);
    return row.parse(found.rows[0]).votes === 1 || undefined;
  });

/** Lets the worker count the vote when whoever would hear of it is dead, and waits until all are there again. */
async function countedUnheard(action: string): Promise<void> {
  await points.held();
  const [temporal, api] = [stack.kill('temporal'), stack.kill('api')];
  await points.disarm();
  await counted(action);
  await Promise.all([temporal.back(), api.back()]);
}

describe('Temporal and the API killed while a vote is being counted', () => {
  it('whoever sends it again is heard, long before the deadline', async () => {
    const action = await waiting();
    const send = await signed(action);
    await points.arm({ table: 'vote', moment: 'row' });
    const first = send();
    await countedUnheard(action);
    expect(await first).toBe(false);
    await until(async () => (await send()) || undefined, 60_000);
    expect(await agent.settles(action, 90_000)).toMatchObject({ status: 'completed' });
  }, 240_000);

  it('it holds at the deadline though nobody sends it again', async () => {
    const action = await waiting(30);
    const send = await signed(action);
    await points.arm({ table: 'vote', moment: 'row' });
    const once = send(); // and then they close the window
    await countedUnheard(action);
    expect(await once).toBe(false);
    expect(await agent.settles(action, 90_000)).toMatchObject({ status: 'completed' });
  }, 240_000);
});
