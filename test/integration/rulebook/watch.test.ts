import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tenant } from '../../../src/action/ids.js';
import { writeDevPolicies } from '../../../src/cli/dev/policies.js';
import { watchPolicies } from '../../../src/cli/dev/watch-policies.js';
import { installRulebook } from '../../../src/rulebook/install.tx.js';
import { loadRulebook } from '../../../src/rulebook/load.js';
import { readPolicyFolder } from '../../../src/rulebook/policy-folder.node.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { noTrust, policies } from '../../support/rulebook.js';
import { until } from '../../support/until.js';

const clinic = tenant('clinic');
const root = mkdtempSync(join(tmpdir(), 'countersign-watch-'));
const folder = join(root, 'policies');
const trustRoots = join(root, 'trust-roots.json');
const said: string[] = [];

let db: TestDatabase;
let stop: () => Promise<void>;
beforeAll(async () => {
  db = await testDatabase();
  writeDevPolicies(policies, folder);
  writeFileSync(trustRoots, JSON.stringify(noTrust));
  const first = loadRulebook(readPolicyFolder(folder), noTrust);
  await installRulebook(db.admin, clinic, first, { production: false });
  const progress = (line: string) => void said.push(line);
  stop = watchPolicies({ folder, trustRoots, tenant: 'clinic', database: db.adminUrl, progress });
});
afterAll(async () => {
  await stop?.();
  await db?.end();
});

const edit = (from: string, to: string) => {
  const file = join(folder, 'tiers.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
};
const saying = (words: RegExp) => until(async () => said.find((line) => words.test(line)));
const active = async () =>
  (await db.admin.query('SELECT digest FROM countersign.active_rulebook ORDER BY ordinal DESC LIMIT 1')).rows[0].digest;
const events = async () =>
  (await db.admin.query(`SELECT bytes FROM countersign.audit_leaf WHERE kind = 'security.event'`)).rows.map(
    ({ bytes }) => JSON.parse(bytes.toString()).data,
  );

describe('in development the rules', () => {
  it('that somebody saves govern at once, and it is said that production asks two', async () => {
    edit('deadline: 4h', 'deadline: 3h');
    await saying(/govern from here on, by one person: production asks two/);
    expect(await active()).toBe(loadRulebook(readPolicyFolder(folder), noTrust).digest);
    const { rows } = await db.admin.query(
      `SELECT bytes FROM countersign.audit_leaf WHERE kind = 'rulebook.activated' ORDER BY index DESC LIMIT 1`,
    );
    expect(JSON.parse(rows[0].bytes.toString()).data).toMatchObject({ way: 'development', signatures: [] });
  });

  it('that cannot be read change nothing: the place is told, and a security event is on the log, once', async () => {
    const good = await active();
    edit('deadline: 3h', 'deadlin: 3h');
    expect(await saying(/deadlin/)).toMatch(/tiers\.yaml:\d+:\d+: unknown key "deadlin"; did you mean "deadline"\?/);
    await saying(/the last good ones stay/);
    await until(async () => ((await events()).length > 0 ? true : undefined));
    edit('deadlin: 3h', 'deadlin:  3h');
    edit('deadlin:  3h', 'deadlin: 3h'); // the same again
    edit('deadlin: 3h', 'deadline: 2h');
    await until(async () => ((await active()) === good ? undefined : true));
    expect(await events()).toEqual([{ code: 'rulebook.unreadable', agent: null }]);
  });
});
