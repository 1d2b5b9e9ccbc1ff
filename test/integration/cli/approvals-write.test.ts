/** Votes on changes of the record, at the terminal: the difference that is shown, passkeys, and what has to be typed. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { passkeysCommand } from '../../../src/cli/commands/passkeys.command.js';
import { approvalsCommand } from '../../../src/cli/commands/approvals.command.js';
import { canaryAllergy, canaryOrder, deletionPhrase, reached } from '../../support/asking.js';
import { until } from '../../support/until.js';
import { cliStage, type CliStage, type Seat } from './stage.js';

let stage: CliStage;
beforeAll(async () => {
  stage = await cliStage();
  // Somebody independent: the stack's other senior clinician owns the agent.
  await stage.stack.db.admin.query(
    `INSERT INTO countersign.role_grant (tenant, person, role) VALUES ('clinic', $1, 'senior_clinician')`,
    [stage.stack.people.ben],
  );
  const enrolled = async (person: string): Promise<string> =>
    JSON.parse((await passkeys(['enrol', '--json', ...as(person)])).out).id;
  for (const person of ['chen', 'ben']) ids.set(person, await enrolled(person));
  expect(await passkeys(['vouch', await enrolled('elif'), '--yes', ...as('chen')])).toMatchObject({ exit: 0 });
});
afterAll(() => stage?.stop());

const ids = new Map<string, string>();
const passkeys = (args: readonly string[]) => stage.run(passkeysCommand, args);
const approvals = (args: readonly string[], seat?: Seat) => stage.run(approvalsCommand, args, seat);
const as = (person: string) => ['--sandbox-person', person];
const vote = (verb: string, id: string, person: string, ...more: readonly string[]) =>
  approvals([verb, id, '--yes', '--json', ...more, ...as(person)]);
const told = ({ out }: { readonly out: string }) => JSON.parse(out);
let frequency = 3;
const changed = () => stage.askedToChange({ frequency: (frequency += 1) });
/** One line of what was shown, by its first words. */
const line = (text: string, begins: string) => text.split('\n').find((each) => each.startsWith(begins));

describe('countersign approvals show', () => {
  it('shows record, version, and each field before and after, and whom it takes', async () => {
    const before = stage.stack.ehr.versions(canaryOrder).at(-1);
    const id = await changed();
    const { exit, out } = await approvals(['show', id, ...as('ben')]);
    expect(exit).toBe(0);
    expect(line(out, 'Patient')).toMatch(/Zzyzx Quillfeather, born 1931-02-28$/);
    expect(line(out, 'Record')).toMatch(/Quillamine 37 MG Oral Tablet, ordered \d{4}-/);
    expect(line(out, 'Rests on')).toContain(`${canaryOrder}, version ${before?.meta.versionId}`);
    const lines = out.split('\n');
    const at = lines.findIndex((each) => each.startsWith('Change dosageInstruction[0].text'));
    expect(lines[at]).toMatch(/- 37 mg by mouth 3 times a day$/);
    expect(lines[at + 1]).toMatch(/^ +\+ 37 mg by mouth 4 times a day$/);
    expect(line(out, 'Whole new version')).toMatch(/commitment [0-9a-f]{64}$/);
    expect(line(out, 'Needs')).toContain('the order of a clinician and senior_clinician or pharmacist');
    expect(out).not.toContain('Meanwhile');
  });

  it('shows hidden characters of the record as what they are', async () => {
    const [first] = stage.stack.ehr.versions(canaryOrder);
    const hidden = '37 mg \u202Edaily\u200B \u001B[31mnow';
    const order: Record<string, unknown> = { ...first };
    const [instruction] = order['dosageInstruction'] as [object];
    stage.stack.ehr.edit(canaryOrder, { dosageInstruction: [{ ...instruction, text: hidden }] });
    const id = await changed();
    const { out } = await approvals(['show', id, ...as('ben')]);
    stage.stack.ehr.edit(canaryOrder, { dosageInstruction: [instruction] });
    expect(out).toContain('- 37 mg <U+202E>daily<U+200B> <U+001B>[31mnow');
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe('a change', () => {
  it('is ordered and countersigned with the passkeys of sandbox people, and written', async () => {
    const versions = stage.stack.ehr.versions(canaryOrder).length;
    const id = await changed();
    const ordered = await vote('approve', id, 'chen'); // the only signature that the principal may give
    expect(told(ordered)).toMatchObject({
      revision: 2,
      meaning: 'approve.order',
      roles: ['clinician'],
      vote: 'counted',
      status: 'awaiting_approval',
    });
    expect(ordered.err).toContain('“I order this change and take clinical responsibility for it.”');
    expect(ordered.err).toMatch(/Signing takes your passkey, until/);
    expect(stage.stack.ehr.versions(canaryOrder)).toHaveLength(versions);
    expect(told(await vote('approve', id, 'ben'))).toMatchObject({ meaning: 'approve.access', vote: 'counted' });
    await reached(stage.stack, id, 'completed');
    expect(stage.stack.ehr.versions(canaryOrder)).toHaveLength(versions + 1);
  });

  it('of a record that moved on is shown again, what changed meanwhile first', async () => {
    const id = await changed();
    await vote('approve', id, 'chen');
    stage.stack.ehr.edit(canaryOrder, { note: [{ text: 'Seen in clinic' }] });
    await vote('approve', id, 'ben');
    const out = await until(async () => {
      const shown = await approvals(['show', id, ...as('ben')]);
      return shown.exit === 0 && shown.out.includes('Meanwhile') ? shown.out : undefined;
    });
    expect(out.indexOf('Seen in clinic')).toBeLessThan(out.indexOf('\nChange '));
    expect(told(await vote('deny', id, 'ben', '--reason', 'Look again first'))).toMatchObject({
      revision: 3,
      vote: 'counted',
      status: 'denied',
    });
  });

  it('is not signed for a person without a passkey here, who hears what to do', async () => {
    await stage.stack.db.admin.query(
      `INSERT INTO countersign.role_grant (tenant, person, role) VALUES ('clinic', $1, 'pharmacist')`,
      [stage.stack.people.amara],
    );
    const id = await changed();
    expect(await vote('approve', id, 'amara')).toMatchObject({
      exit: 1,
      out: '',
      err: expect.stringContaining('countersign passkeys enrol --sandbox-person amara'),
    });
  });

  it('is voted on in the browser by everybody else: the address is printed, and nothing is signed here', async () => {
    const id = await changed();
    const page = `${stage.url}/pages/approve?action=${id}`;
    const { exit, out, err } = await approvals(['approve', id, '--yes'], { browsesAs: 'ben' });
    expect({ exit, out }).toEqual({ exit: 0, out: page });
    expect(err).toContain('your passkey, which signs in your browser');
    expect(told(await approvals(['deny', id, '--reason', 'No', '--json'], { browsesAs: 'ben' }))).toEqual({ page });
    expect(stage.answered).not.toContain(`/v1/actions/${id}/wait?seconds=2`); // no vote was sent
  });

  it('is not signed for an API that asks for the key of another site', async () => {
    const id = await changed();
    stage.lie(`/v1/approvals/${id}`, (answer) => ({ ...answer, rpId: 'api.example' }));
    const { exit, err } = await vote('approve', id, 'ben');
    expect({ exit, err }).toEqual({ exit: 1, err: expect.stringContaining('another site than its own') });
  });
});

describe('a deletion', () => {
  it('takes the record typed, letter for letter, and a sign-in beside the passkey', async () => {
    const id = await stage.askedToChange({ deletes: true });
    const phrase = deletionPhrase(stage.stack);
    expect(await vote('approve', id, 'elif')).toMatchObject({
      exit: 2,
      out: '',
      err: expect.stringContaining(`--confirm '${phrase}'`),
    });
    for (const typed of ['', canaryAllergy, phrase.toLowerCase()]) {
      const { exit, err } = await vote('approve', id, 'elif', '--confirm', typed);
      expect({ exit, err }).toEqual({ exit: 3, err: expect.stringContaining('(challenge.confirmation_needed)') });
    }
    const first = await vote('approve', id, 'elif', '--confirm', phrase);
    expect(first.err).toMatch(/Signing takes your passkey, and a sign-in of its own, until/);
    expect(told(first)).toMatchObject({ roles: ['privacy_officer'], vote: 'counted' });
    const lone = await vote('approve', id, 'ben', '--confirm', phrase);
    expect({ exit: lone.exit, err: lone.err.split('\n').at(-1) }).toEqual({
      exit: 1,
      err: 'This vote takes a passkey that a colleague vouched for: countersign passkeys list says how.',
    });
    await passkeys(['vouch', ids.get('ben') ?? '', '--yes', ...as('elif')]);
    const asked = await approvals(['approve', id, ...as('ben')], { sure: true, types: phrase });
    expect(asked).toMatchObject({ exit: 0, out: expect.stringContaining('Your vote counts: approve') });
    expect(asked.err).toContain(`Type ${phrase} to approve this`);
    await reached(stage.stack, id, 'completed');
  });
});

describe('a write of which nobody knows', () => {
  it('is told as such, and ended by what a human says of the record', async () => {
    const transactions = () =>
      stage.stack.ehr.requests('fhir').filter(({ method, path }) => method === 'POST' && path === '/fhir').length;
    const id = await changed();
    await vote('approve', id, 'chen');
    const sent = transactions();
    stage.stack.ehr.faults.set({
      match: { method: 'POST', path: '/fhir', exact: true },
      fault: { kind: 'status', status: 500 },
    });
    await vote('approve', id, 'ben');
    await until(async () => transactions() > sent || undefined);
    await stage.stack.actions.cancel(id); // so that it is not tried again
    await reached(stage.stack, id, 'outcome_unknown');
    const { out } = await approvals(['show', id, ...as('elif')]);
    expect(line(out, 'Unknown')).toContain('look into the record and say whether it is there');
    const no = await vote('deny', id, 'elif', '--reason', 'The order is as it was');
    expect(told(no)).toMatchObject({ meaning: 'deny.no_effect', revision: 3, vote: 'counted' });
    await reached(stage.stack, id, 'failed');
  });
});
