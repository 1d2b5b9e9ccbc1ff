import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { passkeysCommand } from '../../../src/cli/commands/passkeys.command.js';
import { rulebookCommand } from '../../../src/cli/commands/rulebook.command.js';
import { cliStage, type CliStage, type Seat } from './stage.js';

let stage: CliStage;
const root = mkdtempSync(join(tmpdir(), 'countersign-rules-'));
const folder = join(root, 'rules');
beforeAll(async () => {
  stage = await cliStage();
  await stage.stack.db.admin.query(
    `UPDATE countersign.role_grant SET granted_at = clock_timestamp() - interval '2 days'`,
  );
  const [elif, chen] = [await enrolled('elif'), await enrolled('chen')];
  await vouch('chen', elif);
  await vouch('elif', chen);
});
afterAll(async () => {
  await stage?.stop();
  rmSync(root, { recursive: true });
});

const as = (name: string) => ['--sandbox-person', name];
const passkeys = (args: readonly string[]) => stage.run(passkeysCommand, args);
const rulebook = (args: readonly string[], seat?: Seat) => stage.run(rulebookCommand, args, seat);
const history = async () => JSON.parse((await rulebook(['history', '--json', ...as('elif')])).out);

/** The id of a new passkey. */
async function enrolled(name: string): Promise<string> {
  const { exit, out } = await passkeys(['enrol', '--json', ...as(name)]);
  expect(exit).toBe(0);
  return JSON.parse(out).id;
}

async function vouch(by: string, passkey: string): Promise<void> {
  expect(await passkeys(['vouch', passkey, '--yes', ...as(by)])).toMatchObject({ exit: 0 });
}

/** The active rules in a folder of their own, one passage changed. */
async function edited(file: string, from: string, to: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const { active } = await history();
  expect(await rulebook(['show', active, '--to', folder, ...as('elif')])).toMatchObject({ exit: 0 });
  const text = readFileSync(join(folder, file), 'utf8');
  if (!text.includes(from)) throw new Error('the passage is not there');
  writeFileSync(join(folder, file), text.replace(from, to));
}

async function proposed(): Promise<string> {
  const { exit, out, err } = await rulebook(['propose', folder, '--json', ...as('chen')]);
  expect({ exit, err: exit === 0 ? '' : err }).toEqual({ exit: 0, err: '' });
  return JSON.parse(out).digest;
}

describe('countersign rulebook', () => {
  it('proposes an edited folder, has two people read and sign it, activates it, and tells the history', async () => {
    await edited('tiers.yaml', 'deadline: 4h', 'deadline: 3h');
    expect(readdirSync(folder)).toContain('trust-roots.json');
    const { out } = await rulebook(['propose', folder, '--note', 'Shorter nights', ...as('chen')]);
    const digest = /Proposed ([0-9a-f]{64})/.exec(out)?.[1] ?? '';
    expect(out).toContain('tiers.tiers.T1.deadline: "4h" → "3h"');

    const short = digest.slice(0, 12);
    const left = await rulebook(['sign', short, ...as('elif')], { sure: false });
    expect(left).toMatchObject({ exit: 1, err: expect.stringContaining('Nothing was signed.') });
    const first = await rulebook(['sign', short, ...as('elif')], { sure: true });
    expect(first.err).toContain('note      Shorter nights');
    expect(first.err).toContain('tiers.tiers.T1.deadline: "4h" → "3h"');
    expect(first.out).toContain(`countersign rulebook activate ${short}`);
    const early = await rulebook(['activate', short, ...as('chen')]);
    expect(early).toMatchObject({ exit: 3, err: expect.stringContaining('(rulebook.unsigned)') });

    const second = await rulebook(['sign', short, '--yes', '--json', ...as('chen')]);
    expect(JSON.parse(second.out)).toMatchObject({ digest, verdict: 'approve', status: 'signed' });
    expect(second.err).toContain('so far    approve by elif (privacy_officer)');
    const activated = await rulebook(['activate', short, ...as('chen')]);
    expect(activated).toMatchObject({ exit: 0, out: expect.stringContaining(`${digest} governs`) });

    expect(await history()).toMatchObject({ active: digest });
    const told = (await rulebook(['history', ...as('elif')])).out;
    expect(told).toMatch(new RegExp(`${short}\\s.*governs\\s+proposal`));
    expect(told).toMatch(
      /activated\s+chen\s+approve by elif \(privacy_officer\); approve by chen \(senior_clinician\)\s+Shorter/,
    );
  });

  it('names every problem of a folder with line and column, and proposes nothing', async () => {
    await edited('tiers.yaml', 'approvals: nobody', 'aprovals: nobody');
    const before = (await history()).proposals.length;
    const { exit, err } = await rulebook(['propose', folder, ...as('chen')]);
    expect(exit).toBe(1);
    expect(err).toMatch(/tiers\.yaml:\d+:\d+: unknown key "aprovals"; did you mean "approvals"\?/);
    expect((await history()).proposals).toHaveLength(before);
    expect(await rulebook(['propose', join(root, 'nowhere'), ...as('chen')])).toMatchObject({ exit: 1 });
  });

  it('denies: then nobody activates it', async () => {
    await edited('tiers.yaml', 'deadline: 3h', 'deadline: 9h');
    const digest = await proposed();
    expect(await rulebook(['sign', digest, '--deny', '--yes', ...as('elif')])).toMatchObject({ exit: 0 });
    const { exit, err } = await rulebook(['activate', digest, ...as('chen')]);
    expect({ exit, err }).toEqual({ exit: 1, err: 'Its latest proposal is denied; propose it anew.' });
  });

  it('has nobody sign for whose passkey no colleague vouched, and says what to do', async () => {
    await edited('tiers.yaml', 'deadline: 3h', 'deadline: 10h');
    const digest = await proposed();
    const passkey = await enrolled('dora');
    const { exit, err } = await rulebook(['sign', digest, '--yes', ...as('dora')]);
    expect(exit).toBe(3);
    expect(err).toContain('(rulebook.not_vouched)');
    expect(err).toContain('countersign passkeys list');
    const { out } = await passkeys(['list', ...as('dora')]);
    expect(out).toContain(`countersign passkeys vouch ${passkey}`);
    await vouch('elif', passkey);
    expect(await rulebook(['sign', digest, '--yes', ...as('dora')])).toMatchObject({ exit: 0 });
  });

  it('sends a real person to the API’s own page, where their passkey is', async () => {
    await edited('tiers.yaml', 'deadline: 3h', 'deadline: 8h');
    const digest = await proposed();
    const { proposals } = await history();
    const { out } = await rulebook(['sign', digest], { browsesAs: 'elif' });
    expect(out).toBe(`${stage.url}/pages/rulebook?proposal=${proposals[0].id}`);
  });

  it('signs nothing that differs from what was shown', async () => {
    await edited('tiers.yaml', 'deadline: 3h', 'deadline: 7h');
    const digest = await proposed();
    const { active } = await history();
    const sign = () => rulebook(['sign', digest, '--yes', ...as('elif')]);
    const lies: [path: string, lie: (answer: Readonly<Record<string, unknown>>) => object][] = [
      [`/v1/rulebooks/${digest}`, (answer) => ({ ...answer, content: { ...Object(answer['content']), more: 1 } })],
      [`/v1/rulebooks/${active}`, (answer) => ({ ...answer, content: {} })],
      ['/v1/rulebooks/challenges', (answer) => ({ ...answer, hash: 'A'.repeat(43) })],
      [
        '/v1/rulebooks/challenges',
        (answer) => ({ ...answer, statement: { ...Object(answer['statement']), digest: active } }),
      ],
    ];
    for (const [path, lie] of lies) {
      stage.lie(path, lie);
      const { exit, err } = await sign();
      stage.lie(path, undefined);
      expect({ path, exit, told: /[Rr]eport it\./.test(err) }).toEqual({ path, exit: 1, told: true });
    }
    expect((await history()).proposals[0].signatures).toEqual([]);
  });

  it.each([
    ['that nothing begins with', '00000000', 1],
    ['that is none', 'xyz', 2],
  ])('knows no rulebook by a digest %s', async (_what, asked, exit) => {
    for (const command of ['show', 'sign', 'activate'])
      expect(await rulebook([command, asked, ...as('elif')])).toMatchObject({ exit, out: '' });
  });

  it('overwrites nothing', async () => {
    await edited('tiers.yaml', 'deadline: 3h', 'deadline: 6h');
    const { active } = await history();
    const again = await rulebook(['show', active, '--to', folder, ...as('elif')]);
    expect(again).toMatchObject({ exit: 1, err: expect.stringContaining('nothing was written') });
    expect(readFileSync(join(folder, 'tiers.yaml'), 'utf8')).toContain('deadline: 6h');
  });
});
