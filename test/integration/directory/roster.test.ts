import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tenant, type PersonId } from '../../../src/action/ids.js';
import { inTenant } from '../../../src/database/transaction.js';
import { readDirectory } from '../../../src/directory/directory-file.js';
import { loadDirectory } from '../../../src/directory/load-directory.tx.js';
import { departmentPlaces, departmentsOnCall, isOnCall } from '../../../src/directory/on-call.store.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { directoryFile } from '../../unit/directory/file.js';

const clinic = tenant('clinic');
let db: TestDatabase;
let chen: PersonId;
let amara: PersonId;
beforeAll(async () => {
  db = await testDatabase();
  const people = await load();
  const [one, other] = [people.get('chen'), people.get('amara')];
  if (!one || !other) throw new Error('the file names nobody');
  [chen, amara] = [one, other];
});
afterAll(() => db?.end());

const roles = new Set(['clinical_staff', 'senior_clinician']);
/** In the zone of the file, as people write it. */
const [from, to] = ['2126-03-01T18:00:00+01:00', '2126-03-02T06:00:00+01:00'];
const duty = (more: object) => ({ person: 'chen', from, to, ...more });
const load = async (
  more: object = { onCall: [duty({ department: 'cardiology' }), duty({ role: 'senior_clinician' })] },
) => (await loadDirectory(db.admin, readDirectory({ ...directoryFile, ...more }, roles))).people;

const asked = (person: PersonId, at: string) =>
  inTenant(db.pool('governance'), clinic, async (tx) => ({
    onCall: await isOnCall(tx, person, new Date(at)),
    departments: [...(await departmentsOnCall(tx, person, new Date(at)))],
  }));
const off = { onCall: false, departments: [] };
const on = { onCall: true, departments: ['cardiology'] };
const during = '2126-03-01T22:00:00Z';

describe('the roster', () => {
  it.each([
    ['before', '2126-03-01T16:59:59Z', off],
    ['from its first instant', '2126-03-01T17:00:00Z', on],
    ['during it', during, on],
    ['not at its last', '2126-03-02T05:00:00Z', off],
  ])('has somebody on call for the time of their duty: %s', async (_what, at, expected) => {
    expect(await asked(chen, at)).toEqual(expected);
    expect(await asked(amara, at)).toEqual(off);
  });

  it('says nothing of one who is suspended, or no longer active', async () => {
    await db.admin.query(
      `INSERT INTO countersign.suspension (tenant, kind, subject, reason) VALUES ('clinic', 'person', $1, 'incident')`,
      [chen],
    );
    expect(await asked(chen, during)).toEqual(off);
    await db.admin.query('UPDATE countersign.suspension SET lifted_at = clock_timestamp()');
    await db.admin.query('UPDATE countersign.person SET active = false WHERE person = $1', [chen]);
    expect(await asked(chen, during)).toEqual(off);
    await db.admin.query('UPDATE countersign.person SET active = true');
    expect(await asked(chen, during)).toEqual(on);
  });

  it('is the file’s: who is no longer named is no longer on call, and who comes back is', async () => {
    await load({ onCall: [duty({ role: 'senior_clinician' })] });
    expect(await asked(chen, during)).toEqual({ onCall: true, departments: [] });
    await load({ onCall: [] });
    expect(await asked(chen, during)).toEqual(off);
    await load();
    await load();
    expect(await asked(chen, during)).toEqual(on);
    const kept = await db.admin.query('SELECT FROM countersign.on_call');
    expect(kept.rowCount).toBe(2);
  });

  it('tells which department works where, and follows the file in that too', async () => {
    const places = () => inTenant(db.pool('ehr'), clinic, departmentPlaces);
    expect([...(await places())].sort()).toEqual([
      ['Location/heart-2', 'cardiology'],
      ['Location/unit-3', 'stroke'],
      ['Organization/heart', 'cardiology'],
    ]);
    await load({ departments: { cardiology: [], stroke: ['Organization/heart'] } });
    expect([...(await places())]).toEqual([['Organization/heart', 'stroke']]);
    await load();
  });

  it('is another tenant’s of its own', async () => {
    const other = tenant('other');
    await db.admin.query(`INSERT INTO countersign.tenant (tenant, name, zone, log_origin)
                          VALUES ('other', 'Other', 'UTC', 'dev.countersign/other')`);
    const seen = await inTenant(db.pool('governance'), other, async (tx) => [
      await isOnCall(tx, chen, new Date(during)),
      (await departmentPlaces(tx)).size,
    ]);
    expect(seen).toEqual([false, 0]);
  });
});
