import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { canonicalJson } from '../../../src/action/canonical.js';
import { digest, tenant } from '../../../src/action/ids.js';
import { logins } from '../../../src/database/logins.js';
import { inTenant } from '../../../src/database/transaction.js';
import {
  activateRulebook,
  activeDigest,
  findRulebook,
  rulebookReader,
  storeRulebook,
} from '../../../src/rulebook/rulebook.store.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { rulebookFiles, testRulebook } from '../../support/rulebook.js';

const clinic = tenant('clinic');
const other = tenant('other');
const rulebook = testRulebook();
const shorter = testRulebook({
  'tiers.yaml': (rulebookFiles()['tiers.yaml'] ?? '').replace('deadline: 4h', 'deadline: 3h'),
});

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await db.admin.query(`INSERT INTO countersign.tenant (tenant, name, zone, log_origin)
                        VALUES ('other', 'Other', 'UTC', 'dev.countersign/other')`);
});
afterAll(async () => {
  await db.end();
});

const activate = (one: typeof rulebook) =>
  inTenant(db.admin, clinic, async (tx) => {
    await storeRulebook(tx, one);
    return activateRulebook(tx, one.digest);
  });

describe('a stored rulebook', () => {
  it('is missing before one was activated, and then nothing runs', async () => {
    await expect(inTenant(db.pool('api'), clinic, activeDigest)).rejects.toMatchObject({ code: 'rulebook.missing' });
    await expect(inTenant(db.pool('api'), clinic, (tx) => findRulebook(tx, rulebook.digest))).rejects.toMatchObject({
      code: 'rulebook.missing',
    });
  });

  it('is activated once, and again only after another was', async () => {
    expect(await activate(rulebook)).toBe(1);
    expect(await activate(rulebook)).toBeUndefined();
    expect(await activate(shorter)).toBe(2);
    expect(await inTenant(db.pool('api'), clinic, activeDigest)).toBe(shorter.digest);
    expect(await activate(rulebook)).toBe(3);
    const history = await db.admin.query('SELECT ordinal, digest FROM countersign.active_rulebook ORDER BY ordinal');
    expect(history.rows).toEqual([
      { ordinal: 1, digest: rulebook.digest },
      { ordinal: 2, digest: shorter.digest },
      { ordinal: 3, digest: rulebook.digest },
    ]);
  });

  it('governs its own tenant only', async () => {
    await expect(inTenant(db.pool('api'), other, activeDigest)).rejects.toMatchObject({ code: 'rulebook.missing' });
  });

  it.each(logins)('is read whole by %s', async (login) => {
    const read = rulebookReader();
    const found = await inTenant(db.pool(login), clinic, async (tx) => read(tx, await activeDigest(tx)));
    expect({ digest: found.digest, content: found.content }).toEqual({
      digest: rulebook.digest,
      content: rulebook.content,
    });
    expect(found.tiers).toEqual(rulebook.tiers);
    expect(found.actions).toEqual(rulebook.actions);
    expect(await inTenant(db.pool(login), clinic, (tx) => read(tx, rulebook.digest))).toBe(found);
  });

  it.each(
    logins.flatMap((login) =>
      [
        `INSERT INTO countersign.rulebook (digest, content) VALUES (repeat('0', 64), '{}')`,
        `INSERT INTO countersign.active_rulebook (tenant, ordinal, digest) VALUES ('clinic', 9, '${shorter.digest}')`,
        `UPDATE countersign.active_rulebook SET digest = '${shorter.digest}'`,
        `UPDATE countersign.rulebook SET content = '{}'`,
        'DELETE FROM countersign.active_rulebook',
        'TRUNCATE countersign.active_rulebook',
      ].map((sql) => [login, sql] as const),
    ),
  )('is not written by %s: %s', async (login, sql) => {
    await expect(inTenant(db.pool(login), clinic, (tx) => tx.query(sql))).rejects.toMatchObject({ code: '42501' });
  });

  it.each([
    `UPDATE countersign.rulebook SET content = content`,
    `DELETE FROM countersign.rulebook`,
    `TRUNCATE countersign.rulebook CASCADE`,
    `UPDATE countersign.active_rulebook SET since = since`,
    `DELETE FROM countersign.active_rulebook`,
    `TRUNCATE countersign.active_rulebook`,
  ])('is changed by nobody: %s', async (sql) => {
    await expect(db.admin.query(sql)).rejects.toMatchObject({ code: '42501' });
  });

  it('lies under no digest but its own', async () => {
    const wrong = db.admin.query('INSERT INTO countersign.rulebook (digest, content) VALUES ($1, $2)', [
      digest('0'.repeat(64)),
      canonicalJson(rulebook.content),
    ]);
    await expect(wrong).rejects.toMatchObject({ code: '23514' });
  });

  it('that no longer fits this build is refused', async () => {
    const content = canonicalJson({ ...rulebook.content, unheardOf: 1 });
    const stored = await db.admin.query<{ digest: string }>(
      `INSERT INTO countersign.rulebook (digest, content)
       VALUES (encode(sha256(convert_to($1, 'UTF8')), 'hex'), $1) RETURNING digest`,
      [content],
    );
    const foreign = digest(stored.rows[0]?.digest ?? '');
    await expect(inTenant(db.pool('governance'), clinic, (tx) => findRulebook(tx, foreign))).rejects.toThrow(
      /unknown key "unheardOf"/,
    );
  });

  it('is activated in one order by two at once', async () => {
    await Promise.all([activate(shorter), activate(shorter), activate(shorter)]);
    const history = await db.admin.query(
      'SELECT digest FROM countersign.active_rulebook ORDER BY ordinal DESC LIMIT 2',
    );
    expect(history.rows).toEqual([{ digest: shorter.digest }, { digest: rulebook.digest }]);
  });
});
