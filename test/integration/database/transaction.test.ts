import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inTenant } from '../../../src/database/transaction.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { clinic } from '../../support/stack.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db?.end());

describe('a transaction whose connection is ended by the server', () => {
  it('fails with its statement, which no process dies of, and the next one has another connection', async () => {
    const pool = db.pool('api');
    // Nobody else listens to this connection while it is lent: an error that nobody hears ends the process.
    const dying = inTenant(pool, clinic, async (tx) => {
      const own = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const sleeping = tx.query('SELECT pg_sleep(60)');
      await Promise.all([sleeping, db.admin.query('SELECT pg_terminate_backend($1)', [own.rows[0]?.pid])]);
    });
    await expect(dying).rejects.toMatchObject({ code: '57P01' });
    const next = await inTenant(pool, clinic, (tx) => tx.query<{ one: number }>('SELECT 1 AS one'));
    expect(next.rows).toEqual([{ one: 1 }]);
  });
});
