/** A passkey is a person's yes: what the processes that carry one must not be able to make of it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inTenant } from '../../src/database/transaction.js';
import { clinic } from '../integration/approval/stage.js';
import { passkeyStage, type PasskeyStage } from '../integration/passkey/stage.js';

let at: PasskeyStage;
let held: string;
beforeAll(async () => {
  at = await passkeyStage();
  held = (await at.enrol('amara')).enrolment;
});
afterAll(() => at.end());

const run = (login: 'api' | 'governance' | 'ehr', sql: string) =>
  inTenant(at.votes.db.pool(login), clinic, (tx) => tx.query(sql));
const denied = { code: '42501' };

const writes: [what: string, sql: () => string][] = [
  ['make a passkey', () => 'INSERT INTO countersign.passkey SELECT * FROM countersign.passkey'],
  ['give a passkey to somebody else', () => `UPDATE countersign.passkey SET person = '${at.votes.person('ben')}'`],
  ['put another key in a passkey', () => `UPDATE countersign.passkey SET public_key = 'x'`],
  ['bring a revoked passkey back', () => 'UPDATE countersign.passkey SET revoked_at = NULL'],
  ['turn its counter back', () => 'UPDATE countersign.passkey SET counter = 0'],
  ['delete a passkey', () => 'DELETE FROM countersign.passkey'],
  ['open an enrolment by hand', () => 'INSERT INTO countersign.enrolment SELECT * FROM countersign.enrolment'],
  ['keep an enrolment open', () => `UPDATE countersign.enrolment SET expires_at = 'infinity'`],
  ['change what somebody offered', () => `UPDATE countersign.enrolment_offer SET offer = '{}', refused = NULL`],
  ['open a vouching by hand', () => 'INSERT INTO countersign.vouching SELECT * FROM countersign.vouching'],
  ['vouch in the name of somebody else', () => `UPDATE countersign.vouching SET voucher = '${at.votes.person('ben')}'`],
  ['change somebody’s word', () => `UPDATE countersign.vouching_word SET word = '{}', refused = NULL`],
  ['make a word count', () => 'INSERT INTO countersign.vouched SELECT * FROM countersign.vouched'],
  ['take a word back', () => 'DELETE FROM countersign.vouched'],
];

describe.each(['api', 'governance', 'ehr'] as const)('the login of %s', (login) => {
  it.each(writes)('cannot %s', (_what, sql) => expect(run(login, sql())).rejects.toMatchObject(denied));
});

describe('the API, taken over', () => {
  it.each<[what: string, call: () => string]>([
    [
      'verify an offer itself',
      () => `countersign.passkey_record('${held}', '\\x00', 'AAAA', 'x', 0, '${held}', 'localhost', '{}')`,
    ],
    ['refuse an offer', () => `countersign.enrolment_refuse('${held}', '\\x00', 'passkey.expired')`],
    ['use a passkey up', () => `countersign.passkey_use('${held}', 4294967295)`],
    ['verify a word itself', () => `countersign.vouching_record('${held}', '\\x00', '${held}', 0)`],
    ['refuse a word', () => `countersign.vouching_refuse('${held}', '\\x00', 'vouching.expired')`],
  ])('cannot %s', (_what, call) => expect(run('api', `SELECT ${call()}`)).rejects.toMatchObject(denied));

  it('cannot say that a passkey was enrolled', async () => {
    const append = `SELECT countersign.audit_append('passkey.enrolled', NULL, 'forged', '{}')`;
    await expect(run('api', append)).rejects.toMatchObject(denied);
  });

  it('cannot say that somebody vouched for a passkey', async () => {
    const append = `SELECT countersign.audit_append('passkey.vouched', NULL, 'forged', '{}')`;
    await expect(run('api', append)).rejects.toMatchObject(denied);
  });

  it('cannot have anybody vouch for their own passkey, past its own rules', async () => {
    const open = `SELECT countersign.vouching_open('${held}', '${held}', '${at.votes.person('amara')}')`;
    await expect(run('api', open)).rejects.toMatchObject({ code: '23514' });
  });

  it('cannot vouch in the name of somebody whose passkey it has not', async () => {
    const theirs = (await at.enrol('ben')).enrolment;
    const opened = await at.openVouching('amara', theirs);
    const word = at.word(opened, 'amara', { signs: 'ben' });
    expect(await at.sendWord(opened, 'amara', word)).toMatchObject({ code: 'vouching.other_person' });
  });

  it('cannot enrol a key of its own for somebody: it has no sign-in of theirs for that key', async () => {
    const opened = await at.open('chen');
    const own = await at.offer(opened, 'chen', { signsIn: 'ben' });
    expect(await at.send(opened, 'chen', own)).toMatchObject({ code: 'passkey.other_person' });

    // A sign-in of theirs that it saw: for a vote, or for the key that they made themselves.
    const { idToken } = await at.offer(opened, 'chen');
    const { registration } = await at.offer(opened, 'chen');
    expect(await at.send(opened, 'chen', { registration, idToken })).toMatchObject({
      code: 'passkey.other_registration',
    });
    const of = await at.votes.waiting();
    const ballot = await at.votes.envelope(of, 'amara');
    if (ballot.proof.kind !== 'idp') throw new Error('the proof is an ID token');
    const theirs = await at.open('amara');
    const vote = { registration: at.make(theirs, 'amara'), idToken: ballot.proof.idToken };
    expect(await at.send(theirs, 'amara', vote)).toMatchObject({ code: 'passkey.other_registration' });
  });

  it('cannot carry an offer over to an enrolment that it opened itself', async () => {
    const [theirs, own] = [await at.open('chen'), await at.open('chen')];
    const offer = await at.offer(theirs, 'chen');
    expect(await at.send(own, 'chen', offer)).toMatchObject({ code: 'passkey.other_challenge' });
  });
});

describe('the governance worker, gone wrong', () => {
  it('cannot change a passkey, not even by its functions', async () => {
    const { rows } = await run(
      'governance',
      `SELECT countersign.passkey_record(p.passkey, p.offer_sha256, 'AAAA', 'x', 0, p.passkey, 'evil.example', '{}') AS refusal
         FROM countersign.passkey p WHERE p.passkey = '${held}'`,
    );
    expect(rows).toEqual([{ refusal: null }]); // made before: nothing is made again
    const kept = await at.votes.db.admin.query('SELECT rp_id FROM countersign.passkey WHERE passkey = $1', [held]);
    expect(kept.rows).toEqual([{ rp_id: 'localhost' }]);
  });

  it('cannot make a word count that was refused, nor refuse one that counts', async () => {
    const [theirs, own] = [(await at.enrol('chen')).enrolment, (await at.enrol('amara')).enrolment];
    const opened = await at.openVouching('amara', theirs);
    const forged = { ...at.word(opened, 'amara'), signature: 'AAAA' };
    expect(await at.sendWord(opened, 'amara', forged)).toMatchObject({ code: 'vouching.proof_invalid' });
    await at.vouch('amara', theirs);
    const words = (call: string) =>
      run(
        'governance',
        `SELECT ${call} AS said FROM countersign.vouching_word w LEFT JOIN countersign.vouched d
        USING (tenant, vouching, word_sha256) WHERE w.vouching IN (SELECT vouching FROM countersign.vouching
        WHERE passkey = '${theirs}') ORDER BY d.passkey NULLS FIRST`,
      );
    const counted = `countersign.vouching_record(w.vouching, w.word_sha256, '${own}', 0)`;
    expect((await words(counted)).rows).toEqual([{ said: 'vouching.proof_invalid' }, { said: null }]);
    const refused = `countersign.vouching_refuse(w.vouching, w.word_sha256, 'vouching.expired')`;
    expect((await words(refused)).rows).toEqual([{ said: 'vouching.proof_invalid' }, { said: null }]);
  });

  it('cannot both refuse an offer and make its passkey', async () => {
    const { rows } = await run(
      'governance',
      `SELECT countersign.enrolment_refuse(p.passkey, p.offer_sha256, 'passkey.expired') AS kept
         FROM countersign.passkey p WHERE p.passkey = '${held}'`,
    );
    expect(rows).toEqual([{ kept: null }]);
  });
});
