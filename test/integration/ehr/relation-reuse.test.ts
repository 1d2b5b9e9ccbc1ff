/** What the EHR said is taken again for minutes, and never for anybody or anything else. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { person, tenant, type PersonId } from '../../../src/action/ids.js';
import { inTenant } from '../../../src/database/transaction.js';
import { findRelation, insertRelation, reuseRelation, standingRelation } from '../../../src/ehr/relation.store.js';
import type { FoundRelation } from '../../../src/ehr/relation.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { clinic, stage, type OpenedAction, type Stage } from '../warrant/stage.js';

let db: TestDatabase;
let on: Stage;
/** Somebody new for each test, of whom nothing was asked yet. */
let principal: PersonId;
beforeAll(async () => {
  db = await testDatabase();
  on = await stage(db);
});
afterAll(async () => {
  on?.end();
  await db?.end();
});
beforeEach(async () => {
  principal = await newPerson();
});

async function newPerson(): Promise<PersonId> {
  const id = person(randomUUID());
  await db.admin.query(
    `INSERT INTO countersign.person (tenant, person, issuer, subject, display_name, practitioner)
     VALUES ('clinic', $1, 'https://idp.example', $2, 'Dr Somebody', 'Practitioner/somebody')`,
    [id, `sub-${id}`],
  );
  return id;
}

async function opened(more: { patient?: string; episode?: string; by?: PersonId } = {}): Promise<OpenedAction> {
  const { patient = 'Patient/p1', episode = 'Encounter/e1', by = principal } = more;
  const of = await on.open({ input: { patient, episode } });
  await db.admin.query('UPDATE countersign.action SET principal = $2 WHERE action = $1', [of.action, by]);
  return of;
}

/** The EHR was asked for this action, and said this. */
async function said(
  found: FoundRelation,
  { ago = '0 s', of }: { ago?: string; of?: OpenedAction } = {},
): Promise<OpenedAction> {
  const action = of ?? (await opened());
  const clock = await db.admin.query<{ at: Date }>('SELECT clock_timestamp() - $1::interval AS at', [ago]);
  await db.admin.query('UPDATE countersign.action SET created_at = created_at - $2::interval WHERE action = $1', [
    action.action,
    ago,
  ]);
  await inTenant(db.pool('ehr'), clinic, (tx) =>
    insertRelation(tx, action.action, found, clock.rows[0]?.at ?? new Date(0)),
  );
  return action;
}
const related = { status: 'related', basis: 'encounter_participant' } as const;
const byTeam = { status: 'related', basis: 'care_team' } as const;
const notRelated = { status: 'not_related' } as const;
const byDuty = { status: 'related', basis: 'on_call', departments: ['cardiology'] } as const;

const reuse = ({ action }: OpenedAction, seconds = 300) =>
  inTenant(db.pool('governance'), clinic, (tx) => reuseRelation(tx, action, seconds));
const relationOf = ({ action }: OpenedAction) =>
  inTenant(db.pool('governance'), clinic, (tx) => findRelation(tx, action));
const onCall = (by: PersonId, department: string, { from = '-1 h', to = '1 h' } = {}) =>
  db.admin.query(
    `INSERT INTO countersign.on_call (tenant, person, department, starts_at, ends_at)
     VALUES ('clinic', $1, $2, clock_timestamp() + $3::interval, clock_timestamp() + $4::interval)`,
    [by, department, from, to],
  );

describe('what the EHR said', () => {
  it.each([related, byTeam, notRelated])('is taken for another action of the same people: %j', async (found) => {
    const source = await said(found);
    const of = await opened();
    expect(await reuse(of)).toBe(true);
    expect(await relationOf(of)).toEqual(found);
    const row = await db.admin.query('SELECT cached_from, asked_at FROM countersign.relation WHERE action = $1', [
      of.action,
    ]);
    expect(row.rows).toEqual([{ cached_from: source.action, asked_at: null }]);
  });

  it('is taken only as long as it may be', async () => {
    await said(related, { ago: '4 min' });
    expect(await reuse(await opened(), 180)).toBe(false);
    expect(await reuse(await opened(), 300)).toBe(true);
  });

  it('does not live on by being taken: its age is that of the question', async () => {
    await said(related, { ago: '4 min' });
    expect(await reuse(await opened())).toBe(true);
    expect(await reuse(await opened(), 180)).toBe(false);
  });

  it.each([0, -1, 3_601])('is not taken within %d seconds, which no rulebook can say', async (seconds) => {
    await said(related);
    expect(await reuse(await opened(), seconds)).toBe(false);
  });

  it('is what it said last', async () => {
    await said(related, { ago: '2 min' });
    await said(notRelated);
    const of = await opened();
    await reuse(of);
    expect(await relationOf(of)).toEqual(notRelated);
  });

  it('is asked for again where it was unknown, whatever it was before', async () => {
    await said(related, { ago: '2 min' });
    await said({ status: 'unknown' });
    const of = await opened();
    expect(await reuse(of)).toBe(false);
    expect(await relationOf(of)).toBeUndefined();
  });

  it('changes nothing for an action that has its answer', async () => {
    await said(related);
    const own = await said(notRelated, { of: await opened(), ago: '1 min' });
    await reuse(own);
    expect(await relationOf(own)).toEqual(notRelated);
  });
});

describe('what the EHR said of one', () => {
  it.each<[what: string, other: () => Promise<OpenedAction>]>([
    ['patient is not taken for another', () => opened({ patient: 'Patient/p2' })],
    ['episode is not taken for another', () => opened({ episode: 'Encounter/e2' })],
    ['principal is not taken for another', async () => opened({ by: await newPerson() })],
  ])('%s', async (_what, other) => {
    await said(related);
    const of = await other();
    expect(await reuse(of)).toBe(false);
    expect(await relationOf(of)).toBeUndefined();
    expect(await reuse(await opened())).toBe(true); // the planted answer is there
  });

  it('action that names no episode is taken for none', async () => {
    const nowhere = async (): Promise<OpenedAction> => {
      const of = await opened();
      await db.admin.query('UPDATE countersign.action SET episode = NULL WHERE action = $1', [of.action]);
      return of;
    };
    await said(related, { of: await nowhere() });
    expect(await reuse(await nowhere())).toBe(false);
  });

  it('tenant is not taken by another, and cannot be asked for', async () => {
    await said(related);
    const of = await opened();
    const other = tenant('other');
    await db.admin.query(`INSERT INTO countersign.tenant (tenant, name, zone, log_origin)
                          VALUES ('other', 'Other', 'UTC', 'dev.countersign/other')`);
    expect(await inTenant(db.pool('governance'), other, (tx) => reuseRelation(tx, of.action, 300))).toBe(false);
    // The same action under the other tenant's name: pseudonyms and all.
    await db.admin.query(
      `INSERT INTO countersign.person (tenant, person, issuer, subject, display_name)
       VALUES ('other', $1, 'https://idp.example', 'x', 'x');
       `.replace('$1', `'${principal}'`),
    );
    await db.admin.query(
      `INSERT INTO countersign.action
       SELECT (jsonb_populate_record(a, '{"tenant": "other"}')).* FROM countersign.action a WHERE a.action = $1`,
      [of.action],
    );
    expect(await inTenant(db.pool('governance'), other, (tx) => reuseRelation(tx, of.action, 300))).toBe(false);
    expect(await relationOf(of)).toBeUndefined();
  });
});

describe('what the EHR said of a person', () => {
  const suspend = () =>
    db.admin.query(
      `INSERT INTO countersign.suspension (tenant, kind, subject, reason) VALUES ('clinic', 'person', $1, 'incident')`,
      [principal],
    );
  const lift = () => db.admin.query('UPDATE countersign.suspension SET lifted_at = clock_timestamp()');
  const active = (is: boolean) =>
    db.admin.query('UPDATE countersign.person SET active = $2 WHERE person = $1', [principal, is]);

  it.each<[what: string, happens: () => Promise<unknown>]>([
    ['who was suspended', suspend],
    ['whose suspension was lifted since', async () => (await suspend(), lift())],
    ['who was deactivated', () => active(false)],
    ['who was deactivated and is back', async () => (await active(false), active(true))],
    [
      'who is another practitioner now',
      () =>
        db.admin.query(`UPDATE countersign.person SET practitioner = 'Practitioner/x' WHERE person = $1`, [principal]),
    ],
  ])('%s is not taken again', async (_what, happens) => {
    await said(related);
    await happens();
    expect(await reuse(await opened())).toBe(false);
    await lift();
  });

  it('is taken again when something else about them changed', async () => {
    await said(related);
    await db.admin.query(
      `UPDATE countersign.person SET display_name = 'Dr New', practitioner = practitioner, active = true WHERE person = $1`,
      [principal],
    );
    expect(await reuse(await opened())).toBe(true);
  });
});

describe('a relation by duty', () => {
  const standing = ({ action }: OpenedAction) =>
    inTenant(db.pool('governance'), clinic, (tx) => standingRelation(tx, { action, principal }));

  it('is asked for each time', async () => {
    await onCall(principal, 'cardiology');
    await said(byDuty);
    expect(await reuse(await opened())).toBe(false);
  });

  it('is asked for where somebody is on call by now who was not', async () => {
    await said(notRelated);
    await onCall(principal, 'cardiology', { from: '1 h', to: '2 h' });
    expect(await reuse(await opened())).toBe(true);
    await onCall(principal, 'cardiology');
    expect(await reuse(await opened())).toBe(false);
  });

  it('stands while the duty does, and for no other department', async () => {
    const of = await said(byDuty);
    expect(await standing(of)).toEqual({ status: 'not_related' });
    await onCall(principal, 'emergency');
    expect(await standing(of)).toEqual({ status: 'not_related' });
    await onCall(principal, 'cardiology');
    expect(await standing(of)).toEqual({ status: 'related', basis: 'on_call' });
    await db.admin.query(
      `UPDATE countersign.on_call SET ends_at = clock_timestamp() - interval '1 s' WHERE person = $1`,
      [principal],
    );
    expect(await standing(of)).toEqual({ status: 'not_related' });
  });

  it('ends when the person is suspended', async () => {
    await onCall(principal, 'cardiology');
    const of = await said(byDuty);
    await db.admin.query(
      `INSERT INTO countersign.suspension (tenant, kind, subject, reason) VALUES ('clinic', 'person', $1, 'incident')`,
      [principal],
    );
    expect(await standing(of)).toEqual({ status: 'not_related' });
  });
});

describe('the ehr worker', () => {
  it.each([
    ['say that an answer was taken from elsewhere', 'cached_from', `'x'`],
    ['say when it was stored', 'at', `clock_timestamp() + interval '1 day'`],
  ])('cannot %s', async (_what, column, value) => {
    const { action } = await opened();
    const sql = `INSERT INTO countersign.relation (tenant, action, status, ${column}) VALUES ('clinic', $1, 'not_related', ${value})`;
    await expect(inTenant(db.pool('ehr'), clinic, (tx) => tx.query(sql, [action]))).rejects.toMatchObject({
      code: '42501',
    });
  });

  it('cannot have asked in the future, so that its answer would live longer', async () => {
    await expect(said(related, { ago: '-1 h' })).rejects.toMatchObject({ code: '23514' });
  });
});
