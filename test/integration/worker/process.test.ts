import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request, resultOf } from '../../support/asking.js';
import { startProcesses, type Processes } from '../../support/processes.js';
import { run } from '../../support/run.js';

let processes: Processes;
beforeAll(async () => {
  processes = await startProcesses();
});
afterAll(() => processes?.stop());

const worker = (queue: string, env: NodeJS.ProcessEnv = {}) => run('dist/worker/main.js', [queue], env);

describe('a worker process', () => {
  it('wants to be told its queue', async () => {
    const { code, stderr } = await worker('billing');
    expect(code).toBe(2);
    expect(stderr).toContain('governance or ehr');
  });

  it('names the variables that it lacks, and never their values', async () => {
    const { code, stderr } = await worker('ehr', { COUNTERSIGN_MODE: 'secret-value' });
    expect(code).toBe(1);
    expect(stderr).toContain('COUNTERSIGN_FHIR_KEY_FILE is missing');
    expect(stderr).toContain('COUNTERSIGN_MODE has the wrong shape');
    expect(stderr).not.toContain('secret-value');
  });

  it('refuses a folder for a keyring in production', async () => {
    const { code, stderr } = await worker('governance', {
      ...processes.environment('governance'),
      COUNTERSIGN_MODE: 'production',
    });
    expect(code).toBe(1);
    expect(stderr).toContain('A folder is no keyring for production');
  });

  it('refuses a schema older than itself, and says what to type', async () => {
    await processes.db.admin.query(`DELETE FROM public.countersign_migration WHERE name LIKE '0009%'`);
    const { code, stderr } = await worker('governance', processes.environment('governance'));
    await processes.db.admin.query(`INSERT INTO public.countersign_migration (name) VALUES ('0009-retention.sql')`);
    expect(code).toBe(1);
    expect(stderr).toContain('countersign migrate');
  });

  it('works, and ends when it is told to', async () => {
    await Promise.all([processes.start('governance'), processes.start('ehr')]);
    const { action, admitted } = await request(processes, 'facility.read');
    await admitted;
    expect(await resultOf(processes, action)).toMatchObject({ status: 'completed' });
    expect(await processes.end('ehr')).toBe(0);
    expect(await processes.end('governance')).toBe(0);
  });
});
