import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { canonicalDigest } from '../../../src/audit/bytes.js';
import { enrolmentNonce } from '../../../src/passkey/registration.js';
import { again, forSite, origin, passkeyStage, type Changed, type PasskeyStage } from './stage.js';

let at: PasskeyStage;
beforeAll(async () => {
  at = await passkeyStage();
});
afterEach(() => at.revokeAll());
afterAll(() => at.end());

const hexOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const refused = (code: string) => ({ status: 'refused', code });
const query = (sql: string, ...values: unknown[]) => at.votes.db.admin.query(sql, values);
const living = async () =>
  (await query('SELECT passkey FROM countersign.passkey WHERE revoked_at IS NULL')).rows.map(({ passkey }) => passkey);

describe('an enrolment', () => {
  it('says what a browser needs, for five minutes', async () => {
    const held = await at.enrol('amara');
    const opened = await at.open('amara');
    expect(opened).toMatchObject({
      rpId: 'localhost',
      user: { id: Buffer.from(at.votes.person('amara')).toString('base64url'), name: 'amara', displayName: 'amara' },
      algorithms: [-7, -8, -257],
    });
    expect(Buffer.from(opened.challenge, 'base64url')).toHaveLength(32);
    expect(opened.challenge).not.toBe(held.challenge);
    const { rows } = await query(
      `SELECT credential, e.expires_at - e.opened_at <= interval '5 minutes 1 millisecond' AS brief
         FROM countersign.passkey JOIN countersign.enrolment e ON e.enrolment = $2 WHERE passkey = $1`,
      held.enrolment,
      opened.enrolment,
    );
    expect(rows).toEqual([{ credential: opened.exclude[0], brief: true }]);
    expect(opened.exclude).toHaveLength(1);
  });

  it('does not exclude a revoked key: its authenticator may make a new one', async () => {
    await at.enrol('amara');
    await at.revokeAll();
    expect((await at.open('amara')).exclude).toEqual([]);
  });

  it('is not opened where the rulebook names no site', async () => {
    const nowhere = await passkeyStage([]);
    try {
      await expect(nowhere.open('amara')).rejects.toMatchObject({ code: 'passkey.no_relying_party' });
    } finally {
      await nowhere.end();
    }
  });
});

describe('an offer', () => {
  it('makes the passkey, and its leaf says whose, which key, and by what proof', async () => {
    const opened = await at.open('amara');
    const offer = await at.offer(opened, 'amara');
    expect(await at.send(opened, 'amara', offer)).toEqual({ status: 'enrolled', passkey: opened.enrolment });
    const { rows } = await query(
      'SELECT person, credential, public_key, counter, rp_id, transports FROM countersign.passkey WHERE passkey = $1',
      opened.enrolment,
    );
    const [row] = rows;
    expect(row).toMatchObject({
      person: at.votes.person('amara'),
      credential: offer.registration.id,
      counter: '0',
      rp_id: 'localhost',
      transports: ['internal', 'hybrid'],
    });
    const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
    expect((await at.leaves()).at(-1)).toMatchObject({
      kind: 'passkey.enrolled',
      data: {
        passkey: opened.enrolment,
        person: at.votes.person('amara'),
        credential: hexOf(Buffer.from(offer.registration.id, 'base64url')),
        publicKey: hexOf(row.public_key),
        rpId: 'localhost',
        method: 'idp',
        nonce: enrolmentNonce(opened.challenge, offer.registration, sha256),
        proof: canonicalDigest(offer),
      },
    });
  });

  const hour = Math.floor(Date.now() / 1000) - 3_600;
  it.each<[what: string, changed: Changed, code: string]>([
    ['for another challenge', { challenge: 'A'.repeat(43) }, 'passkey.other_challenge'],
    ['made on another page', { origin: 'http://evil.example' }, 'passkey.wrong_origin'],
    ['made in clear', { origin: 'http://localhost.evil.example:8787' }, 'passkey.wrong_origin'],
    ['for another site', { registration: forSite('evil.example') }, 'passkey.wrong_origin'],
    ['by a user who was not verified', { made: { verifiesUser: false } }, 'passkey.not_verified_user'],
    ['of another key id', { registration: (made) => ({ ...made, id: 'AAAA' }) }, 'passkey.proof_invalid'],
    ['that holds no key', { registration: (made) => ({ ...made, attestationObject: 'oA' }) }, 'passkey.proof_invalid'],
    ['with another person’s sign-in', { signsIn: 'ben' }, 'passkey.other_person'],
    ['with a sign-in for another key', { nonce: 'A'.repeat(43) }, 'passkey.other_registration'],
    ['with a sign-in of before', { token: { auth_time: hour } }, 'passkey.old_sign_in'],
    ['with one factor', { token: { acr: 'urn:countersign:acr:pwd', amr: ['pwd'] } }, 'passkey.weak_sign_in'],
    ['with a sign-in elsewhere', { token: { aud: 'another-client' } }, 'passkey.token_audience'],
    ['with a sign-in of another issuer', { token: { iss: 'https://evil.example' } }, 'passkey.token_issuer'],
    ['with an expired token', { token: { exp: hour } }, 'passkey.token_expired'],
    ['with a token that lacks its time', { token: { auth_time: undefined } }, 'passkey.token_invalid'],
  ])('%s makes none, and that is on the log', async (_what, changed, code) => {
    const opened = await at.open('amara');
    const offer = await at.offer(opened, 'amara', changed);
    expect(await at.send(opened, 'amara', offer)).toEqual(refused(code));
    expect(await living()).toEqual([]);
    expect((await at.leaves()).at(-1)).toMatchObject({
      kind: 'passkey.refused',
      data: { passkey: opened.enrolment, person: at.votes.person('amara'), code },
    });
  });

  it('whose token somebody altered makes none', async () => {
    const opened = await at.open('amara');
    const { registration, idToken } = await at.offer(opened, 'amara');
    const forged = { registration, idToken: idToken.replace(/.{6}$/, 'AAAAAA') };
    expect(await at.send(opened, 'amara', forged)).toEqual(refused('passkey.token_invalid'));
  });

  it('that came after five minutes makes none', async () => {
    const opened = await at.open('amara');
    const offer = await at.offer(opened, 'amara');
    await query(`BEGIN; ALTER TABLE countersign.enrolment DISABLE TRIGGER append_only;
      UPDATE countersign.enrolment SET expires_at = clock_timestamp() WHERE enrolment = '${opened.enrolment}';
      ALTER TABLE countersign.enrolment ENABLE TRIGGER append_only; COMMIT`);
    expect(await at.send(opened, 'amara', offer)).toEqual(refused('passkey.expired'));
    expect(await living()).toEqual([]);
  });

  it('of somebody who was suspended meanwhile makes none', async () => {
    const opened = await at.open('ben');
    const offer = await at.offer(opened, 'ben');
    await query(
      `INSERT INTO countersign.suspension (tenant, kind, subject, reason) VALUES ('clinic', 'person', $1, 'lost_badge')`,
      at.votes.person('ben'),
    );
    expect(await at.send(opened, 'ben', offer)).toEqual(refused('passkey.inactive'));
    await query('UPDATE countersign.suspension SET lifted_at = clock_timestamp()');
  });

  it('for another person’s enrolment is for none', async () => {
    const opened = await at.open('amara');
    expect(await at.send(opened, 'ben', await at.offer(opened, 'ben'))).toEqual(refused('passkey.unknown'));
    expect((await at.leaves()).at(-1)).toMatchObject({
      kind: 'passkey.refused',
      data: { passkey: null, person: at.votes.person('ben'), code: 'passkey.unknown' },
    });
  });

  it('that is sent again hears the same answer, made or refused', async () => {
    const opened = await at.open('amara');
    const bad = await at.offer(opened, 'amara', { signsIn: 'ben' });
    const good = await at.offer(opened, 'amara');
    for (let times = 0; times < 2; times++) {
      expect(await at.send(opened, 'amara', bad)).toEqual(refused('passkey.other_person'));
      expect(await at.send(opened, 'amara', good)).toEqual({ status: 'enrolled', passkey: opened.enrolment });
    }
    expect((await at.leaves()).slice(-2).map(({ kind }) => kind)).toEqual(['passkey.refused', 'passkey.enrolled']);
    expect(await living()).toEqual([opened.enrolment]);
  });

  it('that is verified twice at once makes one passkey, and both hear of it', async () => {
    const opened = await at.open('amara');
    const offer = await at.offer(opened, 'amara');
    const answers = await Promise.all([at.send(opened, 'amara', offer), at.send(opened, 'amara', offer)]);
    expect(answers).toEqual([1, 2].map(() => ({ status: 'enrolled', passkey: opened.enrolment })));
    expect(await living()).toEqual([opened.enrolment]);
  });

  it('with a second key for one enrolment makes none', async () => {
    const opened = await at.open('amara');
    const [first, second] = [await at.offer(opened, 'amara'), await at.offer(opened, 'amara')];
    const answers = await Promise.all([at.send(opened, 'amara', first), at.send(opened, 'amara', second)]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['enrolled', 'refused']);
    expect(answers).toContainEqual(refused('passkey.duplicate'));
  });

  it('with a key that is enrolled already makes none, not even for somebody else or after its end', async () => {
    const first = await at.open('amara');
    const offer = await at.offer(first, 'amara');
    expect(await at.send(first, 'amara', offer)).toMatchObject({ status: 'enrolled' });
    const same = async (by: 'amara' | 'ben') => {
      const opened = await at.open(by);
      const registration = () => again(offer.registration, opened.challenge);
      return at.send(opened, by, await at.offer(opened, by, { registration }));
    };
    expect(await same('ben')).toEqual(refused('passkey.duplicate'));
    await at.revokeAll();
    expect(await same('amara')).toEqual(refused('passkey.duplicate'));
  });

  it('waits for an identity provider that does not answer, and is neither taken nor refused meanwhile', async () => {
    const silent = await passkeyStage();
    try {
      const opened = await silent.open('amara');
      const offer = await silent.offer(opened, 'amara');
      await silent.votes.issuer.close();
      await expect(silent.send(opened, 'amara', offer)).rejects.toMatchObject({ code: 'identity.unreachable' });
      expect(await silent.leaves()).toEqual([]);
      const kept = await silent.votes.db.admin.query('SELECT refused FROM countersign.enrolment_offer');
      expect(kept.rows).toEqual([{ refused: null }]);
    } finally {
      await silent.votes.db.end();
    }
  });
});

describe('of a person’s keys', () => {
  it('five count at once: the sixth is refused, however early its enrolment was opened', async () => {
    const early = [];
    for (let key = 0; key < 6; key++) {
      const opened = await at.open('dora');
      early.push({ opened, offer: await at.offer(opened, 'dora') });
    }
    const answers = await Promise.all(early.map(({ opened, offer }) => at.send(opened, 'dora', offer)));
    expect(answers.filter(({ status }) => status === 'enrolled')).toHaveLength(5);
    expect(answers).toContainEqual(refused('passkey.too_many'));
    await expect(at.open('dora')).rejects.toMatchObject({ code: 'passkey.too_many' });
  });

  it('and room is made by revoking one', async () => {
    for (let key = 0; key < 5; key++) await at.enrol('chen');
    await query(
      `UPDATE countersign.passkey SET revoked_at = clock_timestamp()
        WHERE passkey = (SELECT passkey FROM countersign.passkey WHERE person = $1 LIMIT 1)`,
      at.votes.person('chen'),
    );
    await expect(at.enrol('chen')).resolves.toMatchObject({ rpId: new URL(origin).hostname });
  });
});
