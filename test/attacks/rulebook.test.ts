/** Whoever can change the rules can do anything: attempts to do so with less than two people who may. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sha256 } from '@noble/hashes/sha2.js';
import type { PoolClient } from 'pg';
import type { PasskeyAssertion } from '@countersign/sandbox';
import { digest } from '../../src/action/ids.js';
import { appendLeaf } from '../../src/audit/append.store.js';
import { canonicalDigest } from '../../src/audit/bytes.js';
import { logins } from '../../src/database/logins.js';
import { inTenant } from '../../src/database/transaction.js';
import { assertionSchema } from '../../src/passkey/assertion.js';
import { vouchingSchema, type PasskeyId, type VouchingId } from '../../src/passkey/ids.js';
import { vouchingHash } from '../../src/passkey/vouching.js';
import {
  findVouching,
  insertVouching,
  insertWord,
  recordWord,
  statementOf,
  wordFor,
  type VouchedRow,
} from '../../src/passkey/vouching.store.js';
import { loadRulebook } from '../../src/rulebook/load.js';
import { installRulebook } from '../../src/rulebook/install.tx.js';
import { unfitForProduction } from '../../src/rulebook/production.js';
import { statementHash, type ProposalId } from '../../src/rulebook/change/change.js';
import { insertChangeProof, insertSignature } from '../../src/rulebook/change/change.store.js';
import { changerRefusal } from '../../src/rulebook/change/changer.store.js';
import { rulebookReader } from '../../src/rulebook/rulebook.store.js';
import { clinic, type Name } from '../integration/approval/stage.js';
import { changeStage, type Changed, type ChangeStage, type Opened } from '../integration/rulebook/change-stage.js';
import { noTrust, rulebookFiles, testRulebook } from '../support/rulebook.js';

const people = ['elif', 'chen', 'dora', 'amara'] as const;

let stage: ChangeStage;
let base: string;
/** Of those above, each with ben's word. */
const passkeys = new Map<Name, PasskeyId>();
let proposal: ProposalId;
let hours = 4;
beforeAll(async () => {
  stage = await changeStage();
});
beforeEach(async () => {
  for (const name of people) passkeys.set(name, await stage.enrol(name));
  await stage.grantedFor('2 days');
  base = await stage.active();
  proposal = await stage.proposed('elif', (hours += 1));
});
afterEach(async () => {
  expect(await stage.active()).toBe(base); // whatever was tried
  await stage.revokeAll();
});
afterAll(() => stage?.end());

const refused = (code: string) => ({ status: 'refused', code });
const query = (sql: string, ...values: unknown[]) => stage.at.votes.db.admin.query(sql, values);
const onTheLog = async (code: string) =>
  expect((await stage.leaves()).at(-1)).toMatchObject({ kind: 'rulebook.refused', data: { proposal, code } });

async function opened(by: Name): Promise<Opened> {
  const found = await stage.open(proposal, by);
  if (found.status !== 'opened') throw new Error(found.code);
  return found;
}

/** As the superuser, past triggers and checks. */
async function force(table: string, sql: string, ...values: unknown[]): Promise<void> {
  await query(`ALTER TABLE countersign.${table} DISABLE TRIGGER USER`);
  try {
    await query(sql, ...values);
  } finally {
    await query(`ALTER TABLE countersign.${table} ENABLE TRIGGER USER`);
  }
}

describe('a change is not made', () => {
  it('by who proposed it alone, signing as often as they like', async () => {
    const [first, second] = [await opened('elif'), await opened('elif')];
    expect(await stage.send(first, 'elif')).toMatchObject({ status: 'signed' });
    expect(await stage.send(second, 'elif')).toEqual(refused('rulebook.duplicate'));
    await onTheLog('rulebook.duplicate');
    expect(await stage.open(proposal, 'elif')).toEqual(refused('rulebook.duplicate'));
    expect(await stage.activate(proposal)).toEqual(refused('rulebook.unsigned'));
    await onTheLog('rulebook.unsigned');
  });

  it('by one person with two passkeys', async () => {
    await stage.enrol('elif');
    const [first, second] = [await opened('elif'), await opened('elif')];
    await Promise.all([stage.send(first, 'elif'), stage.send(second, 'elif')]);
    const { rows } = await query('SELECT FROM countersign.rulebook_signature WHERE proposal = $1', proposal);
    expect(rows).toHaveLength(1);
    expect(await stage.activate(proposal)).toEqual(refused('rulebook.unsigned'));
  });

  it('without an officer', async () => {
    for (const by of ['chen', 'dora'] as const)
      expect(await stage.sign(proposal, by)).toMatchObject({ status: 'signed' });
    expect(await stage.activate(proposal)).toEqual(refused('rulebook.no_officer'));
    await onTheLog('rulebook.no_officer');
  });

  it('by somebody whose role may not sign, nor in a role that they do not hold', async () => {
    expect(await stage.open(proposal, 'amara')).toEqual(refused('rulebook.wrong_role'));
    await onTheLog('rulebook.wrong_role');
    expect(await stage.open(proposal, 'amara', { actingRoles: ['privacy_officer'] })).toEqual(
      refused('rulebook.wrong_role'),
    );
  });

  it('by a fresh grant, be it that the role came before the signature or was given back after it', async () => {
    await stage.grantedFor('23 hours', 'chen');
    expect(await stage.open(proposal, 'chen')).toEqual(refused('rulebook.fresh_grant'));
    await onTheLog('rulebook.fresh_grant');
    await stage.grantedFor('25 hours', 'chen');
    await stage.sign(proposal, 'chen');
    await stage.sign(proposal, 'elif');
    await stage.grantedFor('1 minute', 'elif');
    expect(await stage.activate(proposal)).toEqual(refused('rulebook.fresh_grant'));
    await onTheLog('rulebook.fresh_grant');
  });

  it('by a grant that became fresh between challenge and signature', async () => {
    const found = await opened('chen');
    await stage.grantedFor('1 minute', 'chen');
    expect(await stage.send(found, 'chen')).toEqual(refused('rulebook.fresh_grant'));
    await onTheLog('rulebook.fresh_grant');
  });

  it.each<[what: string, take: string, code: string]>([
    [
      'who lost the role since',
      'UPDATE countersign.role_grant SET revoked_at = clock_timestamp() WHERE person = $1',
      'rulebook.wrong_role',
    ],
    ['who is no longer active', 'UPDATE countersign.person SET active = false WHERE person = $1', 'rulebook.inactive'],
    [
      'who was suspended since',
      `INSERT INTO countersign.suspension (tenant, kind, subject, reason) VALUES ('clinic', 'person', $1::uuid::text, 'left')`,
      'rulebook.inactive',
    ],
    [
      'whose training lapsed since',
      `UPDATE countersign.training SET expires_on = '2020-01-02' WHERE person = $1`,
      'rulebook.untrained',
    ],
    [
      'whose passkey was revoked since',
      'UPDATE countersign.passkey SET revoked_at = clock_timestamp() WHERE person = $1 AND revoked_at IS NULL',
      'rulebook.revoked_passkey',
    ],
  ])('by somebody %s', async (_what, take, code) => {
    await stage.sign(proposal, 'elif');
    await stage.sign(proposal, 'dora');
    await query(take, stage.at.votes.person('dora'));
    try {
      expect(await stage.activate(proposal)).toEqual(refused(code));
      await onTheLog(code);
    } finally {
      await query('UPDATE countersign.role_grant SET revoked_at = NULL');
      await query('UPDATE countersign.person SET active = true');
      await query('UPDATE countersign.suspension SET lifted_at = clock_timestamp()');
      await query(`UPDATE countersign.training SET expires_on = '2100-01-01'`);
    }
  });

  it('by a signature that was made for another proposal of the same rulebook, or for another base', async () => {
    await stage.sign(proposal, 'chen', { verdict: 'deny' });
    const denied = proposal;
    proposal = await stage.proposed('elif', hours);
    const [here, there] = [await opened('dora'), await stage.open(denied, 'dora')];
    expect(there).toEqual(refused('rulebook.denied'));
    const statement = { ...here.statement, proposal: denied };
    for (const other of [statement, { ...here.statement, base: here.statement.digest }])
      expect(await stage.send(here, 'dora', { hash: statementHash(other, sha256) })).toEqual(
        refused('rulebook.other_statement'),
      );
    await onTheLog('rulebook.other_statement');
  });

  it.each<[what: string, changed: Changed, code: string]>([
    ['for something else', { hash: 'A'.repeat(43) }, 'rulebook.other_statement'],
    ['on another page', { origin: 'https://evil.example' }, 'rulebook.wrong_origin'],
    ['on a page that looks like ours', { origin: 'http://localhost.evil.example:8787' }, 'rulebook.wrong_origin'],
    ['by a user who was not verified', { made: { verifiesUser: false } }, 'rulebook.not_verified_user'],
    ['by another person’s passkey', { signs: 'elif' }, 'rulebook.other_person'],
    ['by a key that nobody enrolled', altered({ credentialId: 'AAAA' }), 'rulebook.unknown_passkey'],
    ['with another signature', altered({ signature: 'AAAA' }), 'rulebook.proof_invalid'],
    ['in another person’s name', altered({ userHandle: 'YmVu' }), 'rulebook.other_person'],
  ])('by an assertion %s, and it uses nothing up', async (_what, changed, code) => {
    const found = await opened('dora');
    expect(await stage.send(found, 'dora', changed)).toEqual(refused(code));
    await onTheLog(code);
    expect(await stage.send(found, 'dora', changed)).toEqual(refused(code)); // and again
    expect(await stage.send(found, 'dora')).toMatchObject({ status: 'signed' });
  });

  it('by an assertion that is replayed: under another challenge it is none', async () => {
    const [first, second] = [await opened('dora'), await opened('dora')];
    const assertion = stage.assertion(first, 'dora');
    expect(await stage.sendBytes(second, 'dora', assertion)).toEqual(refused('rulebook.other_statement'));
    expect(await stage.sendBytes(first, 'dora', assertion)).toMatchObject({ status: 'signed' });
    expect(await stage.sendBytes(first, 'dora', assertion)).toMatchObject({ status: 'signed' }); // once
    const { rows } = await query('SELECT FROM countersign.rulebook_signature WHERE proposal = $1', proposal);
    expect(rows).toHaveLength(1);
  });

  it('by an assertion under somebody else’s challenge', async () => {
    const found = await opened('dora');
    expect(await stage.sendBytes(found, 'chen', stage.assertion(found, 'dora'))).toEqual(refused('rulebook.unknown'));
  });

  it('by an assertion that came after five minutes', async () => {
    const found = await opened('dora');
    await query(`BEGIN; ALTER TABLE countersign.rulebook_challenge DISABLE TRIGGER append_only;
      UPDATE countersign.rulebook_challenge SET expires_at = opened_at + interval '1 microsecond';
      ALTER TABLE countersign.rulebook_challenge ENABLE TRIGGER append_only; COMMIT`);
    expect(await stage.send(found, 'dora')).toEqual(refused('rulebook.challenge_expired'));
    await onTheLog('rulebook.challenge_expired');
  });

  it('by a copied passkey, whose counter went back', async () => {
    const counts = { counts: true };
    await stage.revokeAll();
    await stage.enrol('dora', counts);
    const found = await opened('dora');
    const [older, newer] = [1, 2].map(() => stage.assertion(found, 'dora', { made: counts }));
    if (!older || !newer) throw new Error('there are two');
    const other = await stage.proposed('chen', (hours += 1));
    const elsewhere = await stage.open(other, 'dora');
    if (elsewhere.status !== 'opened') throw new Error(elsewhere.code);
    expect(await stage.send(elsewhere, 'dora', { made: counts })).toMatchObject({ status: 'signed' });
    expect(await stage.sendBytes(found, 'dora', older)).toEqual(refused('rulebook.passkey_counter'));
    await onTheLog('rulebook.passkey_counter');
  });
});

function altered(part: Partial<PasskeyAssertion>): Changed {
  return { assertion: (made) => ({ ...made, ...part }) };
}

describe('a passkey that the identity provider made up signs no change', () => {
  const db = () => stage.at.votes.db;
  const byGovernance = <T>(work: (tx: PoolClient) => Promise<T>) => inTenant(db().pool('governance'), clinic, work);
  const byApi = <T>(work: (tx: PoolClient) => Promise<T>) => inTenant(db().pool('api'), clinic, work);
  const ben = () => stage.at.votes.person('ben');

  /** In dora's name; what signs for her from here on. */
  let madeUp: PasskeyId;
  beforeEach(async () => {
    await stage.sign(proposal, 'elif');
    madeUp = (await stage.at.enrol('dora')).enrolment;
  });

  /** What the login of governance can do for a signature that its worker refuses: count it, under a leaf of its own. */
  async function countByHand(): Promise<void> {
    const found = await opened('dora');
    const { challenge, person, actingRoles: roles, verdict, digest: rulebook } = found.statement;
    const statement = found.hash;
    const assertion = assertionSchema.parse(stage.assertion(found, 'dora'));
    const name = await byApi((tx) => insertChangeProof(tx, challenge, person, assertion));
    if (!name) throw new Error('it was not noted');
    const proof = canonicalDigest(assertion);
    const by = { person, roles: [...roles], passkey: madeUp };
    await byGovernance(async (tx) => {
      expect(await insertSignature(tx, { challenge, name, roles, statement })).toBeUndefined();
      const data = { proposal, rulebook, base: digest(base), challenge, verdict, statement, proof, ...by };
      await appendLeaf(tx, { kind: 'rulebook.signed', key: challenge, data });
    });
  }

  const expectNotActivated = async () => {
    expect(await stage.activate(proposal)).toEqual(refused('rulebook.not_vouched'));
    await onTheLog('rulebook.not_vouched');
  };

  /** The word that ben gave for the passkey that is dora's. */
  async function bensWord(): Promise<VouchedRow> {
    const own = passkeys.get('dora');
    const word = own && (await byApi((tx) => wordFor(tx, own)));
    if (!word) throw new Error('he gave none');
    return word;
  }

  /** As if it had been for the one that was made up. */
  const leafOfWord = (vouching: VouchingId, { word, voucherPasskey }: VouchedRow, statement: string) => {
    const [person, voucher] = [stage.at.votes.person('dora'), ben()];
    const about = { vouching, passkey: madeUp, person, voucher, voucherPasskey, statement };
    const data = { ...about, method: 'passkey', proof: canonicalDigest(word) } as const;
    return { kind: 'passkey.vouched', key: vouching, data } as const;
  };

  it('sent like any other', async () => {
    expect(await stage.send(await opened('dora'), 'dora')).toEqual(refused('rulebook.not_vouched'));
    await onTheLog('rulebook.not_vouched');
    expect(await stage.activate(proposal)).toEqual(refused('rulebook.unsigned'));
  });

  it('counted by the login of governance', async () => {
    await countByHand();
    await expectNotActivated();
  });

  it('under a word that came only afterwards', async () => {
    await countByHand();
    await stage.at.vouch('ben', madeUp);
    await expectNotActivated();
  });

  it('under a word in no table, with a leaf of its own', async () => {
    const leaf = leafOfWord(vouchingSchema.parse(randomUUID()), await bensWord(), 'A'.repeat(43));
    await byGovernance((tx) => appendLeaf(tx, leaf));
    await countByHand();
    await expectNotActivated();
  });

  it('under a word in the tables that was given for another passkey, with a leaf of its own', async () => {
    const vouching = vouchingSchema.parse(randomUUID());
    const given = await bensWord();
    const { voucherPasskey, word } = given;
    const [row, name] = await byApi(async (tx) => {
      await insertVouching(tx, vouching, madeUp, ben());
      return [await findVouching(tx, vouching), await insertWord(tx, vouching, ben(), word)] as const;
    });
    if (!row || !name) throw new Error('it was not noted');
    await byGovernance(async (tx) => {
      expect(await recordWord(tx, { vouching, name, voucherPasskey, counter: 0 })).toBeUndefined();
      await appendLeaf(tx, leafOfWord(vouching, given, vouchingHash(statementOf(row), sha256)));
    });
    await countByHand();
    await expectNotActivated();
  });
});

describe('whoever owns the database cannot change the rules unseen', () => {
  beforeEach(async () => {
    for (const by of ['elif', 'dora'] as const) await stage.sign(proposal, by);
  });

  it('by another content under the signed digest', async () => {
    await query('ALTER TABLE countersign.rulebook DROP CONSTRAINT rulebook_check');
    const { rows } = await query('SELECT digest FROM countersign.rulebook_proposal WHERE proposal = $1', proposal);
    const digest: string = rows[0].digest;
    const lax = JSON.stringify(stage.content(9_000));
    await force('rulebook', 'UPDATE countersign.rulebook SET content = $2 WHERE digest = $1', digest, lax);
    expect(await stage.activate(proposal)).toEqual(refused('rulebook.altered'));
    await onTheLog('rulebook.altered');
  });

  /** Their passkeys. */
  const signers = `SELECT k.passkey FROM countersign.passkey k
    JOIN countersign.rulebook_signature s ON s.person = k.person AND s.proposal = $1`;

  it.each<[what: string, table: string, sql: string, code: string]>([
    [
      'by pointing the proposal at another rulebook',
      'rulebook_proposal',
      `UPDATE countersign.rulebook_proposal SET digest = (SELECT digest FROM countersign.active_rulebook WHERE ordinal = 1
         UNION SELECT min(digest) FROM countersign.rulebook WHERE digest <> base ORDER BY 1 LIMIT 1) WHERE proposal = $1`,
      'rulebook.altered',
    ],
    [
      'by a signature in somebody else’s name',
      'rulebook_signature',
      `UPDATE countersign.rulebook_signature SET person = (SELECT person FROM countersign.person WHERE subject = 'chen')
        WHERE proposal = $1 AND person = (SELECT person FROM countersign.person WHERE subject = 'dora')`,
      'rulebook.altered',
    ],
    [
      'by more roles than were signed',
      'rulebook_signature',
      `UPDATE countersign.rulebook_signature SET roles = '{privacy_officer}' WHERE proposal = $1`,
      'rulebook.altered',
    ],
    [
      'by another assertion',
      'rulebook_proof',
      `UPDATE countersign.rulebook_proof SET proof = jsonb_set(proof, '{signature}', '"AAAA"') WHERE challenge IN
         (SELECT challenge FROM countersign.rulebook_signature WHERE proposal = $1)`,
      'rulebook.altered',
    ],
    [
      'by taking the word away that stands behind a passkey',
      'vouched',
      `DELETE FROM countersign.vouched WHERE passkey IN (${signers})`,
      'rulebook.not_vouched',
    ],
    [
      'by another signature under that word',
      'vouching_word',
      `UPDATE countersign.vouching_word SET word = jsonb_set(word, '{signature}', '"AAAA"') WHERE vouching IN
         (SELECT vouching FROM countersign.vouched WHERE passkey IN (${signers}))`,
      'rulebook.not_vouched',
    ],
  ])('%s', async (_what, table, sql, code) => {
    await force(table, sql, proposal);
    expect(await stage.activate(proposal)).toEqual(refused(code));
  });

  it('by a key in place of the enrolled one', async () => {
    const theirs = stage.at.votes.person('dora');
    await force('passkey', `UPDATE countersign.passkey SET public_key = 'x' WHERE person = $1`, theirs);
    expect(await stage.activate(proposal)).toEqual(refused('rulebook.unknown_passkey'));
  });
});

describe('when signed rules govern, and what judges beside them, is not said', () => {
  const refusal = (by: Name) =>
    inTenant(stage.at.votes.db.pool('api'), clinic, (tx) =>
      changerRefusal(tx, rulebookReader(), stage.at.votes.person(by)),
    );

  it('by somebody who could not sign them', async () => {
    expect(await refusal('elif')).toBeUndefined();
    expect(await refusal('dora')).toBeUndefined();
    expect(await refusal('amara')).toBe('rulebook.wrong_role');
  });

  it('by somebody who got the role today', async () => {
    await stage.grantedFor('23 hours', 'dora');
    expect(await refusal('dora')).toBe('rulebook.fresh_grant');
  });

  it('by somebody who is suspended', async () => {
    const suspend = `INSERT INTO countersign.suspension (tenant, kind, subject, reason)
                     VALUES ('clinic', 'person', $1::uuid::text, 'left')`;
    await query(suspend, stage.at.votes.person('dora'));
    try {
      expect(await refusal('dora')).toBe('rulebook.inactive');
    } finally {
      await query('UPDATE countersign.suspension SET lifted_at = clock_timestamp()');
    }
  });
});

describe('no login changes the rules by itself', () => {
  const writes: readonly string[] = [
    'INSERT INTO countersign.rulebook_proposal SELECT * FROM countersign.rulebook_proposal',
    'INSERT INTO countersign.rulebook_challenge SELECT * FROM countersign.rulebook_challenge',
    `UPDATE countersign.rulebook_proof SET refused = NULL, received_at = '2020-01-01'`,
    'INSERT INTO countersign.rulebook_signature SELECT * FROM countersign.rulebook_signature',
    `UPDATE countersign.rulebook_signature SET verdict = 'approve'`,
    'INSERT INTO countersign.active_rulebook SELECT * FROM countersign.active_rulebook',
  ];
  it.each(logins)('%s writes none of its tables', async (login) => {
    for (const sql of writes) {
      const tried = inTenant(stage.at.votes.db.pool(login), clinic, (tx) => tx.query(sql));
      await expect(tried).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('the governance worker activates nothing that two have not signed, and signs nothing that the API did not note', async () => {
    const governance = (sql: string) =>
      inTenant(stage.at.votes.db.pool('governance'), clinic, async (tx) => (await tx.query(sql)).rows[0]);
    expect(await governance(`SELECT refusal FROM countersign.rulebook_activate('${proposal}')`)).toEqual({
      refusal: 'rulebook.unsigned',
    });
    const { statement } = await opened('dora');
    const sign = `SELECT countersign.rulebook_sign('${statement.challenge}', sha256('x'), '{senior_clinician}', repeat('A', 43)) AS no`;
    expect(await governance(sign)).toEqual({ no: 'rulebook.unknown' });
    await expect(
      governance(`SELECT countersign.rulebook_propose('x', 'y', 'z', gen_random_uuid(), NULL)`),
    ).rejects.toMatchObject({ code: '42501' });
    await expect(
      governance(`SELECT countersign.rulebook_receive('${statement.challenge}', gen_random_uuid(), '{}')`),
    ).rejects.toMatchObject({ code: '42501' });
  });

  it('the API opens and notes, and neither signs nor activates', async () => {
    const api = (sql: string) => inTenant(stage.at.votes.db.pool('api'), clinic, (tx) => tx.query(sql));
    for (const sql of [
      `SELECT countersign.rulebook_activate('${proposal}')`,
      `SELECT countersign.rulebook_sign(gen_random_uuid(), 'x', '{x}', 'x')`,
      `SELECT countersign.rulebook_refuse(gen_random_uuid(), 'x', 'x')`,
      `SELECT countersign.audit_append('rulebook.activated', NULL, 'x', '{}')`,
      `SELECT countersign.audit_append('rulebook.signed', NULL, 'x', '{}')`,
    ])
      await expect(api(sql)).rejects.toMatchObject({ code: '42501' });
  });
});

describe('outside development', () => {
  const origin = (name: string) => query(`UPDATE countersign.tenant SET log_origin = $1 WHERE tenant = 'clinic'`, name);
  beforeEach(() => origin('log.clinic.example/clinic').then(() => undefined));
  afterEach(() => origin('dev.countersign/clinic').then(() => undefined));

  it('one person does not replace the rules with the migrating login', async () => {
    const other = testRulebook({}, { ...noTrust, rpIds: ['clinic.example'] });
    const install = (production: boolean) => installRulebook(stage.at.votes.db.admin, clinic, other, { production });
    for (const production of [true, false]) expect(await install(production)).toBe('needs_signatures');
    await expect(
      query(`INSERT INTO countersign.active_rulebook (tenant, ordinal, digest) SELECT 'clinic', 99, '${base}'`),
    ).rejects.toMatchObject({ code: '42501' });
    await expect(
      query(`INSERT INTO countersign.active_rulebook (tenant, ordinal, digest, proposal)
             SELECT 'clinic', 99, digest, proposal FROM countersign.rulebook_proposal WHERE proposal = '${proposal}'`),
    ).rejects.toMatchObject({ code: '42501' });
  });

  it('a rulebook of a sandbox is not even proposed, nor activated if it was proposed before', async () => {
    expect(unfitForProduction(stage.at.votes.rulebook)).not.toEqual([]);
    expect(await stage.propose('elif', stage.content((hours += 1)))).toMatchObject(refused('rulebook.unfit'));
    for (const by of ['elif', 'dora'] as const) await stage.sign(proposal, by);
    expect(await stage.activate(proposal)).toEqual(refused('rulebook.unfit'));
    await onTheLog('rulebook.unfit');
  });

  it('a rulebook that lets roles count at once is unfit', () => {
    const roles = (rulebookFiles()['roles.yaml'] ?? '').replace('granted_for: 24h', 'granted_for: 23h');
    expect(unfitForProduction(loadRulebook(rulebookFiles({ 'roles.yaml': roles }), noTrust))).toEqual([
      { file: 'roles.yaml', message: 'a role counts for changes of the rules after a day at the earliest' },
    ]);
  });
});
