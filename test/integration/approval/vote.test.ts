import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { role, type ActionId } from '../../../src/action/ids.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import { receiveVote, type ReceivedCase } from '../../../src/approval/receive-vote.tx.js';
import { insertReceipt } from '../../../src/approval/vote.store.js';
import { inTenant } from '../../../src/database/transaction.js';
import { altered, challengeOf, clinic, voteStage, type Asking, type Name, type VoteStage } from './stage.js';

let at: VoteStage;
beforeAll(async () => {
  at = await voteStage();
});
afterAll(() => at.end());

const receive = (of: ActionId, by: Name, { decision, proof }: DecisionEnvelope, more: Partial<ReceivedCase> = {}) =>
  receiveVote(at.deps, {
    tenant: clinic,
    action: of,
    person: at.person(by),
    challenge: decision.challenge,
    proof,
    ...more,
  });
const refused = (code: string) => ({ status: 'refused', code });
const lastLeaf = async (of: ActionId) => (await at.leaves(of)).at(-1);
const setAction = (of: ActionId, set: string) =>
  at.db.admin.query(`UPDATE countersign.action SET ${set} WHERE action = '${of}'`);
/** Moves the deadline to when this proof was received, and `by` (SQL interval) from there. */
const deadlineAtReceipt = (of: ActionId, envelope: DecisionEnvelope, by: string) =>
  setAction(
    of,
    `deadline = (SELECT min(received_at) + interval '${by}' FROM countersign.vote_receipt
                  WHERE challenge = '${challengeOf(envelope)}')`,
  );

describe('a challenge', () => {
  it('binds what the rows say, for five minutes, and leaves its leaf', async () => {
    const of = await at.waiting();
    const { decision, expiresAt } = await at.challenge(of, 'amara');
    expect(decision).toMatchObject({
      v: 1,
      tenant: 'clinic',
      action: of,
      revision: 1,
      requestCommitment: '11'.repeat(32),
      displayCommitment: '22'.repeat(32),
      rulebook: at.rulebook.digest,
      tier: 'T1',
      verdict: 'approve',
      meaning: 'approve.access',
      reasonCommitment: null,
      approver: at.person('amara'),
      actingRoles: ['clinical_staff'],
    });
    const life = expiresAt.getTime() - Date.parse(decision.decidedAt);
    expect(life).toBeGreaterThanOrEqual(300_000);
    expect(life).toBeLessThan(300_002);
    expect(await lastLeaf(of)).toMatchObject({
      kind: 'approval.challenged',
      data: { challenge: decision.challenge, approver: at.person('amara'), verdict: 'approve' },
    });
  });

  it('seals the reason and binds its commitment', async () => {
    const of = await at.waiting();
    const { decision } = await at.challenge(of, 'amara', { verdict: 'deny', reason: 'Quillfeather went home' });
    const sealed = await inTenant(at.db.pool('api'), clinic, (tx) =>
      at.deps.keychain.unseal(tx, clinic, of, `reason/${decision.challenge}`),
    );
    expect(new TextDecoder().decode(sealed.bytes)).toBe('Quillfeather went home');
    expect(decision.reasonCommitment).toBe(sealed.commitment);
  });

  it('to deny needs a reason', async () => {
    const of = await at.waiting();
    await expect(at.challenge(of, 'amara', { verdict: 'deny', reason: ' ' })).rejects.toMatchObject({
      code: 'challenge.reason_needed',
    });
  });

  it('to ask for changes is not opened: nobody could make them', async () => {
    const of = await at.waiting();
    await expect(
      at.challenge(of, 'amara', { verdict: 'request_changes', reason: 'Ask for allergies too' }),
    ).rejects.toMatchObject({ code: 'challenge.unknown_meaning' });
  });

  it.each<[who: string, by: Name, cast: Parameters<VoteStage['challenge']>[2], code: string]>([
    ['the principal', 'chen', {}, 'vote.self'],
    ['the agent’s owner', 'dora', {}, 'vote.self'],
    ['somebody without the role', 'farid', {}, 'vote.wrong_role'],
    ['the privacy officer, to approve', 'elif', { actingRoles: ['privacy_officer'] }, 'vote.wrong_role'],
  ])('is not opened for %s, and that is on the log', async (_who, by, cast, code) => {
    const of = await at.waiting();
    await expect(at.challenge(of, by, cast)).rejects.toMatchObject({ code });
    expect(await lastLeaf(of)).toMatchObject({
      kind: 'vote.refused',
      data: { challenge: null, approver: at.person(by), code },
    });
  });

  it.each(['requested', 'authorised', 'performing'])('is not opened for an action that is %s', async (status) => {
    const of = await at.waiting();
    await setAction(of, `status = '${status}'`);
    await expect(at.challenge(of, 'amara')).rejects.toMatchObject({ code: 'challenge.closed' });
  });

  it('is not opened after the deadline, even before anybody noticed that it is over', async () => {
    const of = await at.waiting('-1 microsecond');
    await expect(at.challenge(of, 'amara')).rejects.toMatchObject({ code: 'challenge.closed' });
  });
});

describe('a vote', () => {
  it('counts with the person’s own proof, and its leaf says by whom, as what and for which decision', async () => {
    const of = await at.waiting();
    const envelope = await at.envelope(of, 'amara');
    const answer = await at.record(of, envelope);
    expect(answer).toMatchObject({
      status: 'counted',
      vote: {
        challenge: challengeOf(envelope),
        approver: at.person('amara'),
        roles: ['clinical_staff'],
        verdict: 'approve',
      },
    });
    expect(await lastLeaf(of)).toMatchObject({
      kind: 'vote.counted',
      data: { challenge: challengeOf(envelope), meaning: 'approve.access', method: 'idp' },
    });
  });

  it('counts a senior clinician in the role that theirs implies', async () => {
    const of = await at.waiting();
    expect(await at.record(of, await at.envelope(of, 'gus'))).toMatchObject({
      status: 'counted',
      vote: { roles: ['clinical_staff'] },
    });
  });

  it('may be a no by the privacy officer', async () => {
    const of = await at.waiting();
    const no = await at.envelope(of, 'elif', { verdict: 'deny', actingRoles: ['privacy_officer'] });
    expect(await at.record(of, no)).toMatchObject({ status: 'counted', vote: { verdict: 'deny' } });
  });

  it('gets the same answer however often it is verified, and counts once', async () => {
    const of = await at.waiting();
    const envelope = await at.envelope(of, 'amara');
    const first = await at.record(of, envelope);
    await setAction(of, `status = 'authorised', deadline = clock_timestamp() - interval '1 hour'`);
    await at.db.admin.query(`UPDATE countersign.person SET active = false WHERE person = $1`, [at.person('amara')]);
    try {
      expect(await at.record(of, envelope)).toEqual(first);
      expect(await receive(of, 'amara', envelope)).toEqual({ ...first, envelope });
    } finally {
      await at.db.admin.query(`UPDATE countersign.person SET active = true WHERE person = $1`, [at.person('amara')]);
    }
    expect(await at.counted(of)).toBe(1);
  });

  it('that was counted goes to the workflow again, for as long as that may have to hear of it', async () => {
    const of = await at.waiting();
    const envelope = await at.envelope(of, 'amara');
    const { status, ...counted } = await at.record(of, envelope);
    for (const open of ['awaiting_approval', 'authorised', 'performing']) {
      await setAction(of, `status = '${open}'`);
      expect(await receive(of, 'amara', envelope)).toEqual({ status, ...counted, envelope });
    }
    await setAction(of, `revision = 2`);
    expect(await receive(of, 'amara', envelope)).toEqual({ status, ...counted });
    await setAction(of, `revision = 1, status = 'completed', concluded_at = clock_timestamp()`);
    expect(await receive(of, 'amara', envelope)).toEqual({ status, ...counted });
  });

  it('keeps its refusal, though what was wrong was mended', async () => {
    const of = await at.waiting();
    const envelope = await at.envelope(of, 'amara');
    const suspend = `INSERT INTO countersign.suspension (tenant, kind, subject, reason) VALUES ('clinic', 'person', $1, 'lost_badge')`;
    await at.db.admin.query(suspend, [at.person('amara')]);
    expect(await at.record(of, envelope)).toEqual(refused('vote.inactive'));
    await at.db.admin.query('UPDATE countersign.suspension SET lifted_at = clock_timestamp()');
    expect(await at.record(of, envelope)).toEqual(refused('vote.inactive'));
    // With another challenge the person may try again.
    expect(await at.record(of, await at.envelope(of, 'amara'))).toMatchObject({ status: 'counted' });
  });

  it('waits for an identity provider that does not answer, and is neither counted nor refused meanwhile', async () => {
    const of = await at.waiting();
    const silent = await voteStage();
    try {
      const there = await silent.waiting();
      const envelope = await silent.envelope(there, 'amara');
      await silent.issuer.close();
      await expect(silent.record(there, envelope)).rejects.toMatchObject({ code: 'identity.unreachable' });
      expect(await silent.counted(there)).toBe(0);
      expect((await silent.leaves(there)).map(({ kind }) => kind)).toEqual(['approval.challenged']);
    } finally {
      await silent.db.end();
    }
    expect(await at.counted(of)).toBe(0);
  });
});

describe('whether a vote was in time', () => {
  it('is judged by when its proof was received: a microsecond before the deadline counts', async () => {
    const of = await at.waiting();
    const envelope = await at.envelope(of, 'amara');
    expect(await receive(of, 'amara', envelope)).toMatchObject({ status: 'received', envelope });
    await deadlineAtReceipt(of, envelope, '1 microsecond');
    expect(await at.record(of, envelope)).toMatchObject({ status: 'counted' });
  });

  it('and at the deadline it is late', async () => {
    const of = await at.waiting();
    const envelope = await at.envelope(of, 'amara');
    await receive(of, 'amara', envelope);
    await deadlineAtReceipt(of, envelope, '0');
    expect(await at.record(of, envelope)).toEqual(refused('vote.late'));
    expect(await receive(of, 'amara', envelope)).toEqual(refused('vote.late'));
    expect(await at.counted(of)).toBe(0);
    expect(await lastLeaf(of)).toMatchObject({
      kind: 'vote.refused',
      data: { challenge: challengeOf(envelope), approver: at.person('amara'), code: 'vote.late' },
    });
  });

  it('is judged for each proof: noting the challenge early does not help a proof that came late', async () => {
    const of = await at.waiting();
    const envelope = await at.envelope(of, 'amara');
    await receive(of, 'amara', { ...envelope, proof: { kind: 'idp', idToken: 'not.signed.yet' } });
    await setAction(of, 'deadline = clock_timestamp()');
    expect(await at.record(of, envelope)).toEqual(refused('vote.late'));
  });

  it('is late once the action went on without it', async () => {
    const of = await at.waiting();
    const envelope = await at.envelope(of, 'amara');
    await setAction(of, `status = 'authorised'`);
    expect(await receive(of, 'amara', envelope)).toEqual(refused('vote.late'));
  });

  it('ends with the challenge after five minutes', async () => {
    const of = await at.waiting();
    const envelope = await at.envelope(of, 'amara');
    await at.db.admin.query(
      `BEGIN; ALTER TABLE countersign.challenge DISABLE TRIGGER append_only;
       UPDATE countersign.challenge SET expires_at = clock_timestamp() WHERE challenge = '${challengeOf(envelope)}';
       ALTER TABLE countersign.challenge ENABLE TRIGGER append_only; COMMIT`,
    );
    expect(await receive(of, 'amara', envelope)).toEqual(refused('vote.challenge_expired'));
    expect(await at.record(of, envelope)).toEqual(refused('vote.challenge_expired'));
  });
});

describe('of two votes', () => {
  it('by one person the second is a duplicate', async () => {
    const of = await at.waiting();
    const [yes, no] = [await at.envelope(of, 'amara'), await at.envelope(of, 'amara', { verdict: 'deny' })];
    expect(await at.record(of, no)).toMatchObject({ status: 'counted' });
    expect(await at.record(of, yes)).toEqual(refused('vote.duplicate'));
    expect(await at.counted(of)).toBe(1);
  });

  it('by one person at once one counts', async () => {
    const of = await at.waiting();
    const first = await at.envelope(of, 'amara');
    await receive(of, 'amara', first);
    const second = await at.envelope(of, 'amara');
    const answers = await Promise.all([first, second].map((envelope) => at.record(of, envelope)));
    expect(answers.map(({ status }) => status).sort()).toEqual(['counted', 'refused']);
    expect(answers).toContainEqual(refused('vote.duplicate'));
    expect(await at.counted(of)).toBe(1);
  });

  it('that are one, verified twice at once, both hear that it counted', async () => {
    const of = await at.waiting();
    const envelope = await at.envelope(of, 'amara');
    const [first, second] = await Promise.all([at.record(of, envelope), at.record(of, envelope)]);
    expect(first).toMatchObject({ status: 'counted' });
    expect(second).toEqual(first);
    expect((await at.leaves(of)).map(({ kind }) => kind)).toEqual(['approval.challenged', 'vote.counted']);
  });

  it('the one that was thought over is superseded', async () => {
    const of = await at.waiting();
    const yes = await at.envelope(of, 'amara');
    await at.challenge(of, 'amara', { verdict: 'deny' });
    expect(await at.record(of, yes)).toEqual(refused('vote.superseded'));
  });

  it('the one that had come already is not', async () => {
    const of = await at.waiting();
    const yes = await at.envelope(of, 'amara');
    await receive(of, 'amara', yes);
    await at.challenge(of, 'amara', { verdict: 'deny' });
    expect(await at.record(of, yes)).toMatchObject({ status: 'counted' });
  });
});

describe('receiving', () => {
  it('notes a proof once, and the same proof again finds the first time', async () => {
    const of = await at.waiting();
    const envelope = await at.envelope(of, 'amara');
    const first = await receive(of, 'amara', envelope);
    expect(await receive(of, 'amara', envelope)).toEqual(first);
    const worker = await inTenant(at.db.pool('governance'), clinic, (tx) =>
      insertReceipt(tx, challengeOf(envelope), envelope.proof),
    );
    expect(worker).toMatchObject({ receivedAt: first.status === 'received' ? first.receivedAt : 'never' });
  });

  it('does not know another person’s challenge, nor another action’s', async () => {
    const of = await at.waiting();
    const other = await at.waiting();
    const envelope = await at.envelope(of, 'amara');
    expect(await receive(of, 'ben', envelope)).toEqual(refused('vote.unknown'));
    expect(await receive(other, 'amara', envelope)).toEqual(refused('vote.unknown'));
    expect(await at.record(other, altered(envelope, { action: other }))).toEqual(refused('vote.unknown'));
    expect(await lastLeaf(of)).toMatchObject({ kind: 'vote.refused', data: { challenge: null, code: 'vote.unknown' } });
  });

  it('refuses a vote on an earlier revision', async () => {
    const of = await at.waiting('4 hours', writeOfOneClinician);
    const envelope = await at.envelope(of, 'amara');
    expect(envelope.decision.revision).toBe(2);
    await at.prepareAgain(of);
    expect(await receive(of, 'amara', envelope)).toEqual(refused('vote.stale'));
    expect(await at.record(of, envelope)).toEqual(refused('vote.stale'));
    const { decision } = await at.envelope(of, 'amara');
    expect(decision).toMatchObject({ revision: 3, requestCommitment: '11'.repeat(32) });
    expect(decision.displayCommitment).not.toBe(envelope.decision.displayCommitment);
  });
});

/** A change of contact details: T1, so that a sign-in proves it. */
const writeOfOneClinician: Asking = {
  type: 'admin.update',
  tier: 'T1',
  needs: { status: 'quorum', factors: [{ role: role('clinical_staff'), count: 1 }] },
  prepared: { target: 'Patient/p1' },
};
