import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { actionsCommand } from '../../../src/cli/commands/actions.command.js';
import { projectFolder } from '../../../src/config/project-folder.js';
import { cliStage, type CliStage } from './stage.js';

let stage: CliStage;
beforeAll(async () => {
  stage = await cliStage();
});
afterAll(() => stage?.stop());

const example = join(projectFolder(), 'examples/request.json');
const request = (...args: readonly string[]) => stage.run(actionsCommand, ['request', ...args]);
const triage = ['--agent', 'triage-agent', '--sandbox-person', 'chen'];

describe('countersign actions request', () => {
  it('asks as an agent does, and says who is waited for and what to do next', async () => {
    const { exit, out, err } = await request(example, ...triage);
    const [, id] = /^([a-z2-7]{26}) {2}medications\.read {2}awaiting_approval$/.exec(out) ?? [];
    expect({ exit, id }).toEqual({ exit: 0, id: expect.any(String) });
    expect(err).toContain(`Waits for clinical_staff: countersign approvals approve ${String(id)}`);
  });

  it('says what stands against one that is refused', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'cli-request-')), 'request.json');
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(example, 'utf8')), purpose: 'HOPERAT' }));
    const { exit, out, err } = await request(file, ...triage);
    rmSync(dirname(file), { recursive: true });
    expect({ exit, out }).toEqual({ exit: 0, out: expect.stringMatching(/medications\.read {2}refused$/) });
    expect(err).toMatch(/Against it: .*purpose\.not_of_type/);
  });

  it('makes another action each time', async () => {
    const asked = async () => JSON.parse((await request(example, '--json', ...triage)).out).id;
    expect(await asked()).not.toBe(await asked());
  });

  it('says what the API says of a request that is wrong', async () => {
    const { exit, out, err } = await request(join(projectFolder(), 'package.json'), ...triage);
    expect({ exit: exit === 0, out }).toEqual({ exit: false, out: '' });
    expect(err).toContain('request.invalid');
  });
});
