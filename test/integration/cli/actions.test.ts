import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatVerifier, parseVerifier } from '../../../src/audit/note.js';
import { verifyBundleText } from '../../../src/audit/verify.js';
import { actionsCommand } from '../../../src/cli/commands/actions.command.js';
import { approvalsCommand } from '../../../src/cli/commands/approvals.command.js';
import { auditExportCommand } from '../../../src/cli/commands/audit-export.command.js';
import { retentionCommand } from '../../../src/cli/commands/retention.command.js';
import { logSigner } from '../../support/stack.js';
import { until } from '../../support/until.js';
import { unsigned } from '../../support/unsigned.js';
import { cliStage, type CliStage } from './stage.js';

const folder = mkdtempSync(join(tmpdir(), 'cli-actions-'));
const amara = ['--sandbox-person', 'amara'];
const elif = ['--sandbox-person', 'elif'];
let stage: CliStage;
beforeAll(async () => {
  stage = await cliStage();
});
afterAll(async () => {
  await stage?.stop();
  rmSync(folder, { recursive: true });
});

const actions = (...args: readonly string[]) => stage.run(actionsCommand, args);

describe('countersign actions', () => {
  it('lists the newest first, and shows one by the first letters of its id', async () => {
    const id = await stage.asked();
    const list = await actions('list', '--json', ...amara);
    expect(JSON.parse(list.out).actions[0]).toMatchObject({ id, status: 'awaiting_approval' });
    expect((await actions('list', '--status', 'awaiting_approval', ...amara)).out).toContain(id.slice(0, 8));
    const { exit, out } = await actions('show', id.slice(0, 10), ...amara);
    expect(exit).toBe(0);
    expect(out).toContain(id);
    expect(out).toMatch(/Needs\s+clinical_staff/);
  });

  it('cancels what has not begun', async () => {
    const id = await stage.asked();
    const { exit, out } = await actions('cancel', id, '--json', ...amara);
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ id, status: 'cancelled' });
  });

  it('says so when it is too late to cancel', async () => {
    const id = await stage.asked();
    await stage.run(approvalsCommand, ['approve', id, '--yes', ...amara]);
    await actions('watch', id, ...amara);
    const { out, err } = await actions('cancel', id, '--json', ...amara);
    expect(JSON.parse(out)).toMatchObject({ status: 'completed' });
    expect(err).toContain('Too late');
  });

  it('cancels nothing for a person who may not', async () => {
    const id = await stage.asked();
    const { exit, err } = await actions('cancel', id, ...elif);
    expect({ exit, err }).toEqual({ exit: 3, err: expect.stringContaining('(token.scope)') });
  });

  it('follows one until it ends', async () => {
    const id = await stage.asked({ expiresIn: 1 });
    const { exit, out, err } = await actions('watch', id, '--json', ...amara);
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ id, status: 'expired' });
    expect(err).toContain('expired');
  });
});

describe('countersign audit export', () => {
  it('says that an action which has not ended has no evidence yet', async () => {
    const id = await stage.asked();
    const { exit, err } = await stage.run(auditExportCommand, [id, ...elif]);
    expect({ exit, err }).toEqual({ exit: 1, err: expect.stringContaining('has not ended') });
  });

  it('is refused for somebody who is no auditor', async () => {
    const id = await stage.asked({ expiresIn: 1 });
    await actions('watch', id, ...amara);
    expect(await stage.run(auditExportCommand, [id, ...amara])).toMatchObject({ exit: 3, out: '' });
  });

  it('waits for the checkpoint, and writes a bundle that verifies', async () => {
    const id = await stage.asked();
    const file = join(folder, 'evidence.json');
    const { exporting } = await unsigned(stage.stack.db, async () => {
      await stage.run(approvalsCommand, ['approve', id, '--yes', ...amara]);
      await actions('watch', id, ...amara);
      const begun = stage.run(auditExportCommand, [id, '-o', file, '--json', ...elif]);
      await until(async () => stage.answered.includes(`/v1/actions/${id}/evidence`) || undefined);
      return { exporting: begun };
    });
    const { exit, out, err } = await exporting;
    expect({ exit, err: exit === 0 ? '' : err }).toEqual({ exit: 0, err: '' });
    expect(JSON.parse(out)).toMatchObject({ action: id, file });
    const logs = [parseVerifier(formatVerifier(logSigner))].flatMap((verifier) => verifier ?? []);
    expect(verifyBundleText(readFileSync(file, 'utf8'), logs).status).toBe('valid');
    const { out: text } = await stage.run(auditExportCommand, [id.slice(0, 9), ...elif]);
    expect(JSON.parse(text)).toMatchObject({ format: 'countersign-evidence/v1', action: id });
  });
});

describe('countersign retention list', () => {
  it('counts records by date and class', async () => {
    const id = await stage.asked({ expiresIn: 1 });
    const ended = JSON.parse((await actions('watch', id, '--json', ...amara)).out);
    const { exit, out } = await stage.run(retentionCommand, ['list', '--json', ...elif]);
    expect(exit).toBe(0);
    expect(JSON.parse(out).disposals.map(({ date }: { date: string }) => date)).toContain(ended.retention.date);
    expect((await stage.run(retentionCommand, ['list', ...elif])).out).toContain(ended.retention.date);
  });
});

describe('a command', () => {
  const project = process.cwd();
  beforeAll(() => process.chdir(folder)); // where no ./.countersign is
  afterAll(() => process.chdir(project));

  it('that finds no stack says what to do', async () => {
    const seat = { env: { COUNTERSIGN_STATE: join(folder, 'none') } };
    const { exit, err } = await stage.run(actionsCommand, ['list'], seat);
    expect({ exit, err }).toEqual({ exit: 1, err: expect.stringContaining('start countersign dev') });
  });

  it('sends no token over plain http to another machine', async () => {
    const env = { COUNTERSIGN_URL: 'http://api.example', COUNTERSIGN_ISSUER: 'https://login.example' };
    const { exit, err } = await stage.run(actionsCommand, ['list'], { env });
    expect({ exit, err }).toEqual({
      exit: 1,
      err: expect.stringContaining('COUNTERSIGN_URL must be an https: address'),
    });
  });

  it('gets on with an API and an issuer that the environment names, and is no place for sandbox people', async () => {
    const env = { COUNTERSIGN_URL: stage.url, COUNTERSIGN_ISSUER: stage.idp.idp.issuer };
    const { exit, err, out } = await stage.run(actionsCommand, ['list', '--json'], { env, browsesAs: 'amara' });
    expect(JSON.parse(out).actions.length).toBeGreaterThan(0);
    expect({ exit, err }).toEqual({ exit: 0, err: expect.stringContaining('Sign in with your browser') });
    const sandbox = await stage.run(actionsCommand, ['list', ...amara], { env });
    expect({ exit: sandbox.exit, err: sandbox.err }).toEqual({
      exit: 2,
      err: expect.stringContaining('Sandbox people'),
    });
  });
});
