import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { agent, tenant } from '../../../src/action/ids.js';
import { appendLeaf } from '../../../src/audit/append.store.js';
import { leafKinds } from '../../../src/audit/leaf.js';
import { databaseRole, logins } from '../../../src/database/logins.js';
import { inTenant } from '../../../src/database/transaction.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';

const clinic = tenant('clinic');
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db?.end());

describe('who may write which leaf', () => {
  it('is said in SQL for exactly the kinds of the code, by logins that exist', async () => {
    const rows = await db.admin.query<{ kind: string; login: string }>(
      'SELECT kind, login FROM countersign.leaf_kind_writer',
    );
    expect([...new Set(rows.rows.map(({ kind }) => kind))].sort()).toEqual(Object.keys(leafKinds).sort());
    const known = [...logins.map(databaseRole), 'countersign_owner'];
    expect(rows.rows.filter(({ login }) => !known.includes(login))).toEqual([]);
  });

  it('is held: a login writes no other kind', async () => {
    const draft = {
      kind: 'request.refused',
      key: 'k',
      data: { agent: agent('triage-agent'), code: 'type.unknown' },
    } as const;
    await expect(inTenant(db.pool('ehr'), clinic, (tx) => appendLeaf(tx, draft))).rejects.toMatchObject({
      code: '42501',
    });
    await expect(inTenant(db.pool('api'), clinic, (tx) => appendLeaf(tx, draft))).resolves.toMatchObject({ index: 0 });
  });
});

describe('a leaf that was written', () => {
  it('is written once, and may not come again as another', async () => {
    const write = (code: string) =>
      inTenant(db.pool('api'), clinic, (tx) =>
        appendLeaf(tx, { kind: 'request.refused', key: 'once', data: { agent: agent('triage-agent'), code } }),
      );
    const first = await write('type.unknown');
    expect(await write('type.unknown')).toEqual(first);
    await expect(write('element.unknown')).rejects.toMatchObject({ code: 'audit.conflict' });
  });

  it.each([
    ['changed', 'UPDATE countersign.audit_leaf SET key = key'],
    ['deleted', 'DELETE FROM countersign.audit_leaf'],
    ['truncated away', 'TRUNCATE countersign.audit_leaf CASCADE'],
    ['uncounted', 'UPDATE countersign.audit_log SET size = 0'],
  ])('is %s by nobody, be it the superuser that forgets the triggers', async (_what, statement) => {
    await expect(inTenant(db.pool('api'), clinic, (tx) => tx.query(statement))).rejects.toMatchObject({
      code: '42501',
    });
    await expect(db.admin.query(statement)).rejects.toMatchObject({ code: '42501' });
  });
});
