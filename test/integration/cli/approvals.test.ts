import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sha256 } from '@noble/hashes/sha2.js';
import { decisionHash, decisionSchema } from '../../../src/approval/decision.js';
import { actionsCommand } from '../../../src/cli/commands/actions.command.js';
import { approvalsCommand } from '../../../src/cli/commands/approvals.command.js';
import { cliStage, type CliStage, type Seat } from './stage.js';

let stage: CliStage;
beforeAll(async () => {
  stage = await cliStage();
});
afterAll(() => stage.stop());

const approvals = (args: readonly string[], seat?: Seat) => stage.run(approvalsCommand, args, seat);
const amara = ['--sandbox-person', 'amara'];

describe('countersign approvals list', () => {
  it('shows what waits for this person, and says when nothing does', async () => {
    expect(await approvals(['list', '--sandbox-person', 'elif'])).toMatchObject({ exit: 0 });
    const id = await stage.asked();
    const { exit, out } = await approvals(['list', ...amara]);
    expect(exit).toBe(0);
    expect(out).toContain(id.slice(0, 8));
    expect(out).toMatch(/medications\.read\s+T1\s+triage-agent\s+TREAT\s+clinical_staff/);
  });

  it('is one JSON value with --json', async () => {
    const id = await stage.asked();
    const { out } = await approvals(['list', '--json', ...amara]);
    expect(JSON.parse(out).approvals[0]).toMatchObject({ id, status: 'awaiting_approval' });
  });
});

describe('an id', () => {
  it.each([
    ['that nothing waiting begins with', '2222222', 1],
    ['that is none', 'NOT-AN-ID', 2],
    ['of no action', 'a'.repeat(26), 3],
  ])('%s is refused', async (_what, id, exit) => {
    expect(await approvals(['show', id, ...amara])).toMatchObject({ exit, out: '' });
  });
});

describe('countersign approvals approve', () => {
  it('shows what is asked, asks whether they are sure, has them sign in for it, and the action goes on', async () => {
    const id = await stage.asked({ reason: 'Reconcile \u001B[2Jmedications' });
    const { exit, out, err } = await approvals(['approve', id.slice(0, 12)], { sure: true, browsesAs: 'amara' });
    expect({ exit, err: exit === 0 ? '' : err }).toEqual({ exit: 0, err: '' });
    expect(err).toContain('“I approve this access for the stated purpose.”');
    expect(err).toContain('Reconcile <U+001B>[2Jmedications');
    expect(err.match(/\/auth\?/g)).toHaveLength(2);
    expect(out).toContain('Your vote counts: approve, as clinical_staff.');
    const watched = await stage.run(actionsCommand, ['watch', id, '--json', ...amara]);
    expect(JSON.parse(watched.out)).toMatchObject({ id, status: 'completed' });
  });
});

describe('a vote', () => {
  it('can be a no with its reason, which ends the action', async () => {
    const id = await stage.asked();
    const { exit, out } = await approvals(['deny', id, '--reason', 'Not my patient', '--yes', '--json', ...amara]);
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      action: id,
      verdict: 'deny',
      meaning: 'deny.access',
      roles: ['clinical_staff'],
      vote: 'counted',
      status: 'denied',
    });
  });

  it('says what the person chose: meaning and roles', async () => {
    const id = await stage.asked();
    const chosen = ['--meaning', 'approve.responsible', '--role', 'clinical_staff', '--yes', '--json'];
    const { out } = await approvals(['approve', id, ...chosen, '--sandbox-person', 'ben']);
    expect(JSON.parse(out)).toMatchObject({ meaning: 'approve.responsible', roles: ['clinical_staff'] });
  });

  it('is not cast when the person is not sure, nor where nobody can be asked', async () => {
    const id = await stage.asked();
    expect(await approvals(['approve', id, ...amara], { sure: false })).toMatchObject({ exit: 1, out: '' });
    expect(await approvals(['approve', id, ...amara])).toMatchObject({ exit: 2, out: '' });
    const { out } = await approvals(['show', id, '--json', ...amara]);
    expect(JSON.parse(out)).toMatchObject({ id, status: 'awaiting_approval', shown: { purpose: 'TREAT' } });
  });

  it.each<[why: string, person: string, code: string]>([
    ['of the principal', 'chen', 'approval.not_yours'],
    ['in a role that may only deny', 'elif', 'vote.wrong_role'],
    ['of somebody else', 'finn', 'person.unknown'],
  ])('%s is refused by the API: exit 3', async (_why, person, code) => {
    const id = await stage.asked();
    const { exit, err } = await approvals(['approve', id, '--yes', '--sandbox-person', person]);
    expect({ exit, code: err.includes(`(${code})`) ? code : err }).toEqual({ exit: 3, code });
  });

  it('counts once', async () => {
    const id = await stage.asked();
    expect(await approvals(['approve', id, '--yes', ...amara])).toMatchObject({ exit: 0 });
    expect(await approvals(['approve', id, '--yes', ...amara])).toMatchObject({ exit: 3 });
  });

  it.each<[what: string, change: (answer: Record<string, unknown>) => unknown]>([
    ['another verdict', (answer) => changed(answer, { verdict: 'deny', meaning: 'deny.access' })],
    ['another meaning', (answer) => changed(answer, { meaning: 'approve.responsible' })],
    ['another action', (answer) => changed(answer, { action: 'a'.repeat(26) })],
    ['another request', (answer) => changed(answer, { requestCommitment: '0'.repeat(64) })],
    ['another hash', (answer) => ({ ...answer, hash: 'A'.repeat(43) })],
  ])('is not signed when the API wants %s signed than was chosen', async (_what, change) => {
    const id = await stage.asked();
    stage.lie('/v1/challenges', change);
    const { exit, err } = await approvals(['approve', id, '--yes', ...amara]);
    stage.lie('/v1/challenges', undefined);
    expect(exit).toBe(1);
    expect(err).toContain('Nothing was signed; report it.');
  });

  it('that counted is told even when the API cannot say how the action goes on', async () => {
    const id = await stage.asked();
    stage.lie(`/v1/actions/${id}/wait?seconds=2`, () => 'no action');
    const { exit, out } = await approvals(['approve', id, '--yes', '--json', ...amara]);
    expect({ exit, ...JSON.parse(out) }).toMatchObject({ exit: 0, vote: 'counted', status: null });
  });

  it('that was signed and got no answer is not said to be nothing', async () => {
    const id = await stage.asked();
    stage.lie('/v1/votes', () => 'garbled');
    const { exit, err } = await approvals(['approve', id, '--yes', ...amara]);
    stage.lie('/v1/votes', undefined);
    expect({ exit, err }).toEqual({ exit: 1, err: expect.stringContaining('is not known') });
  });

  it('is not signed when the API shows another text than the vote would bind', async () => {
    const id = await stage.asked();
    const harmless = (answer: object) => ({ ...answer, reason: 'Something harmless' });
    stage.lie(`/v1/approvals/${id}`, (answer) => ({ ...answer, shown: harmless(Object(answer['shown'])) }));
    const { exit, err } = await approvals(['approve', id, '--yes', ...amara]);
    expect({ exit, said: err.includes('(text shown)') }).toEqual({ exit: 1, said: true });
  });
});

function changed(answer: Record<string, unknown>, more: object): unknown {
  const decision = decisionSchema.parse({ ...Object(answer['decision']), ...more });
  return { ...answer, decision, hash: decisionHash(decision, sha256) };
}
