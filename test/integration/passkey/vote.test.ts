import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { PasskeyAssertion } from '@countersign/sandbox';
import type { ActionId } from '../../../src/action/ids.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import type { OpenedChallenge } from '../../../src/approval/open-challenge.tx.js';
import type { Name } from '../approval/stage.js';
import { origin, passkeyStage, type PasskeyStage } from './stage.js';

let at: PasskeyStage;
beforeAll(async () => {
  at = await passkeyStage();
});
afterEach(() => at.revokeAll());
afterAll(() => at.end());

const refused = (code: string) => ({ status: 'refused', code });

/** The decision of a challenge, with this assertion for its proof. */
const signed = ({ decision }: OpenedChallenge, assertion: PasskeyAssertion): DecisionEnvelope => ({
  decision,
  proof: { kind: 'passkey', ...assertion },
});
const assert = (by: Name, { hash }: OpenedChallenge, on = origin) =>
  at.authenticator(by).get({ challenge: hash, rpId: 'localhost', origin: on });
const lastUse = async (of: ActionId) => (await at.votes.leaves(of)).at(-1);

describe('a vote signed by a passkey', () => {
  it('counts, and its leaf says by what', async () => {
    const { enrolment } = await at.enrol('amara');
    const of = await at.votes.waiting();
    const ballot = await at.votes.challenge(of, 'amara');
    expect(await at.votes.record(of, signed(ballot, assert('amara', ballot)))).toMatchObject({ status: 'counted' });
    expect(await lastUse(of)).toMatchObject({
      kind: 'vote.counted',
      data: { approver: at.votes.person('amara'), method: 'passkey', decision: ballot.hash },
    });
    const { rows } = await at.votes.db.admin.query(
      'SELECT last_used_at IS NOT NULL AS used FROM countersign.passkey WHERE passkey = $1',
      [enrolment],
    );
    expect(rows).toEqual([{ used: true }]);
  });

  it('counts once, however often it is verified', async () => {
    await at.enrol('amara', { counts: true });
    const of = await at.votes.waiting();
    const ballot = await at.votes.challenge(of, 'amara');
    const assertion = at
      .authenticator('amara', { counts: true })
      .get({ challenge: ballot.hash, rpId: 'localhost', origin });
    const first = await at.votes.record(of, signed(ballot, assertion));
    expect(first).toMatchObject({ status: 'counted' });
    expect(await at.votes.record(of, signed(ballot, assertion))).toEqual(first);
    expect(await at.votes.counted(of)).toBe(1);
  });

  it.each<[what: string, change: (assertion: PasskeyAssertion) => PasskeyAssertion, code: string]>([
    ['of a key that nobody enrolled', (made) => ({ ...made, credentialId: 'AAAA' }), 'vote.unknown_passkey'],
    ['whose signature is another’s', (made) => ({ ...made, signature: 'AAAA' }), 'vote.proof_invalid'],
    ['whose signed bytes were altered', (made) => withFlag(made, 0x1d | 0x80), 'vote.proof_invalid'],
    ['that names another person', (made) => ({ ...made, userHandle: 'YmVu' }), 'vote.other_person'],
  ])('%s does not count', async (_what, change, code) => {
    await at.enrol('amara');
    const of = await at.votes.waiting();
    const ballot = await at.votes.challenge(of, 'amara');
    const envelope = signed(ballot, change(assert('amara', ballot)));
    expect(await at.votes.record(of, envelope)).toEqual(refused(code));
    expect(await lastUse(of)).toMatchObject({ kind: 'vote.refused', data: { code } });
    expect(await at.votes.counted(of)).toBe(0);
    // A forged proof used nothing up: the true one still counts.
    expect(await at.votes.record(of, signed(ballot, assert('amara', ballot)))).toMatchObject({ status: 'counted' });
  });

  it('on another page does not count', async () => {
    await at.enrol('amara');
    const of = await at.votes.waiting();
    const ballot = await at.votes.challenge(of, 'amara');
    const envelope = signed(ballot, assert('amara', ballot, 'https://evil.example'));
    expect(await at.votes.record(of, envelope)).toEqual(refused('vote.wrong_origin'));
  });

  it('for another decision does not count', async () => {
    await at.enrol('amara');
    const [of, other] = [await at.votes.waiting(), await at.votes.waiting()];
    const [ballot, another] = [await at.votes.challenge(of, 'amara'), await at.votes.challenge(other, 'amara')];
    const envelope = signed(ballot, assert('amara', another));
    expect(await at.votes.record(of, envelope)).toEqual(refused('vote.other_decision'));
  });

  it('by a user who was not verified does not count', async () => {
    await at.enrol('amara');
    const of = await at.votes.waiting();
    const ballot = await at.votes.challenge(of, 'amara');
    const touched = at.authenticator('amara', { verifiesUser: false });
    const envelope = signed(ballot, touched.get({ challenge: ballot.hash, rpId: 'localhost', origin }));
    expect(await at.votes.record(of, envelope)).toEqual(refused('vote.not_verified_user'));
  });

  it('with another person’s passkey does not count', async () => {
    await at.enrol('ben');
    const of = await at.votes.waiting();
    const ballot = await at.votes.challenge(of, 'amara');
    expect(await at.votes.record(of, signed(ballot, assert('ben', ballot)))).toEqual(refused('vote.other_person'));
  });

  it('with a revoked passkey does not count, though it was signed before', async () => {
    await at.enrol('amara');
    const of = await at.votes.waiting();
    const ballot = await at.votes.challenge(of, 'amara');
    const envelope = signed(ballot, assert('amara', ballot));
    await at.revokeAll();
    expect(await at.votes.record(of, envelope)).toEqual(refused('vote.revoked_passkey'));
  });

  it('with a counter that went back does not count: there are two such keys', async () => {
    await at.enrol('amara', { counts: true });
    const counting = at.authenticator('amara', { counts: true });
    const votes = [];
    for (let vote = 0; vote < 2; vote++) {
      const of = await at.votes.waiting();
      const ballot = await at.votes.challenge(of, 'amara');
      const assertion = counting.get({ challenge: ballot.hash, rpId: 'localhost', origin });
      votes.push({ of, envelope: signed(ballot, assertion) });
    }
    const [earlier, later] = votes;
    if (!earlier || !later) throw new Error('there are two votes');
    expect(await at.votes.record(later.of, later.envelope)).toMatchObject({ status: 'counted' });
    expect(await at.votes.record(earlier.of, earlier.envelope)).toEqual(refused('vote.passkey_counter'));
  });

  it('does not count where the rulebook that the action pinned trusts no site', async () => {
    const nowhere = await passkeyStage([]);
    try {
      await at.enrol('amara');
      const of = await nowhere.votes.waiting();
      const ballot = await nowhere.votes.challenge(of, 'amara');
      const envelope = signed(ballot, assert('amara', ballot));
      expect(await nowhere.votes.record(of, envelope)).toEqual(refused('vote.unknown_passkey'));
    } finally {
      await nowhere.end();
    }
  });
});

/** The assertion with other flags than were signed. */
function withFlag(made: PasskeyAssertion, flags: number): PasskeyAssertion {
  const bytes = Buffer.from(made.authenticatorData, 'base64url');
  bytes.writeUInt8(flags, 32);
  return { ...made, authenticatorData: bytes.toString('base64url') };
}
