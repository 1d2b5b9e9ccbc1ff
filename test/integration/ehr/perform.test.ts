import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { PoolClient } from 'pg';
import { ehrActivities, type EhrActivities } from '../../../activities/ehr/activities.js';
import type { ActionId } from '../../../src/action/ids.js';
import { Refusal } from '../../../src/action/refusal.js';
import type { Admission, MintedWarrant } from '../../../src/action/types.js';
import { leafOf } from '../../../src/audit/leaf.js';
import type { Login } from '../../../src/database/logins.js';
import { inTenant } from '../../../src/database/transaction.js';
import { revokeWarrants, usedWarrant } from '../../../src/warrant/warrant.store.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { noTrust, testRulebook } from '../../support/rulebook.js';
import { chen, clinic, facility, medications, stage, type OpenedAction, type Stage } from '../warrant/stage.js';
import { drop, order, page, scriptedEhr, status, type Reply, type ScriptedEhr } from './scripted-ehr.js';

let db: TestDatabase;
let ehr: ScriptedEhr;
let on: Stage;

beforeAll(async () => {
  db = await testDatabase();
  on = await stage(db, () => ehr.base);
  await db.admin.query(
    `INSERT INTO countersign.person (tenant, person, issuer, subject, display_name, practitioner)
     VALUES ('clinic', $1, 'https://idp.example', 'chen', 'Dr Chen', 'Practitioner/chen')`,
    [chen],
  );
});
afterAll(async () => {
  on.end();
  await db.end();
});
beforeEach(async () => {
  ehr = await scriptedEhr();
});
afterEach(() => ehr.close());

const as = <T>(login: Login, work: (tx: PoolClient) => Promise<T>): Promise<T> =>
  inTenant(db.pool(login), clinic, work);
const activities = (): EhrActivities =>
  ehrActivities({
    pool: db.pool('ehr'),
    keychain: on.keychain,
    fhir: ehr.fhir,
    rulebook: async () => ({
      ...testRulebook({}, { ...noTrust, warrantIssuers: [...on.issuers] }),
      elements: new Map([medications, facility].map((reading) => [reading.name, reading])),
    }),
    monotonic: () => performance.now(),
  });
/** The SDK logs what an activity throws; worker/runtime.ts takes care of that where it matters. */
const quietly = () => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
const admissionOf = ({ action, spec }: OpenedAction): Admission => ({
  tenant: clinic,
  action,
  requestCommitment: spec.requestCommitment,
  namesPatient: spec.patient !== null,
});
const perform = (of: OpenedAction, warrant: MintedWarrant, environment = quietly()) =>
  environment.run(activities().perform, admissionOf(of), warrant);
const relate = (of: OpenedAction, warrant: MintedWarrant) =>
  quietly().run(activities().relate, admissionOf(of), warrant);
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'performed',
    (error: unknown) => {
      if (error instanceof Refusal) return error.code;
      throw error;
    },
  );
const ready = async (): Promise<{ of: OpenedAction; warrant: MintedWarrant }> => {
  const of = await on.open();
  return { of, warrant: await on.mint(of) };
};
const leaves = async (action: ActionId) => {
  const found = await db.admin.query<{ bytes: Buffer }>(
    'SELECT bytes FROM countersign.audit_leaf WHERE action = $1 ORDER BY index',
    [action],
  );
  return found.rows.map(({ bytes }) => leafOf(bytes)).map(({ kind, data }) => [kind, data] as const);
};
const kinds = async (action: ActionId) => (await leaves(action)).map(([kind]) => kind);
const result = (action: ActionId) =>
  as('ehr', (tx) => on.keychain.unseal(tx, clinic, action, 'result')).then(
    ({ bytes }): unknown => JSON.parse(new TextDecoder().decode(bytes)),
    (error: unknown) => (error instanceof Refusal ? error.code : undefined),
  );
const statusOf = async (action: ActionId) =>
  (await db.admin.query('SELECT status FROM countersign.action WHERE action = $1', [action])).rows[0]?.status;

describe('perform', () => {
  it('reads under its warrant, seals what was named, and tells counts only', async () => {
    const { of, warrant } = await ready();
    ehr.reply(page([order('m1'), order('m2')]));
    expect(await perform(of, warrant)).toEqual({ status: 'performed', records: 2, truncated: false });
    expect(await result(of.action)).toMatchObject({
      elements: { current_medications: [{ id: 'm1' }, { id: 'm2' }] },
      truncated: false,
    });
    expect(JSON.stringify(await result(of.action))).not.toContain('not asked for');
    expect(await leaves(of.action)).toEqual([['action.attempt', { warrant: warrant.jti, attempt: 1 }]]);
    expect(await statusOf(of.action)).toBe('performing');
    expect(ehr.requests[0]?.headers['x-request-id']).toBe(`${of.action}.perform.1`);
  });

  it('has its attempt on the log before the EHR hears of it', async () => {
    const { of, warrant } = await ready();
    let seen: string[] = [];
    ehr.reply((request, response) => {
      void kinds(of.action).then((found) => {
        seen = found;
        page([order('m1')])(request, response);
      });
    });
    await perform(of, warrant);
    expect(seen).toEqual(['action.attempt']);
  });

  it('reads what names no patient', async () => {
    const of = await on.open({ type: 'facility.read', input: {}, elements: ['facility'], purpose: 'HOPERAT' });
    ehr.reply(
      page([{ resourceType: 'Location', id: 'l1', status: 'active', name: 'Clinic', telecom: [{ value: '1' }] }]),
    );
    expect(await perform(of, await on.mint(of))).toEqual({ status: 'performed', records: 1, truncated: false });
    expect(await result(of.action)).toEqual({
      elements: { facility: [{ resourceType: 'Location', id: 'l1', status: 'active', name: 'Clinic' }] },
      truncated: false,
    });
  });

  it('keeps nothing of what the scan withholds', async () => {
    const { of, warrant } = await ready();
    const another = { medicationCodeableConcept: { text: 'as for Patient/p2, SSN 536-90-4399' } };
    ehr.reply(page([order('m1'), order('m2', another)]));
    const performed = await perform(of, warrant);
    expect(performed).toMatchObject({ status: 'withheld' });
    expect(await result(of.action)).toBe('sealed.missing');
    expect(await as('governance', (tx) => usedWarrant(tx, of.action, 1))).toMatchObject({ use: 'withheld' });
    expect(await perform(of, warrant)).toEqual(performed);
    expect(ehr.requests).toHaveLength(1);
  });

  it('repeated after it was done, answers the same and does not ask the EHR again', async () => {
    const { of, warrant } = await ready();
    ehr.reply(page([order('m1')]));
    const first = await perform(of, warrant);
    expect(await perform(of, warrant)).toEqual(first);
    expect(ehr.requests).toHaveLength(1);
    expect(await kinds(of.action)).toEqual(['action.attempt']);
  });

  it('repeated after the connection broke, resumes its one use with the next attempt', async () => {
    const { of, warrant } = await ready();
    ehr.reply(drop, page([order('m1')]));
    expect(await codeOf(perform(of, warrant))).toBe('ehr.unavailable');
    expect(await perform(of, warrant)).toMatchObject({ status: 'performed' });
    expect(await leaves(of.action)).toEqual([
      ['action.attempt', { warrant: warrant.jti, attempt: 1 }],
      ['action.attempt', { warrant: warrant.jti, attempt: 2 }],
    ]);
    expect(ehr.requests.map(({ headers }) => headers['x-request-id'])).toEqual(
      [1, 2].map((n) => `${of.action}.perform.${n}`),
    );
    const used = await db.admin.query('SELECT used FROM countersign.warrant WHERE jti = $1', [warrant.jti]);
    expect(used.rows).toEqual([{ used: 1 }]);
  });

  it('releases nothing and asks nothing more when it is revoked between two pages', async () => {
    const { of, warrant } = await ready();
    const revoking: Reply = (request, response) => {
      void as('api', (tx) => revokeWarrants(tx, { action: of.action }, 'cancelled')).then(() =>
        page([order('m1')], `${ehr.base}/MedicationRequest?page=2`)(request, response),
      );
    };
    ehr.reply(revoking, page([order('m2')]));
    expect(await codeOf(perform(of, warrant))).toBe('warrant.revoked');
    expect(ehr.requests).toHaveLength(1);
    expect(await result(of.action)).toBe('sealed.missing');
    expect(await kinds(of.action)).toEqual(['action.attempt', 'warrant.refused', 'security.event']);
  });

  it('releases nothing when it is revoked while the last page is on its way', async () => {
    const { of, warrant } = await ready();
    ehr.reply((request, response) => {
      void as('api', (tx) => revokeWarrants(tx, { jti: warrant.jti }, 'cancelled')).then(() =>
        page([order('m1')])(request, response),
      );
    });
    expect(await codeOf(perform(of, warrant))).toBe('warrant.revoked');
    expect(await result(of.action)).toBe('sealed.missing');
  });

  it.each<[what: string, reply: Reply, code: string, events: string[]]>([
    [
      'another patient’s resource',
      page([order('m1', { subject: { reference: 'Patient/p2' } })]),
      'ehr.other_patient',
      ['security.event'],
    ],
    ['a redirect', status(302, { location: 'http://127.0.0.1:1/' }), 'ehr.redirect', ['security.event']],
    ['a server error', status(500), 'ehr.unavailable', []],
  ])('keeps nothing of %s', async (_what, reply, code, events) => {
    const { of, warrant } = await ready();
    ehr.reply(reply);
    expect(await codeOf(perform(of, warrant))).toBe(code);
    expect(await result(of.action)).toBe('sealed.missing');
    expect(await kinds(of.action)).toEqual(['action.attempt', ...events]);
  });

  it('lets go of a request when the workflow cancels, and seals nothing', async () => {
    const { of, warrant } = await ready();
    const environment = quietly();
    ehr.reply(() => environment.cancel()); // never answers
    await expect(perform(of, warrant, environment)).rejects.toMatchObject({ name: 'CancelledFailure' });
    expect(await result(of.action)).toBe('sealed.missing');
  });

  it('beats while the EHR takes its time', async () => {
    const { of, warrant } = await ready();
    const environment = quietly();
    let beats = 0;
    let answer = (): void => undefined;
    environment.on('heartbeat', () => {
      beats += 1;
      if (beats === 3) answer();
    });
    ehr.reply((request, response) => (answer = () => page([order('m1')])(request, response)));
    await perform(of, warrant, environment);
    expect(beats).toBeGreaterThanOrEqual(3);
  });
});

describe('what was approved', () => {
  /** Replaces what is sealed at the path, as somebody who holds database and keys could. */
  const reseal = async (of: OpenedAction, path: string, change: (content: Record<string, unknown>) => unknown) => {
    const { bytes } = await as('api', (tx) => on.keychain.unseal(tx, clinic, of.action, path));
    await db.admin.query(
      `ALTER TABLE countersign.sealed DISABLE TRIGGER append_only;
       DELETE FROM countersign.sealed WHERE action = '${of.action}' AND path = '${path}';
       ALTER TABLE countersign.sealed ENABLE TRIGGER append_only`,
    );
    const changed = new TextEncoder().encode(JSON.stringify(change(JSON.parse(new TextDecoder().decode(bytes)))));
    await as('api', (tx) => on.keychain.seal(tx, clinic, of.action, path, changed));
  };

  it.each<[what: string, path: string, change: (content: Record<string, unknown>) => unknown]>([
    [
      'another patient in the request',
      'request',
      (content) => ({ ...content, input: { patient: 'Patient/p2', episode: 'Encounter/e2' } }),
    ],
    ['the same request sealed again', 'request', (content) => content],
    ['another shown text', 'display/1', (content) => ({ ...content, title: 'Read opening hours' })],
  ])('is compared with its commitments before the call: %s', async (_what, path, change) => {
    const { of, warrant } = await ready();
    await reseal(of, path, change);
    expect(await codeOf(perform(of, warrant))).toBe('warrant.other_request');
    expect([ehr.requests, ehr.tokenRequests]).toEqual([[], []]);
    expect(await kinds(of.action)).toEqual(['warrant.refused', 'security.event']);
  });

  it('is no longer there once its keys are gone', async () => {
    const { of, warrant } = await ready();
    await as('governance', (tx) => on.keychain.destroy(tx, clinic, of.action));
    expect(await codeOf(perform(of, warrant))).toBe('key.gone');
    expect(ehr.requests).toEqual([]);
  });
});

describe('relate', () => {
  const encounter = (more: object = {}) => ({
    resourceType: 'Encounter',
    id: 'e1',
    status: 'in-progress',
    subject: { reference: 'Patient/p1' },
    participant: [{ individual: { reference: 'Practitioner/chen' } }],
    reasonCode: [{ text: 'not asked for' }],
    ...more,
  });
  const others = encounter({ participant: [{ individual: { reference: 'Practitioner/dora' } }] });
  const team = (more: object = {}) => ({
    resourceType: 'CareTeam',
    id: 't1',
    status: 'active',
    subject: { reference: 'Patient/p1' },
    participant: [{ member: { reference: 'Practitioner/chen' } }],
    note: [{ text: 'not asked for' }],
    ...more,
  });
  const asked = async (encounters: Reply, teams: Reply = page([])) => {
    const of = await on.open();
    ehr.reply(encounters, teams);
    return { of, related: await relate(of, await on.mintRelation(of)) };
  };
  const checked = async ({ action }: OpenedAction) =>
    (await leaves(action)).filter(([kind]) => kind === 'relation.checked').map(([, data]) => data);

  it('finds the principal among the participants, by a request for that Encounter and one for the care teams', async () => {
    const { of, related } = await asked(page([encounter()]));
    expect(related).toEqual({ status: 'related', basis: 'encounter_participant' });
    expect(
      ehr.requests.map(({ path, query }) => [path.slice('/fhir'.length), Object.fromEntries(query)]),
    ).toMatchObject([
      ['/Encounter', { _id: 'e1', patient: 'Patient/p1', _count: '1' }],
      ['/CareTeam', { status: 'active', patient: 'Patient/p1', _count: '50' }],
    ]);
    expect(ehr.tokenRequests.map((form) => form.get('scope'))).toEqual(['system/Encounter.rs', 'system/CareTeam.rs']);
    expect(await kinds(of.action)).toEqual(['action.attempt', 'relation.checked']);
    expect(await checked(of)).toMatchObject([{ status: 'related', basis: 'encounter_participant' }]);
    expect(await result(of.action)).toBe('sealed.missing');
  });

  it('finds the principal in the care team', async () => {
    const { of, related } = await asked(page([others]), page([team()]));
    expect(related).toEqual({ status: 'related', basis: 'care_team' });
    expect(await checked(of)).toMatchObject([related]);
  });

  it('finds the principal on call for the department of the Encounter, by the roster', async () => {
    await db.admin.query(
      `INSERT INTO countersign.department_place (tenant, place, department) VALUES ('clinic', 'Location/unit-3', 'stroke');
       INSERT INTO countersign.on_call (tenant, person, department, starts_at, ends_at)
       VALUES ('clinic', '${chen}', 'stroke', clock_timestamp() - interval '1 h', clock_timestamp() + interval '1 h')`,
    );
    const there = page([{ ...others, location: [{ location: { reference: 'Location/unit-3' } }] }]);
    const { of, related } = await asked(there);
    expect(related).toEqual({ status: 'related', basis: 'on_call' });
    expect(await checked(of)).toMatchObject([related]);
    await db.admin.query('UPDATE countersign.on_call SET withdrawn_at = clock_timestamp()');
    expect((await asked(there)).related).toEqual({ status: 'not_related' });
  });

  it.each<[what: string, encounters: Reply, teams: Reply, status: string]>([
    ['somebody else’s', page([others]), page([]), 'not_related'],
    ['a finished one', page([encounter({ status: 'finished' })]), page([]), 'not_related'],
    ['none', page([]), page([team()]), 'unknown'],
    ['a team that cannot be read', page([others]), page([team({ participant: 'chen' })]), 'unknown'],
  ])('does not find one in %s', async (_what, encounters, teams, expected) => {
    const { of, related } = await asked(encounters, teams);
    expect(related).toEqual({ status: expected });
    expect(await checked(of)).toMatchObject([{ status: expected }]);
    expect(JSON.stringify(await checked(of))).not.toContain('basis');
  });

  it.each<[what: string, teams: Reply, code: string]>([
    ['of another patient', page([team({ subject: { reference: 'Patient/p2' } })]), 'ehr.other_patient'],
    ['of nobody', page([team({ subject: undefined })]), 'ehr.other_patient'],
    ['that was not asked for', page([team({ status: 'inactive' })]), 'ehr.unasked'],
    ['of another kind', page([encounter()]), 'ehr.other_type'],
  ])('stores nothing from a care team %s, whatever the Encounter says', async (_what, teams, code) => {
    const of = await on.open();
    ehr.reply(page([encounter()]), teams);
    expect(await codeOf(relate(of, await on.mintRelation(of)))).toBe(code);
    const stored = await db.admin.query('SELECT FROM countersign.relation WHERE action = $1', [of.action]);
    expect(stored.rowCount).toBe(0);
  });

  it('stores nothing from an Encounter of another patient', async () => {
    const of = await on.open();
    ehr.reply(page([encounter({ subject: { reference: 'Patient/p2' } })]));
    expect(await codeOf(relate(of, await on.mintRelation(of)))).toBe('ehr.other_patient');
    const stored = await db.admin.query('SELECT FROM countersign.relation WHERE action = $1', [of.action]);
    expect(stored.rowCount).toBe(0);
    expect(await kinds(of.action)).toEqual(['action.attempt', 'security.event']);
  });

  it('asks once: what the EHR said first stays', async () => {
    const of = await on.open();
    const warrant = await on.mintRelation(of);
    ehr.reply(page([encounter()]), page([]));
    const first = await relate(of, warrant);
    expect(await relate(of, warrant)).toEqual(first);
    expect(ehr.requests).toHaveLength(2);
  });

  it('needs its own warrant: one to perform is refused, and the other way round', async () => {
    const of = await on.open();
    const relating = await on.mintRelation(of);
    const performing = await on.mint(of);
    expect(await codeOf(relate(of, performing))).toBe('warrant.other_action');
    expect(await codeOf(perform(of, relating))).toBe('warrant.other_action');
    expect(ehr.requests).toEqual([]);
  });
});
