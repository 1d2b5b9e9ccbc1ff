import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DateTime } from 'luxon';
import { describe, expect, it } from '@jest/globals';
import { sandboxPeople } from '@countersign/sandbox';
import { environmentOf, loginUrl } from '../../../src/cli/dev/process-environment.js';
import { devDirectory } from '../../../src/cli/dev/first-directory.js';
import { withGoodRules } from '../../../src/cli/dev/good-rules.js';
import { writeDevPolicies } from '../../../src/cli/dev/policies.js';
import { readDirectory } from '../../../src/directory/directory-file.js';
import { compareRulebooks } from '../../../src/rulebook/change/compare.js';
import { loadRulebook } from '../../../src/rulebook/load.js';
import { readPolicyFolder } from '../../../src/rulebook/policy-folder.node.js';
import { unfitForProduction } from '../../../src/rulebook/production.js';
import { noTrust, policies, testRulebook } from '../../support/rulebook.js';

const temporary = () => mkdtempSync(join(tmpdir(), 'countersign-unit-'));

describe('the development directory', () => {
  const today = DateTime.fromISO('2027-02-28', { zone: 'utc' });
  const issuer = 'http://localhost:9090';

  it('is one that migrate accepts, with every sandbox person trained and every agent under an agreement', () => {
    const roles = new Set<string>(testRulebook().roles.keys());
    const directory = readDirectory(devDirectory(issuer, sandboxPeople, today), roles);
    expect(Object.keys(directory.people)).toEqual(sandboxPeople.map(({ sub }) => sub));
    expect(directory.people['amara']?.training).toEqual([
      { course: 'hipaa', completedOn: '2027-01-29', expiresOn: '2028-02-28' },
    ]);
    expect(directory.tenant).toMatchObject({ zone: 'America/New_York', logOrigin: 'dev.countersign/clinic' });
  });

  it('lets no voter own an agent: owners may not vote on it', () => {
    const roles = new Set<string>(testRulebook().roles.keys());
    const { agents, people } = readDirectory(devDirectory(issuer, sandboxPeople, today), roles);
    const owners = new Set(Object.values(agents).map(({ owner }) => owner));
    expect([...owners].flatMap((owner) => people[owner]?.roles ?? [])).toEqual(['operator']);
  });
});

describe('the development rulebook', () => {
  it('is the shipped one but for the record class of one agent and fresh roles, and production refuses both', () => {
    const folder = join(temporary(), 'policies');
    expect(writeDevPolicies(policies, folder)).toBe('written');
    expect(writeDevPolicies(policies, folder)).toBe('written'); // at each start
    const rulebook = loadRulebook(readPolicyFolder(folder), noTrust);
    expect(compareRulebooks(testRulebook().content, rulebook.content)).toEqual([
      { path: 'retention.agents', from: undefined, to: { 'throwaway-agent': 'sandbox_demo' } },
      { path: 'roles.changes.granted_for', from: '24h', to: '1s' },
    ]);
    expect(unfitForProduction(rulebook)).toHaveLength(2);
  });

  it('stays as somebody edited it, and is the shipped one again once the folder is gone', () => {
    const folder = join(temporary(), 'policies');
    writeDevPolicies(policies, folder);
    const file = join(folder, 'tiers.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('deadline: 4h', 'deadline: 3h'));
    expect(writeDevPolicies(policies, folder)).toBe('kept');
    expect(readFileSync(file, 'utf8')).toContain('deadline: 3h');
    rmSync(folder, { recursive: true });
    expect(writeDevPolicies(policies, folder)).toBe('written');
    expect(readFileSync(file, 'utf8')).toContain('deadline: 4h');
  });

  describe('that somebody edited', () => {
    const values = { COUNTERSIGN_POLICIES_DIR: 'x', COUNTERSIGN_TRUST_ROOTS_FILE: 'y', COUNTERSIGN_TENANT: 'clinic' };
    const start = (change: (text: string) => string) => {
      const root = temporary();
      const [folder, trustRoots] = [join(root, 'policies'), join(root, 'trust-roots.json')];
      writeDevPolicies(policies, folder);
      writeFileSync(trustRoots, JSON.stringify(noTrust));
      const file = join(folder, 'tiers.yaml');
      writeFileSync(file, change(readFileSync(file, 'utf8')));
      const said: string[] = [];
      const policiesKept = writeDevPolicies(policies, folder) === 'kept';
      const given = withGoodRules(values, { policies: folder, policiesKept, trustRoots }, (line) => said.push(line));
      return { given, said };
    };

    it('is migrated if it is good', () => {
      expect(start((text) => text)).toEqual({ given: values, said: [] });
      const { given, said } = start((text) => text.replace('deadline: 4h', 'deadline: 3h'));
      expect(given).toEqual(values);
      expect(said).toHaveLength(1);
    });

    it('changes nothing if it is not, and the place is told', () => {
      const { given, said } = start((text) => text.replace('deadline: 4h', 'deadlin: 4h'));
      expect(given).toEqual({ COUNTERSIGN_TENANT: 'clinic' });
      expect(said.join('\n')).toMatch(/tiers\.yaml:\d+:\d+: unknown key "deadlin"; did you mean "deadline"\?/);
    });
  });
});

describe('the environment of a process of the stack', () => {
  const values = {
    COUNTERSIGN_MODE: 'development',
    COUNTERSIGN_TENANT: 'clinic',
    COUNTERSIGN_DATABASE_URL: loginUrl('postgres://root:secret@127.0.0.1:5/db', 'signer', 'its-own'),
    COUNTERSIGN_LOG_KEY_FILE: '/state/log-key',
    COUNTERSIGN_SIGNER_STATE: '/state/signer',
    COUNTERSIGN_KEYRING: 'folder:/state/keyring',
    COUNTERSIGN_ADMIN_DATABASE_URL: 'postgres://root:secret@127.0.0.1:5/db',
  };

  it('holds what it reads and nothing else', () => {
    const env = environmentOf('signer', values, { PATH: '/bin', AWS_SECRET_ACCESS_KEY: 'x', NODE_OPTIONS: '--y' });
    expect(Object.keys(env).sort()).toEqual([
      'COUNTERSIGN_DATABASE_URL',
      'COUNTERSIGN_LOG_KEY_FILE',
      'COUNTERSIGN_MODE',
      'COUNTERSIGN_SIGNER_STATE',
      'COUNTERSIGN_TENANT',
      'PATH',
    ]);
    expect(env['COUNTERSIGN_DATABASE_URL']).toBe('postgres://countersign_signer:its-own@127.0.0.1:5/db');
  });
});
