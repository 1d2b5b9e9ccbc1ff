import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { canonicalDigest } from '../../../src/audit/bytes.js';
import type { Assertion } from '../../../src/passkey/assertion.js';
import type { PasskeyId } from '../../../src/passkey/ids.js';
import { fingerprintOf, vouchingHash } from '../../../src/passkey/vouching.js';
import type { Name } from '../approval/stage.js';
import { passkeyStage, type OtherWord, type PasskeyStage } from './stage.js';

let at: PasskeyStage;
const passkeys: Partial<Record<Name, PasskeyId>> = {};
const of = (name: Name): PasskeyId => {
  const passkey = passkeys[name];
  if (passkey === undefined) throw new Error(`${name} has no passkey`);
  return passkey;
};
const enrol = async (name: Name) => {
  passkeys[name] = (await at.enrol(name)).enrolment;
};
beforeAll(async () => {
  at = await passkeyStage();
});
afterAll(() => at.end());

/** Each test begins with three passkeys for which nobody vouched, and no word on the log. */
beforeEach(async () => {
  for (const name of ['amara', 'ben', 'chen'] as const) await enrol(name);
});
afterEach(async () => {
  await at.revokeAll();
  await past('vouched', 'DELETE FROM countersign.vouched');
});

const query = (sql: string, ...values: unknown[]) => at.votes.db.admin.query(sql, values);
/** Past triggers, as a superuser can. */
const past = (table: string, statement: string) =>
  query(`BEGIN; ALTER TABLE countersign.${table} DISABLE TRIGGER USER; ${statement};
    ALTER TABLE countersign.${table} ENABLE TRIGGER USER; COMMIT`);
const refused = (code: string) => ({ status: 'refused', code });
const vouched = (name: Name) => ({ status: 'vouched', passkey: of(name) });
const lastLeaf = async () => (await at.leaves()).at(-1);
const words = async () => (await query('SELECT passkey FROM countersign.vouched')).rows;
const suspend = (name: Name) =>
  query(
    `INSERT INTO countersign.suspension (tenant, kind, subject, reason) VALUES ('clinic', 'person', $1, 'lost_badge')`,
    at.votes.person(name),
  );

describe('a vouching', () => {
  it('says exactly what is signed, by which of the voucher’s passkeys, for five minutes', async () => {
    const opened = await at.openVouching('ben', of('amara'));
    const { rows } = await query(
      `SELECT p.credential, p.public_key AS key, own.credential AS own,
              v.expires_at - v.opened_at = interval '5 minutes' AS brief
         FROM countersign.vouching v JOIN countersign.passkey p USING (passkey)
         JOIN countersign.passkey own ON own.passkey = $2 WHERE v.vouching = $1`,
      opened.statement.vouching,
      of('ben'),
    );
    const [{ credential, key, own, brief }] = rows;
    const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
    expect(opened).toMatchObject({
      statement: {
        v: 1,
        tenant: 'clinic',
        passkey: of('amara'),
        person: at.votes.person('amara'),
        credential: sha256(Buffer.from(credential, 'base64url')).toString('hex'),
        publicKey: sha256(key).toString('hex'),
        voucher: at.votes.person('ben'),
      },
      hash: vouchingHash(opened.statement, sha256),
      rpId: 'localhost',
      credentials: [own],
    });
    expect(brief).toBe(true);
    expect((await at.openVouching('ben', of('amara'))).hash).not.toBe(opened.hash);
    expect(fingerprintOf(opened.statement, sha256)).toMatch(/^[0-9a-f-]{24}$/);
  });

  it.each<[what: string, by: Name, before: () => Promise<unknown>, code: string]>([
    ['for one’s own passkey', 'amara', async () => undefined, 'vouching.own'],
    [
      'for a revoked passkey',
      'ben',
      () => query('UPDATE countersign.passkey SET revoked_at = clock_timestamp() WHERE passkey = $1', of('amara')),
      'vouching.revoked',
    ],
    ['by somebody without a passkey', 'gus', async () => undefined, 'vouching.no_passkey'],
    [
      'by somebody for whom nobody vouched, when somebody else has a word',
      'chen',
      () => at.vouch('amara', of('ben')),
      'vouching.not_vouched',
    ],
    ['for a passkey that has its word', 'chen', () => at.vouch('ben', of('amara')), 'vouching.duplicate'],
  ])('%s is not opened, and that is on the log', async (_what, by, before, code) => {
    await before();
    await expect(at.openVouching(by, of('amara'))).rejects.toMatchObject({ code });
    expect(await lastLeaf()).toMatchObject({
      kind: 'passkey.refused',
      data: { passkey: of('amara'), person: at.votes.person(by), code },
    });
  });

  it('is not opened where the rulebook names no site', async () => {
    const nowhere = await passkeyStage([]);
    try {
      await expect(nowhere.openVouching('ben', of('amara'))).rejects.toMatchObject({
        code: 'passkey.no_relying_party',
      });
    } finally {
      await nowhere.end();
    }
  });
});

describe('a word', () => {
  it('counts, and its leaf says who gave it for what, and by which signature', async () => {
    const opened = await at.openVouching('ben', of('amara'));
    const word = at.word(opened, 'ben');
    expect(await at.sendWord(opened, 'ben', word)).toEqual(vouched('amara'));
    expect(await lastLeaf()).toMatchObject({
      kind: 'passkey.vouched',
      action: null,
      data: {
        vouching: opened.statement.vouching,
        passkey: of('amara'),
        person: at.votes.person('amara'),
        voucher: at.votes.person('ben'),
        voucherPasskey: of('ben'),
        statement: opened.hash,
        method: 'passkey',
        proof: canonicalDigest(word),
      },
    });
  });

  const altered = (word: Assertion): Assertion => {
    const bytes = Buffer.from(word.authenticatorData, 'base64url');
    bytes.writeUInt8(0x1d | 0x80, 32);
    return { ...word, authenticatorData: bytes.toString('base64url') };
  };
  it.each<[what: string, other: OtherWord, change: (word: Assertion) => Assertion, code: string]>([
    ['for another statement', { hash: 'A'.repeat(43) }, (word) => word, 'vouching.other_statement'],
    ['on another page', { origin: 'https://evil.example' }, (word) => word, 'vouching.wrong_origin'],
    ['by a user who was not verified', { made: { verifiesUser: false } }, (word) => word, 'vouching.not_verified_user'],
    ['by the passkey that it is about', { signs: 'amara' }, (word) => word, 'vouching.other_person'],
    ['by the passkey of a third person', { signs: 'chen' }, (word) => word, 'vouching.other_person'],
    ['that names another person', {}, (word) => ({ ...word, userHandle: 'YW1hcmE' }), 'vouching.other_person'],
    ['of a key that nobody enrolled', {}, (word) => ({ ...word, credentialId: 'AAAA' }), 'vouching.unknown_passkey'],
    ['whose signature is another’s', {}, (word) => ({ ...word, signature: 'AAAA' }), 'vouching.proof_invalid'],
    ['whose signed bytes were altered', {}, altered, 'vouching.proof_invalid'],
  ])('%s does not count, and that is on the log', async (_what, other, change, code) => {
    const opened = await at.openVouching('ben', of('amara'));
    const word = change(at.word(opened, 'ben', other));
    expect(await at.sendWord(opened, 'ben', word)).toEqual(refused(code));
    expect(await at.sendWord(opened, 'ben', word)).toEqual(refused(code));
    expect(await lastLeaf()).toMatchObject({
      kind: 'passkey.refused',
      data: { passkey: of('amara'), person: at.votes.person('ben'), code },
    });
    expect(await words()).toEqual([]);
    // A forged word used nothing up: the true one still counts.
    expect(await at.sendWord(opened, 'ben', at.word(opened, 'ben'))).toEqual(vouched('amara'));
  });

  it('that was given for another passkey is a word for that one alone', async () => {
    const [first, second] = [await at.openVouching('ben', of('amara')), await at.openVouching('ben', of('chen'))];
    expect(await at.sendWord(second, 'ben', at.word(first, 'ben'))).toEqual(refused('vouching.other_statement'));
  });

  it('under somebody else’s vouching is for none', async () => {
    const opened = await at.openVouching('ben', of('amara'));
    expect(await at.sendWord(opened, 'chen', at.word(opened, 'chen'))).toEqual(refused('vouching.unknown'));
    expect(await lastLeaf()).toMatchObject({ kind: 'passkey.refused', data: { passkey: null } });
  });

  it('that came after five minutes does not count', async () => {
    const opened = await at.openVouching('ben', of('amara'));
    await past(
      'vouching',
      `UPDATE countersign.vouching SET expires_at = clock_timestamp() WHERE vouching = '${opened.statement.vouching}'`,
    );
    expect(await at.sendWord(opened, 'ben', at.word(opened, 'ben'))).toEqual(refused('vouching.expired'));
    expect(await words()).toEqual([]);
  });

  it('of somebody who was suspended meanwhile does not count', async () => {
    const opened = await at.openVouching('ben', of('amara'));
    await suspend('ben');
    expect(await at.sendWord(opened, 'ben', at.word(opened, 'ben'))).toEqual(refused('vouching.inactive'));
    await query('UPDATE countersign.suspension SET lifted_at = clock_timestamp()');
  });

  it('of somebody who left meanwhile does not count', async () => {
    const opened = await at.openVouching('ben', of('amara'));
    await query('UPDATE countersign.person SET active = false WHERE person = $1', at.votes.person('ben'));
    expect(await at.sendWord(opened, 'ben', at.word(opened, 'ben'))).toEqual(refused('vouching.inactive'));
    await query('UPDATE countersign.person SET active = true');
  });

  it.each<[what: string, whose: Name, code: string]>([
    ['by a passkey that was revoked meanwhile', 'ben', 'vouching.revoked_voucher'],
    ['for a passkey that was revoked meanwhile', 'amara', 'vouching.revoked'],
  ])('%s does not count', async (_what, whose, code) => {
    const opened = await at.openVouching('ben', of('amara'));
    await query('UPDATE countersign.passkey SET revoked_at = clock_timestamp() WHERE passkey = $1', of(whose));
    expect(await at.sendWord(opened, 'ben', at.word(opened, 'ben'))).toEqual(refused(code));
  });

  it('that is sent again hears the same answer, and leaves one leaf', async () => {
    const opened = await at.openVouching('ben', of('amara'));
    const word = at.word(opened, 'ben');
    const answers = await Promise.all([at.sendWord(opened, 'ben', word), at.sendWord(opened, 'ben', word)]);
    expect([...answers, await at.sendWord(opened, 'ben', word)]).toEqual([1, 2, 3].map(() => vouched('amara')));
    const leaves = (await at.leaves()).filter(({ kind }) => kind === 'passkey.vouched');
    expect(leaves.filter(({ data }) => Object(data).passkey === of('amara'))).toHaveLength(1);
  });

  it('is one for each passkey: the second one changes nothing', async () => {
    const [first, second] = [await at.openVouching('ben', of('amara')), await at.openVouching('chen', of('amara'))];
    expect(await at.sendWord(first, 'ben', at.word(first, 'ben'))).toEqual(vouched('amara'));
    expect(await at.sendWord(second, 'chen', at.word(second, 'chen'))).toEqual(refused('vouching.duplicate'));
  });

  it('with a counter that went back does not count: there are two such keys', async () => {
    passkeys.ben = (await at.enrol('ben', { counts: true })).enrolment;
    const made = { counts: true };
    const [first, second] = [await at.openVouching('ben', of('amara')), await at.openVouching('ben', of('chen'))];
    const earlier = at.word(first, 'ben', { made });
    await query('UPDATE countersign.passkey SET counter = 9 WHERE passkey = $1', of('ben'));
    expect(await at.sendWord(first, 'ben', earlier)).toEqual(refused('vouching.counter'));
    expect(second.credentials).toHaveLength(2);
  });
});

describe('who may give their word', () => {
  it('is anybody for the first, and then whoever was vouched for: two keys do not vouch for each other', async () => {
    const [one, two] = [await at.openVouching('chen', of('ben')), await at.openVouching('ben', of('chen'))];
    await at.vouch('ben', of('amara')); // the first of all
    for (const [opened, by] of [
      [one, 'chen'],
      [two, 'ben'],
    ] as const)
      expect(await at.sendWord(opened, by, at.word(opened, by))).toEqual(refused('vouching.not_vouched'));
    await at.vouch('amara', of('chen'));
    await at.vouch('chen', of('ben'));
    expect(await words()).toHaveLength(3);
  });

  it('is one of two who would be the first at once', async () => {
    await enrol('dora');
    const [one, two] = [await at.openVouching('amara', of('ben')), await at.openVouching('chen', of('dora'))];
    const answers = await Promise.all([
      at.sendWord(one, 'amara', at.word(one, 'amara')),
      at.sendWord(two, 'chen', at.word(two, 'chen')),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['refused', 'vouched']);
  });
});
