import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { leafOf } from '../../../src/audit/leaf.js';
import { migrationFiles } from '../../../src/database/migrate.js';
import { engines } from '../../support/engines.js';
import { run, type Ran } from '../../support/run.js';
import { directoryFile } from '../../unit/directory/file.js';

const folder = mkdtempSync(join(tmpdir(), 'countersign-migrate-'));
const name = `test_${randomBytes(6).toString('hex')}`;
const url = engines().postgres.replace(/\/postgres$/, `/${name}`);
const file = (called: string, content: unknown): string => {
  const path = join(folder, called);
  writeFileSync(path, JSON.stringify(content));
  return path;
};
const trustRoots = {
  issuers: [
    {
      issuer: 'https://id.example',
      audiences: ['https://api.example'],
      clients: ['cli'],
      jwksUri: 'https://id.example/jwks',
    },
  ],
  warrantIssuers: [],
  logs: [],
  rpIds: [],
};
const env = {
  COUNTERSIGN_MODE: 'development',
  COUNTERSIGN_TENANT: directoryFile.tenant.id,
  COUNTERSIGN_ADMIN_DATABASE_URL: url,
  COUNTERSIGN_DIRECTORY_FILE: file('directory.json', directoryFile),
  COUNTERSIGN_TRUST_ROOTS_FILE: file('trust-roots.json', trustRoots),
};
const migrate = (more: NodeJS.ProcessEnv = {}): Promise<Ran> =>
  run('dist/src/migrate/main.js', [], { ...env, ...more });

let admin: pg.Pool;
beforeAll(async () => {
  const server = new pg.Client({ connectionString: engines().postgres });
  await server.connect();
  await server.query(`CREATE DATABASE ${name}`);
  await server.end();
  admin = new pg.Pool({ connectionString: url, max: 2 }).on('error', () => undefined);
});
afterAll(() => admin?.end());

const leaves = async () =>
  (await admin.query<{ bytes: Buffer }>('SELECT bytes FROM countersign.audit_leaf ORDER BY index')).rows.map(
    ({ bytes }) => leafOf(bytes),
  );

describe('countersign migrate', () => {
  it('changes nothing while one of its files is wrong', async () => {
    const wrong = file('wrong.json', {
      ...directoryFile,
      people: { amara: { ...directoryFile.people['amara'], roles: ['chief'] } },
    });
    const { code, stderr } = await migrate({ COUNTERSIGN_DIRECTORY_FILE: wrong });
    expect(code).toBe(1);
    expect(stderr).toContain('/people/amara/roles/0: unknown_role');
    expect((await admin.query(`SELECT to_regclass('public.countersign_migration') AS there`)).rows).toEqual([
      { there: null },
    ]);
  });

  it('names what is wrong in a rulebook with file, line and column', async () => {
    const policies = join(folder, 'policies');
    cpSync('policies', policies, { recursive: true });
    const tiers = join(policies, 'tiers.yaml');
    writeFileSync(tiers, readFileSync(tiers, 'utf8').replace('role: clinical_staff', 'role: clincal_staff'));
    const { code, stderr } = await migrate({ COUNTERSIGN_POLICIES_DIR: policies });
    expect(code).toBe(1);
    expect(stderr).toMatch(/tiers\.yaml:\d+:\d+.*clincal_staff/);
    expect(stderr).toContain('clinical_staff');
  });

  it('brings up schema, directory and rulebook, and puts the rulebook on the log', async () => {
    const { code, stdout, stderr } = await migrate();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`${migrationFiles().length} applied`);
    expect(stdout).toMatch(/rulebook {3}[0-9a-f]{12} activated/);
    const [first, ...more] = await leaves();
    expect(first).toMatchObject({ kind: 'rulebook.activated', action: null, index: 0 });
    expect(more).toEqual([]);
  });

  it('changes nothing the second time', async () => {
    const { code, stdout } = await migrate();
    expect(code).toBe(0);
    expect(stdout).toContain('was current');
    expect(stdout).toContain('was active');
    expect(await leaves()).toHaveLength(1);
  });

  it('activates other trust roots as another rulebook, with its leaf', async () => {
    const others = file('other-roots.json', { ...trustRoots, rpIds: ['countersign.example'] });
    const { stdout } = await migrate({ COUNTERSIGN_TRUST_ROOTS_FILE: others });
    expect(stdout).toMatch(/rulebook {3}[0-9a-f]{12} activated/);
    expect(await leaves()).toHaveLength(2);
  });

  it('leaves the rules to two people once there are any, in production: it activates no others', async () => {
    const others = file('third-roots.json', { ...trustRoots, rpIds: ['other.example'] });
    const more = { COUNTERSIGN_MODE: 'production', COUNTERSIGN_TRUST_ROOTS_FILE: others };
    const { code, stdout } = await migrate(more);
    expect({ code, told: /does not govern: .*countersign rulebook propose/.test(stdout) }).toEqual({
      code: 0,
      told: true,
    });
    expect(await leaves()).toHaveLength(2);
  });

  it.each([
    ['plain-text issuers', { issuers: [{ ...trustRoots.issuers[0], issuer: 'http://id.example' }] }],
    ['logs of development', { logs: ['dev.x+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx'] }],
  ])('refuses %s in production', async (_what, roots) => {
    const unsafe = file('unsafe.json', { ...trustRoots, ...roots });
    const { code, stderr } = await migrate({ COUNTERSIGN_MODE: 'production', COUNTERSIGN_TRUST_ROOTS_FILE: unsafe });
    expect(code).toBe(1);
    expect(stderr).toContain('trust-roots.json');
    expect(await leaves()).toHaveLength(2);
  });

  it('names the variables that are missing', async () => {
    const { code, stderr } = await run('dist/src/migrate/main.js', []);
    expect(code).toBe(1);
    expect(stderr).toContain('COUNTERSIGN_ADMIN_DATABASE_URL is missing');
  });

  it('tells a database that does not answer from a file that is wrong', async () => {
    const { code, stderr } = await migrate({ COUNTERSIGN_ADMIN_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
    expect(code).toBe(1);
    expect(stderr).toContain('ECONNREFUSED');
  });
});
