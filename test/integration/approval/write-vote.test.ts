/** Votes on writes: who may sign what, under which proof, and what a person says of a write that nobody knows about. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sha256 } from '@noble/hashes/sha2.js';
import { role, type ActionId } from '../../../src/action/ids.js';
import { decisionHash, type Meaning } from '../../../src/approval/decision.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import { assertionSchema } from '../../../src/passkey/assertion.js';
import { passkeySchema, type PasskeyId } from '../../../src/passkey/ids.js';
import { origin, passkeyStage, type PasskeyStage } from '../passkey/stage.js';
import { medicationChange, type Asking, type Cast, type Name, type VoteStage } from './stage.js';

const nobodys = passkeySchema.parse('00000000-0000-4000-8000-000000000000');
let keys: PasskeyStage;
let at: VoteStage;
beforeAll(async () => {
  keys = await passkeyStage();
  at = keys.votes;
  const enrolled = new Map<Name, PasskeyId>();
  for (const name of ['amara', 'ben', 'chen', 'farid', 'elif'] as const)
    enrolled.set(name, (await keys.enrol(name)).enrolment);
  for (const [by, whose] of [
    ['amara', 'elif'],
    ['elif', 'ben'],
  ] as const)
    await keys.vouch(by, enrolled.get(whose) ?? nobodys);
});
afterAll(() => keys?.end());

const write = () => at.waiting('24 hours', medicationChange);
const order: Cast = { meaning: 'approve.order', actingRoles: ['clinician'] };
const seat: Cast = { actingRoles: ['pharmacist'] };
const refused = (code: string) => ({ status: 'refused', code });
const lastLeaf = async (of: ActionId) => (await at.leaves(of)).at(-1);

/** A challenge under the person's own passkey. */
async function signed(of: ActionId, by: Name, cast: Cast): Promise<DecisionEnvelope> {
  const { decision, hash } = await at.challenge(of, by, cast);
  return { decision, proof: { kind: 'passkey', ...assertionOf(by, hash) } };
}
const assertionOf = (by: Name, hash: string) =>
  assertionSchema.parse(keys.authenticator(by).get({ challenge: hash, rpId: 'localhost', origin }));

describe('an order', () => {
  it('is signed by the principal, who may sign nothing else', async () => {
    const of = await write();
    expect(await at.record(of, await signed(of, 'chen', order))).toMatchObject({
      status: 'counted',
      vote: { approver: at.person('chen'), roles: ['clinician'], meaning: 'approve.order', revision: 2 },
    });
    expect(await lastLeaf(of)).toMatchObject({
      kind: 'vote.counted',
      data: { meaning: 'approve.order', method: 'passkey' },
    });
  });

  it.each<[what: string, by: Name, cast: Cast, code: string]>([
    ['the principal, to take the seat', 'chen', { actingRoles: ['senior_clinician'] }, 'vote.self'],
    ['the principal, to deny', 'chen', { verdict: 'deny', actingRoles: ['senior_clinician'] }, 'vote.self'],
    ['the agent’s owner, to order', 'dora', order, 'vote.self'],
    ['the agent’s owner, to take the seat', 'dora', { actingRoles: ['senior_clinician'] }, 'vote.self'],
    ['a pharmacist, to order', 'farid', { meaning: 'approve.order', actingRoles: ['pharmacist'] }, 'vote.wrong_role'],
    ['a clinician, to take the seat', 'gus', { actingRoles: ['clinician'] }, 'vote.wrong_role'],
    ['clinical staff', 'amara', {}, 'vote.wrong_role'],
  ])('or a seat is for others than %s, and that is on the log', async (_what, by, cast, code) => {
    const of = await write();
    await expect(at.challenge(of, by, cast)).rejects.toMatchObject({ code });
    expect(await lastLeaf(of)).toMatchObject({ kind: 'vote.refused', data: { approver: at.person(by), code } });
  });

  it('is asked of nobody where the rulebook asks for none', async () => {
    const of = await at.waiting();
    await expect(at.challenge(of, 'gus', { ...order, actingRoles: ['clinical_staff'] })).rejects.toMatchObject({
      code: 'vote.wrong_role',
    });
  });

  it.each<[Meaning, string]>([
    ['approve.took_effect', 'challenge.unknown_meaning'],
    ['deny.no_effect', 'challenge.unknown_meaning'],
  ])('or a seat is not signed as %s: that is said of what was written', async (meaning, code) => {
    const of = await write();
    const verdict = meaning === 'deny.no_effect' ? 'deny' : 'approve';
    await expect(at.challenge(of, 'farid', { ...seat, verdict, meaning })).rejects.toMatchObject({ code });
  });
});

describe('the proof of a vote', () => {
  it('by sign-in alone is too weak at T2', async () => {
    const of = await write();
    expect(await at.record(of, await at.envelope(of, 'farid', seat))).toEqual(refused('vote.weak_proof'));
    expect(await at.counted(of)).toBe(0);
    expect(await at.record(of, await signed(of, 'farid', seat))).toMatchObject({ status: 'counted' });
  });

  it('by passkey counts at T1 too', async () => {
    const of = await at.waiting();
    expect(await at.record(of, await signed(of, 'amara', {}))).toMatchObject({ status: 'counted' });
    expect(await lastLeaf(of)).toMatchObject({ data: { method: 'passkey' } });
  });

  it('by somebody else’s passkey is not theirs', async () => {
    const of = await write();
    const { decision, hash } = await at.challenge(of, 'farid', seat);
    const proof = { kind: 'passkey' as const, ...assertionOf('amara', hash) };
    expect(await at.record(of, { decision, proof })).toEqual(refused('vote.other_person'));
  });

  it('by passkey for another decision does not fit', async () => {
    const [of, other] = [await write(), await write()];
    const elsewhere = await signed(other, 'farid', seat);
    const { decision } = await at.challenge(of, 'farid', seat);
    expect(await at.record(of, { decision, proof: elsewhere.proof })).toEqual(refused('vote.other_decision'));
  });

  it('that came with a sign-in where none is asked for is judged with it', async () => {
    const of = await write();
    const { decision, hash } = await at.challenge(of, 'farid', seat);
    const idToken = await at.issuer.voteToken('farid', 'another decision');
    const proof = { kind: 'passkey' as const, ...assertionOf('farid', hash), idToken };
    expect(await at.record(of, { decision, proof })).toEqual(refused('vote.other_decision'));
  });
});

const deletion: Asking = {
  type: 'record.delete',
  tier: 'T3',
  needs: {
    status: 'quorum',
    factors: [
      { role: role('privacy_officer'), count: 1 },
      { role: role('senior_clinician'), count: 1 },
    ],
  },
  prepared: { target: 'AllergyIntolerance/a1' },
};
const officer: Cast = { actingRoles: ['privacy_officer'], confirmation: 'Ada Quill: Penicillin allergy' };

describe('what has to be typed', () => {
  const erase = () => at.waiting('72 hours', deletion);

  it.each<[string, string]>([
    ['nothing was typed', ''],
    ['nothing but blanks was typed', ' '],
    ['another record was typed', 'Ada Quill: Penicillin'],
    ['the record’s id was typed', 'AllergyIntolerance/a1'],
    ['it was typed in other letters', 'ada quill: penicillin allergy'],
  ])('keeps the challenge shut where %s', async (_what, confirmation) => {
    const of = await erase();
    await expect(at.challenge(of, 'elif', { ...officer, confirmation })).rejects.toMatchObject({
      code: 'challenge.confirmation_needed',
    });
  });

  it('opens it letter for letter, and is not asked of a no', async () => {
    const of = await erase();
    await expect(at.challenge(of, 'elif', officer)).resolves.toMatchObject({ decision: { tier: 'T3' } });
    const no = { verdict: 'deny', actingRoles: ['privacy_officer'] } as const;
    await expect(at.challenge(of, 'elif', no)).resolves.toMatchObject({ decision: { verdict: 'deny' } });
  });

  it('is nothing where the tier asks for nothing', async () => {
    await expect(at.challenge(await write(), 'farid', seat)).resolves.toBeDefined();
  });

  it('is nothing to say what became of a write', async () => {
    const of = await erase();
    await at.lose(of);
    const cast: Cast = { meaning: 'approve.took_effect', actingRoles: ['privacy_officer'] };
    await expect(at.challenge(of, 'elif', cast)).resolves.toMatchObject({ decision: { revision: 3 } });
  });
});

describe('a vote at T3', () => {
  /** A passkey and a sign-in for this very vote, some part of which may be another. */
  async function fresh(
    of: ActionId,
    token: (hash: string) => Promise<string | undefined>,
    cast: Cast = officer,
  ): Promise<DecisionEnvelope> {
    const { decision, hash } = await at.challenge(of, 'elif', cast);
    const idToken = await token(hash);
    const proof = { kind: 'passkey' as const, ...assertionOf('elif', hash), ...(idToken !== undefined && { idToken }) };
    return { decision, proof };
  }
  const hourAgo = Math.floor(Date.now() / 1000) - 3_600;

  it('takes a passkey and a sign-in for this very vote', async () => {
    const of = await at.waiting('72 hours', deletion);
    const vote = await fresh(of, (hash) => at.issuer.voteToken('elif', hash));
    expect(await at.record(of, vote)).toMatchObject({ status: 'counted', vote: { roles: ['privacy_officer'] } });
  });

  it.each<[string, (hash: string) => Promise<string | undefined>, string]>([
    ['a passkey alone', async () => undefined, 'vote.not_fresh'],
    ['a sign-in for another decision', () => at.issuer.voteToken('elif', 'another'), 'vote.other_decision'],
    ['an older sign-in', (hash) => at.issuer.voteToken('elif', hash, { auth_time: hourAgo }), 'vote.old_sign_in'],
    ['the sign-in of somebody else', (hash) => at.issuer.voteToken('chen', hash), 'vote.other_person'],
    ['a token for another client', (hash) => at.issuer.voteToken('elif', hash, { aud: 'else' }), 'token.audience'],
  ])('is refused with %s', async (_what, token, code) => {
    const of = await at.waiting('72 hours', deletion);
    expect(await at.record(of, await fresh(of, token))).toEqual(refused(code));
    expect(await at.counted(of)).toBe(0);
  });

  it('takes a passkey for which somebody vouched, for a no as well as for a yes', async () => {
    const of = await at.waiting('72 hours', deletion);
    const { enrolment } = await keys.enrol('elif');
    const token = (hash: string) => at.issuer.voteToken('elif', hash);
    const no = { verdict: 'deny', actingRoles: ['privacy_officer'] } as const;
    for (const cast of [officer, no])
      expect(await at.record(of, await fresh(of, token, cast))).toEqual(refused('vote.not_vouched'));
    expect(await lastLeaf(of)).toMatchObject({ kind: 'vote.refused', data: { code: 'vote.not_vouched' } });
    expect(await at.counted(of)).toBe(0);
    await keys.vouch('ben', enrolment);
    expect(await at.record(of, await fresh(of, token))).toMatchObject({ status: 'counted' });
  });

  it('is refused with a sign-in and no passkey', async () => {
    const of = await at.waiting('72 hours', deletion);
    expect(await at.record(of, await at.envelope(of, 'elif', officer))).toEqual(refused('vote.weak_proof'));
  });
});

describe('a vote on what became of a write', () => {
  const said: Cast = { meaning: 'approve.took_effect', actingRoles: ['privacy_officer'] };

  it.each<[string, Cast]>([
    ['that it was made', said],
    ['that it was not', { ...said, verdict: 'deny', meaning: 'deny.no_effect' }],
  ])('says %s, shows what the write showed, and has no deadline', async (_what, cast) => {
    const of = await write();
    const { decision: before } = await at.challenge(of, 'farid', seat);
    await at.lose(of);
    await at.db.admin.query(`UPDATE countersign.action SET deadline = NULL WHERE action = $1`, [of]);
    const vote = await signed(of, 'elif', cast);
    expect(vote.decision).toMatchObject({ revision: 3, displayCommitment: before.displayCommitment });
    expect(await at.record(of, vote)).toMatchObject({
      status: 'counted',
      vote: { meaning: cast.meaning, revision: 3 },
    });
  });

  it.each<[string, Name, Cast, string]>([
    ['of the principal', 'chen', { ...said, actingRoles: ['senior_clinician'] }, 'vote.self'],
    ['of the agent’s owner', 'dora', { ...said, actingRoles: ['senior_clinician'] }, 'vote.self'],
    ['of clinical staff', 'amara', { ...said, actingRoles: ['clinical_staff'] }, 'vote.wrong_role'],
    ['that approves the write', 'elif', { actingRoles: ['privacy_officer'] }, 'challenge.unknown_meaning'],
    ['that orders it', 'gus', order, 'vote.wrong_role'],
    [
      'that asks for changes',
      'elif',
      { verdict: 'request_changes', actingRoles: ['privacy_officer'] },
      'challenge.unknown_meaning',
    ],
  ])('is not one %s', async (_what, by, cast, code) => {
    const of = await write();
    await at.lose(of);
    await expect(at.challenge(of, by, cast)).rejects.toMatchObject({ code });
  });

  it('is not one that was cast for the write', async () => {
    const of = await write();
    const late = await signed(of, 'farid', seat);
    await at.lose(of);
    expect(await at.record(of, late)).toMatchObject({ status: 'refused' });
    expect(await at.counted(of)).toBe(0);
  });

  it('of a meaning that was asked for before does not count, though its challenge was opened past the rules', async () => {
    const of = await write();
    await at.lose(of);
    const opened = await at.challenge(of, 'elif', said);
    await at.db.admin.query(
      `BEGIN; ALTER TABLE countersign.challenge DISABLE TRIGGER append_only;
       UPDATE countersign.challenge SET meaning = 'approve.access' WHERE challenge = '${opened.decision.challenge}';
       ALTER TABLE countersign.challenge ENABLE TRIGGER append_only; COMMIT`,
    );
    const decision = { ...opened.decision, meaning: 'approve.access' as const };
    const proof = { kind: 'passkey' as const, ...assertionOf('elif', decisionHash(decision, sha256)) };
    expect(await at.record(of, { decision, proof })).toEqual(refused('vote.unknown_meaning'));
  });
});
