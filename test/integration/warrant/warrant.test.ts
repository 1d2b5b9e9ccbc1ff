import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import type { PoolClient } from 'pg';
import { agent, tenant } from '../../../src/action/ids.js';
import type { MintedWarrant } from '../../../src/action/types.js';
import type { Login } from '../../../src/database/logins.js';
import { inTenant } from '../../../src/database/transaction.js';
import { performStep, relateStep } from '../../../src/ehr/steps.js';
import { tokenHash } from '../../../src/warrant/token-hash.js';
import { checkUse, closeUse, openUse, type UseEnd, type UseKey } from '../../../src/warrant/use.store.js';
import { closeWarrants, findWarrant, revokeWarrants, usedWarrant } from '../../../src/warrant/warrant.store.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { clinic, stage, triage, type Stage } from './stage.js';

let db: TestDatabase;
let on: Stage;
beforeAll(async () => {
  db = await testDatabase();
  on = await stage(db);
});
afterAll(async () => {
  on.end();
  await db.end();
});

const as = <T>(login: Login, work: (tx: PoolClient) => Promise<T>): Promise<T> =>
  inTenant(db.pool(login), clinic, work);
const keyOf = ({ jti, token }: MintedWarrant): UseKey => ({ jti, step: performStep, tokenSha256: tokenHash(token) });
const open = (warrant: MintedWarrant, more: Partial<UseKey> = {}) =>
  as('ehr', (tx) => openUse(tx, { ...keyOf(warrant), ...more }));
const check = (warrant: MintedWarrant, attempt: number) => as('ehr', (tx) => checkUse(tx, keyOf(warrant), attempt));
const done: UseEnd = { status: 'done', records: 3, bytes: 900, findings: 0, truncated: false };
const close = (warrant: MintedWarrant, attempt: number, end: UseEnd = done) =>
  as('ehr', (tx) => closeUse(tx, keyOf(warrant), attempt, end));
const fresh = async (more: Parameters<Stage['mint']>[1] = {}) => {
  const opened = await on.open();
  return { ...opened, warrant: await on.mint(opened, more) };
};
/** Lays the warrant's life so that it ended `ago` (SQL interval), past its own guard: only a superuser can. */
const ended = (warrant: MintedWarrant, ago: string) =>
  db.admin.query(
    `BEGIN; ALTER TABLE countersign.warrant DISABLE TRIGGER narrower;
     UPDATE countersign.warrant SET issued_at = to_, not_before = to_, expires_at = to_ + interval '30 minutes'
       FROM (SELECT date_trunc('second', clock_timestamp()) - interval '30 minutes' - interval '${ago}' AS to_) t
      WHERE jti = '${warrant.jti}';
     ALTER TABLE countersign.warrant ENABLE TRIGGER narrower; COMMIT`,
  );

describe('minting', () => {
  it('gives the same warrant and the same bytes when its step runs again', async () => {
    const { warrant, ...opened } = await fresh();
    expect(await on.mint(opened)).toEqual(warrant);
    const rows = await db.admin.query('SELECT jti FROM countersign.warrant WHERE action = $1', [opened.action]);
    expect(rows.rowCount).toBe(1);
  });

  it('lives in whole seconds and never longer than it was given', async () => {
    const { warrant } = await fresh({ seconds: 600.9 });
    const row = await as('ehr', (tx) => findWarrant(tx, warrant.jti));
    expect(warrant.seconds).toBe(600);
    expect((row?.expiresAt.getTime() ?? 0) - (row?.issuedAt.getTime() ?? 0)).toBe(600_000);
    expect(row?.issuedAt.getMilliseconds()).toBe(0);
  });

  it('reaches back so many days from when it was minted, and says so in the same bytes again', async () => {
    const lookBackDays = { symptoms: 30, current_medications: 365, problems: 1 };
    const { warrant, ...opened } = await fresh({ lookBackDays });
    const row = await as('ehr', (tx) => findWarrant(tx, warrant.jti));
    const before = (days: number) =>
      new Date((row?.issuedAt.getTime() ?? 0) - days * 86_400_000).toISOString().slice(0, 10);
    const since = { current_medications: before(365), problems: before(1), symptoms: before(30) };
    expect(row?.since).toEqual(since);
    expect(decodeJwt(warrant.token)).toMatchObject({ authorization_details: [{ limits: { since } }] });
    expect(await on.mint(opened, { lookBackDays })).toEqual(warrant);
    await expect(
      db.admin.query(`UPDATE countersign.warrant SET since = '{}' WHERE jti = $1`, [warrant.jti]),
    ).rejects.toThrow('a warrant only ever gets narrower');
  });

  it('says nothing of days where nothing is bounded by them', async () => {
    const { warrant } = await fresh();
    const [detail] = decodeJwt<{ authorization_details: [{ limits: object }] }>(warrant.token).authorization_details;
    expect(detail.limits).not.toHaveProperty('since');
  });

  it.each<[what: string, more: Parameters<Stage['mint']>[1], because: RegExp]>([
    ['for more than an hour', { seconds: 3_601 }, /minted for now/],
    ['for no time', { seconds: 0 }, /warrant_life/],
    ['for no uses', { limits: { uses: 0, records: 1, bytes: 1 } }, /max_uses/],
    ['for a negative number of records', { limits: { uses: 1, records: -1, bytes: 1 } }, /max_records/],
    ['for unbounded bytes', { limits: { uses: 1, records: 1, bytes: 2 ** 40 } }, /max_bytes/],
    ['for no elements', { elements: [] }, /datatypes|elements|scopes/],
    ['without approvals above T0', { approvals: [] }, /warrant_approved/],
    ['of a system warrant that writes', { kind: 'system', readOnly: false }, /warrant_system_reads/],
    ['for an episode of nobody', { patient: null }, /warrant_episode_of_patient/],
    ['for an EHR that is no base URL', { location: 'https://ehr.example/fhir?x=1' }, /location/],
    ['for a revision that does not exist', { revision: 2 }, /foreign key/],
  ])('is impossible %s', async (_what, more, because) => {
    const opened = await on.open();
    await expect(on.mint(opened, more)).rejects.toThrow(because);
  });

  it('leaves a warrant that only ever gets narrower, whoever holds the pen', async () => {
    const { warrant } = await fresh();
    const change = (set: string) =>
      db.admin.query(`UPDATE countersign.warrant SET ${set} WHERE jti = $1`, [warrant.jti]);
    await expect(change(`expires_at = expires_at + interval '1 second'`)).rejects.toThrow(/narrower/);
    await expect(change(`elements = '{everything}'`)).rejects.toThrow(/narrower/);
    await expect(change(`max_uses = 2`)).rejects.toThrow(/narrower/);
    await as('governance', (tx) => revokeWarrants(tx, { jti: warrant.jti }, 'incident'));
    await expect(change('revoked_at = NULL, revoked_for = NULL')).rejects.toThrow(/narrower/);
    await expect(db.admin.query('DELETE FROM countersign.warrant')).rejects.toThrow(/append-only/);
  });
});

describe('a use', () => {
  it('is counted once however often its step resumes, and its attempts are numbered', async () => {
    const { warrant } = await fresh();
    expect(await open(warrant)).toMatchObject({ status: 'open', attempt: 1, recordsLeft: 200, bytesLeft: 4_000_000 });
    expect(await open(warrant)).toMatchObject({ status: 'open', attempt: 2 });
    const row = await db.admin.query('SELECT used FROM countersign.warrant WHERE jti = $1', [warrant.jti]);
    expect(row.rows).toEqual([{ used: 1 }]);
  });

  it('that ended says how, whatever became of the warrant meanwhile', async () => {
    const { warrant } = await fresh();
    await open(warrant);
    expect(await close(warrant, 1)).toBeUndefined();
    await as('governance', (tx) => revokeWarrants(tx, { jti: warrant.jti }, 'incident'));
    const { bytes: _bytes, ...told } = done;
    expect(await open(warrant)).toEqual({ ...told, attempt: 1 });
  });

  it('is opened by exactly as many as the warrant allows when sixteen try at once', async () => {
    const { warrant } = await fresh({ limits: { uses: 1, records: 10, bytes: 1_000 } });
    const attempts = await Promise.all(Array.from({ length: 16 }, () => open(warrant)));
    expect(attempts.map((each) => (each.status === 'open' ? each.attempt : 0)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 16 }, (_, index) => index + 1), // one use, sixteen attempts of it
    );
    const held = await Promise.all(Array.from({ length: 16 }, (_, index) => check(warrant, index + 1)));
    expect(held.filter((refused) => refused === undefined)).toHaveLength(1); // and only the last may go on
    const row = await db.admin.query('SELECT used FROM countersign.warrant WHERE jti = $1', [warrant.jti]);
    expect(row.rows).toEqual([{ used: 1 }]);
  });

  it('is refused to another step, another token, and an action that is not authorised', async () => {
    const { warrant, ...opened } = await fresh();
    expect(await open(warrant, { step: relateStep })).toMatchObject({ code: 'warrant.other_action' });
    expect(await open(warrant, { tokenSha256: tokenHash(`${warrant.token} `) })).toMatchObject({
      code: 'warrant.altered',
    });
    await as('governance', (tx) =>
      tx.query(`UPDATE countersign.action SET status = 'awaiting_approval' WHERE action = $1`, [opened.action]),
    );
    expect(await open(warrant)).toMatchObject({ code: 'warrant.closed' });
  });

  it('is refused when the uses are spent, by a row that says so', async () => {
    const { warrant } = await fresh();
    await db.admin.query('UPDATE countersign.warrant SET used = max_uses WHERE jti = $1', [warrant.jti]);
    expect(await open(warrant)).toEqual({ status: 'refused', code: 'warrant.spent' });
  });

  it.each<[when: string, ago: string, code: string | undefined]>([
    ['a second after it expired', '1 second', 'warrant.expired'],
    ['in the very second of its expiry', '0 seconds', 'warrant.expired'],
    ['five seconds before', '-5 seconds', undefined],
  ])('is judged by the database’s clock: %s', async (_when, ago, code) => {
    const { warrant } = await fresh();
    await ended(warrant, ago);
    const opened = await open(warrant);
    expect(opened.status === 'refused' ? opened.code : undefined).toBe(code);
  });

  it('is refused when the warrant expired while the transaction waited for its lock', async () => {
    const { warrant } = await fresh({ seconds: 2 });
    const holder = await db.admin.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM countersign.warrant WHERE jti = $1 FOR UPDATE', [warrant.jti]);
    const waiting = open(warrant);
    await holder.query('SELECT pg_sleep(2.1)'); // the warrant's life, spent by the other transaction
    await holder.query('COMMIT');
    holder.release();
    expect(await waiting).toEqual({ status: 'refused', code: 'warrant.expired' });
  });

  it('cannot be ended by an attempt that a later one overtook', async () => {
    const { warrant } = await fresh();
    await open(warrant);
    await open(warrant);
    expect(await check(warrant, 1)).toBe('warrant.superseded');
    expect(await close(warrant, 1)).toBe('warrant.superseded');
    expect(await check(warrant, 2)).toBeUndefined();
    expect(await close(warrant, 2)).toBeUndefined();
    expect(await close(warrant, 2)).toBe('warrant.superseded');
  });

  it('cannot end with more than the warrant allows', async () => {
    const { warrant } = await fresh();
    await open(warrant);
    await expect(close(warrant, 1, { ...done, records: 201 })).rejects.toThrow(/records_used/);
    await expect(close(warrant, 1, { ...done, records: -1 })).rejects.toThrow(/records/);
    await expect(close(warrant, 1, { ...done, bytes: 4_000_001 })).rejects.toThrow(/bytes_used/);
  });

  it('tells conclude what happened', async () => {
    const { warrant, action } = await fresh();
    const seen = () => as('governance', (tx) => usedWarrant(tx, action, 1));
    expect(await seen()).toMatchObject({ jti: warrant.jti, use: 'none' });
    await open(warrant);
    expect(await seen()).toMatchObject({ use: 'open' });
    await close(warrant, 1, { ...done, status: 'withheld', findings: 2 });
    expect(await seen()).toMatchObject({ use: 'withheld', findings: 2, records: 3 });
    expect(await as('governance', (tx) => usedWarrant(tx, action, 2))).toBeUndefined();
  });
});

describe('revocation', () => {
  it.each<[by: string, filter: (of: Awaited<ReturnType<typeof fresh>>) => Parameters<typeof revokeWarrants>[1]]>([
    ['its id', ({ warrant }) => ({ jti: warrant.jti })],
    ['its action', ({ action }) => ({ action })],
    ['its agent', () => ({ agent: triage })],
    ['its patient', ({ spec }) => (spec.patient ? { patient: spec.patient } : {})],
    ['its episode', ({ spec }) => (spec.episode ? { episode: spec.episode } : {})],
  ])('by %s stops it at the next check, and nothing comes out of it any more', async (_by, filter) => {
    const opened = await fresh();
    await open(opened.warrant);
    expect(await check(opened.warrant, 1)).toBeUndefined();
    const revoked = await as('api', (tx) => revokeWarrants(tx, filter(opened), 'cancelled'));
    expect(revoked).toContainEqual({ jti: opened.warrant.jti, action: opened.action });
    expect(await check(opened.warrant, 1)).toBe('warrant.revoked');
    expect(await open(opened.warrant)).toEqual({ status: 'refused', code: 'warrant.revoked' });
    expect(await close(opened.warrant, 1)).toBe('warrant.revoked');
  });

  it('touches only what matches everything that is given', async () => {
    const { warrant, action } = await fresh();
    const revoked = await as('governance', (tx) =>
      revokeWarrants(tx, { action, agent: agent('another-agent') }, 'incident'),
    );
    expect(revoked).toEqual([]);
    expect(await open(warrant)).toMatchObject({ status: 'open' });
  });

  it('of nothing in particular is an error', async () => {
    await expect(as('governance', (tx) => revokeWarrants(tx, {}, 'incident'))).rejects.toThrow(/which warrants/);
  });

  it('is not needed for the warrants of an action that is over', async () => {
    const { warrant, action } = await fresh();
    await open(warrant);
    await as('governance', (tx) => closeWarrants(tx, action));
    expect(await check(warrant, 1)).toBe('warrant.closed');
    expect(await close(warrant, 1)).toBe('warrant.closed');
  });
});

describe('privileges', () => {
  const calls = {
    warrant_mint: `SELECT countersign.warrant_mint('{}')`,
    warrant_close: `SELECT countersign.warrant_close('x')`,
    warrant_revoke: `SELECT countersign.warrant_revoke('x', NULL, NULL, 'x', NULL, NULL)`,
    warrant_use_open: `SELECT countersign.warrant_use_open(gen_random_uuid(), 'x', 'x')`,
    warrant_check: `SELECT countersign.warrant_check(gen_random_uuid(), 'x', 'x', 1)`,
    warrant_use_close: `SELECT countersign.warrant_use_close(gen_random_uuid(), 'x', 1, 'done', 0, 0, 0, false)`,
  };
  const granted: Record<Login, (keyof typeof calls)[]> = {
    api: ['warrant_revoke'],
    governance: ['warrant_close', 'warrant_mint', 'warrant_revoke'],
    ehr: ['warrant_check', 'warrant_use_close', 'warrant_use_open'],
    llm: ['warrant_check', 'warrant_use_close', 'warrant_use_open'],
    notify: [],
    signer: [],
    codec: [],
  };

  it.each<[login: Login]>([['api'], ['governance'], ['ehr'], ['llm'], ['notify'], ['signer'], ['codec']])(
    '%s may call what its work needs and write no table',
    async (login) => {
      const denied = (error: unknown) => error instanceof Error && 'code' in error && error.code === '42501';
      const may = async (sql: string) =>
        as(login, (tx) => tx.query(sql)).then(
          () => true,
          (error) => !denied(error),
        );
      const allowed = await Promise.all(
        Object.entries(calls).map(async ([name, sql]) => ((await may(sql)) ? [name] : [])),
      );
      expect(allowed.flat().sort()).toEqual(granted[login]);
      expect(await may(`INSERT INTO countersign.warrant (tenant, jti) VALUES ('clinic', gen_random_uuid())`)).toBe(
        false,
      );
      expect(await may('UPDATE countersign.warrant SET used = 0')).toBe(false);
      expect(await may('DELETE FROM countersign.warrant_use')).toBe(false);
      expect(await may(`UPDATE countersign.warrant_use SET status = 'done'`)).toBe(false);
    },
  );

  it('ends at the tenant', async () => {
    const { warrant } = await fresh();
    await db.admin.query(
      `INSERT INTO countersign.tenant VALUES ('other', 'Other', 'UTC', 'dev.countersign/other') ON CONFLICT DO NOTHING`,
    );
    const seen = await inTenant(db.pool('ehr'), tenant('other'), async (tx) => ({
      row: await findWarrant(tx, warrant.jti),
      use: await openUse(tx, keyOf(warrant)),
    }));
    expect(seen).toEqual({ row: undefined, use: { status: 'refused', code: 'warrant.missing' } });
  });
});
