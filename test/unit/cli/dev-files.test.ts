import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DateTime } from 'luxon';
import { describe, expect, it } from '@jest/globals';
import { sandboxPeople } from '@countersign/sandbox';
import { environmentOf, loginUrl } from '../../../src/cli/dev/process-environment.js';
import { devDirectory } from '../../../src/cli/dev/first-directory.js';
import { writeDevPolicies } from '../../../src/cli/dev/policies.js';
import { readDirectory } from '../../../src/directory/directory-file.js';
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
  it('is the shipped one but for the record class of one agent, and production refuses it', () => {
    const folder = join(temporary(), 'policies');
    writeDevPolicies(policies, folder);
    writeDevPolicies(policies, folder); // at each start
    const rulebook = loadRulebook(readPolicyFolder(folder), noTrust);
    const { retention, ...same } = rulebook.content;
    const { retention: shipped, ...others } = testRulebook().content;
    expect(same).toEqual(others);
    expect(retention).toEqual({ ...shipped, agents: { ...shipped.agents, 'throwaway-agent': 'sandbox_demo' } });
    expect(unfitForProduction(rulebook)).toHaveLength(1);
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
