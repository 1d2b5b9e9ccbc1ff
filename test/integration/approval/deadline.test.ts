/** What the database says at the deadline, and of whom it lets nothing come any more. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { role, type ActionId } from '../../../src/action/ids.js';
import { receiveVote } from '../../../src/approval/receive-vote.tx.js';
import { challengeOf, clinic, voteStage, type Asking, type VoteStage } from './stage.js';

let at: VoteStage;
beforeAll(async () => {
  at = await voteStage();
});
afterAll(() => at?.end());

const twoAsked: Asking = {
  type: 'medications.read',
  tier: 'T1',
  needs: { status: 'quorum', factors: [{ role: role('clinical_staff'), count: 2 }] },
};
const statusOf = async (of: ActionId): Promise<unknown> =>
  (await at.db.admin.query('SELECT status FROM countersign.action WHERE action = $1', [of])).rows[0];
const setAction = (of: ActionId, set: string) =>
  at.db.admin.query(`UPDATE countersign.action SET ${set} WHERE action = '${of}'`);
const kinds = async (of: ActionId) => (await at.leaves(of)).map(({ kind }) => kind);

describe('at the deadline', () => {
  it('the quorum that was counted holds, whoever was not told of it', async () => {
    const of = await at.waiting('4 hours', twoAsked);
    await at.record(of, await at.envelope(of, 'amara'));
    await at.record(of, await at.envelope(of, 'ben'));
    expect(await at.expire(of)).toEqual({ status: 'approved' });
    expect(await statusOf(of)).toEqual({ status: 'awaiting_approval' });
    await setAction(of, `status = 'authorised'`); // by a worker whose server died before it heard
    expect(await at.expire(of)).toEqual({ status: 'approved' });
    expect(await kinds(of)).not.toContain('action.outcome');
  });

  it('a no that was counted holds, though the others said yes', async () => {
    const of = await at.waiting('4 hours', twoAsked);
    await at.record(of, await at.envelope(of, 'amara'));
    await at.record(of, await at.envelope(of, 'ben', { verdict: 'deny' }));
    expect(await at.expire(of)).toEqual({ status: 'denied', by: at.person('ben') });
    expect(await statusOf(of)).toEqual({ status: 'awaiting_approval' });
  });

  it('half of a quorum ends the action, once', async () => {
    const of = await at.waiting('4 hours', twoAsked);
    await at.record(of, await at.envelope(of, 'amara'));
    expect(await at.expire(of)).toEqual({ status: 'expired' });
    expect(await at.expire(of)).toEqual({ status: 'expired' });
    expect(await statusOf(of)).toEqual({ status: 'expired' });
    expect((await at.leaves(of)).at(-1)).toMatchObject({ kind: 'action.outcome', data: { status: 'expired' } });
    expect((await kinds(of)).filter((kind) => kind === 'action.outcome')).toHaveLength(1);
  });

  it('votes on what was shown before are for nothing', async () => {
    const of = await at.waiting('4 hours', { ...twoAsked, type: 'admin.update', prepared: { target: 'Patient/p1' } });
    await at.record(of, await at.envelope(of, 'amara'));
    await at.record(of, await at.envelope(of, 'ben'));
    await at.prepareAgain(of);
    expect(await at.expire(of)).toEqual({ status: 'expired' });
  });

  it('nobody who was asked is no quorum', async () => {
    const of = await at.waiting();
    await setAction(of, 'needs = NULL');
    expect(await at.expire(of)).toEqual({ status: 'expired' });
    const nobody = await at.waiting();
    await setAction(nobody, `needs = '{"status":"nobody"}'`);
    expect(await at.expire(nobody)).toEqual({ status: 'expired' });
  });

  it('a vote that races it counts and decides, or is late: never counted and expired', async () => {
    const ends = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const of = await at.waiting();
        const envelope = await at.envelope(of, 'amara');
        const { proof } = envelope;
        await receiveVote(at.deps, {
          tenant: clinic,
          action: of,
          person: at.person('amara'),
          challenge: challengeOf(envelope),
          proof,
        });
        const [decided, answer] = await Promise.all([at.expire(of), at.record(of, envelope)]);
        return [decided.status, answer.status === 'refused' ? answer.code : answer.status].join(' ');
      }),
    );
    expect(ends.filter((end) => !['approved counted', 'expired vote.late'].includes(end))).toEqual([]);
  });
});

describe('a warrant', () => {
  it.each([
    ['requested', ''],
    ['preparing', ''],
    ['outcome_unknown', ''],
    ['expired', ', concluded_at = clock_timestamp()'],
  ])('is for nobody while the action is %s, though the quorum is there', async (status, more) => {
    const of = await at.waiting();
    await at.record(of, await at.envelope(of, 'amara'));
    await setAction(of, `status = '${status}'${more}`);
    const before = await kinds(of);
    expect(await at.authorise(of)).toEqual({ status: 'refused', rules: ['action.ended'] });
    expect(await kinds(of)).toEqual(before);
  });
});
