import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { actionsCommand } from '../../../src/cli/commands/actions.command.js';
import { previewLines } from '../../../src/cli/commands/preview-text.js';
import { cliStage, type CliStage } from './stage.js';

const folder = mkdtempSync(join(tmpdir(), 'cli-preview-'));
let stage: CliStage;
let file: string;
beforeAll(async () => {
  stage = await cliStage();
  const [patient] = stage.stack.ehr.demoPatients;
  file = written({
    type: 'medications.read',
    input: { patient: patient?.patient, episode: patient?.encounter },
    purpose: 'TREAT',
    reason: 'Reconcile medications before discharge',
  });
});
afterAll(async () => {
  await stage?.stop();
  rmSync(folder, { recursive: true });
});

let files = 0;
function written(request: unknown): string {
  const path = join(folder, `request-${(files += 1)}.json`);
  writeFileSync(path, typeof request === 'string' ? request : JSON.stringify(request));
  return path;
}
const preview = (...args: readonly string[]) => stage.run(actionsCommand, ['preview', ...args]);
const triage = ['--agent', 'triage-agent', '--sandbox-person', 'chen'];

describe('countersign actions preview', () => {
  it('tells an agent’s maker what would become of a request, and starts nothing', async () => {
    const { exit, out } = await preview(file, ...triage);
    expect(exit).toBe(0);
    expect(out).toMatch(/^people would be asked\n/);
    expect(out).toMatch(/Tier +T1\n/);
    expect(out).toMatch(/tier\.names_patient/);
    expect(out).toMatch(/minimum_necessary:treat\.triage/);
    expect(out).toMatch(/Asks +clinical_staff \(2 people could\)/);
    expect(out).toMatch(/Waits +4 h at most/);
    expect(out).toMatch(/Assumes +that the principal treats the patient/);
    const { out: list } = await stage.run(actionsCommand, ['list', '--json', '--sandbox-person', 'amara']);
    expect(JSON.parse(list)).toEqual({ actions: [] });
  });

  it('prints the API’s answer for scripts', async () => {
    const { out } = await preview(file, '--json', ...triage);
    expect(JSON.parse(out)).toMatchObject({ status: 'approvals_needed', tier: 'T1', relation: 'assumed' });
  });

  it('asks elsewhere than in a development stack as the agent that the environment names', async () => {
    const env = {
      COUNTERSIGN_STATE: stage.idp.state,
      AGENT_ID: 'triage-agent',
      AGENT_KEY_FILE: stage.idp.agent.keyFile,
      PRINCIPAL_TOKEN: 'no token at all',
    };
    const { exit, err } = await stage.run(actionsCommand, ['preview', file], { env });
    expect({ exit, err }).toEqual({ exit: 3, err: expect.stringContaining('token.') });
  });

  it.each<[what: string, args: () => readonly string[], words: RegExp]>([
    ['no file', () => [join(folder, 'nowhere.json'), ...triage], /cannot be read/],
    ['no JSON', () => [written('{"type":'), ...triage], /one JSON object/],
    ['a list', () => [written([]), ...triage], /one JSON object/],
    [
      'an agent that is not there',
      () => [file, '--agent', 'nobody', '--sandbox-person', 'chen'],
      /it has triage-agent/,
    ],
    ['no agent', () => [file, '--sandbox-person', 'chen'], /AGENT_ID/],
    ['no principal', () => [file, '--agent', 'triage-agent'], /PRINCIPAL_TOKEN/],
  ])('says what is wrong when it is given %s', async (_what, args, words) => {
    const { exit, err } = await preview(...args());
    expect({ exit, err }).toEqual({ exit: 2, err: expect.stringMatching(words) });
  });

  it('hands on what the API says of a request that has not the right shape', async () => {
    const { exit, err } = await preview(written({ type: 'medications.reads', input: {}, purpose: 'TREAT' }), ...triage);
    expect({ exit, err }).toEqual({ exit: 3, err: expect.stringContaining('type.unknown') });
  });
});

describe('a preview on the terminal', () => {
  const view = {
    status: 'refused',
    tier: null,
    why: [{ tier: 'above_T3', why: 'tier.raised:many_patients' }],
    rules: ['tier.beyond:many_patients'],
    nearMisses: [{ rule: 'treatment_read', unmet: ['purpose', 'related'] }],
    missing: ['reason.missing'],
    seats: [
      { role: 'clinician', count: 1, order: true, eligible: 0 },
      { role: 'senior_clinician', or: ['pharmacist'], count: 2, eligible: 1 },
    ],
    deadlineSeconds: 90,
    relation: 'not_needed',
  };
  const lines = previewLines(view, (_style, text) => text);

  it('says what stands against a request, what it lacks, and who could not be found', () => {
    expect(lines).toEqual([
      'would be refused',
      'Tier        –',
      'Because     above T3 by tier.raised:many_patients',
      'Lacks       reason.missing',
      'Against it  tier.beyond:many_patients',
      'Nearly      treatment_read, but for purpose, related',
      'Asks        the order of a clinician (no people could)',
      '            2 × senior_clinician or pharmacist (one person could)',
      'Waits       90 s at most',
    ]);
  });

  it('shows no control character of a rule’s name', () => {
    const odd = previewLines({ ...view, rules: ['rule\u001b[2J'] }, (_style, text) => text);
    expect(odd.join('\n')).not.toContain('\u001b');
  });
});
