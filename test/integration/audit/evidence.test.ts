import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAction } from '../../../src/action/admit.tx.js';
import { action, agent, role, workflowIdOf, type ActionId } from '../../../src/action/ids.js';
import { isRetryable } from '../../../src/action/refusal.js';
import { release } from '../../../src/action/release.tx.js';
import { usualMeaning, type Verdict } from '../../../src/approval/decision.js';
import { openChallenge } from '../../../src/approval/open-challenge.tx.js';
import type { EvidenceBundle } from '../../../src/audit/bundle.js';
import { evidenceOf } from '../../../src/audit/evidence.tx.js';
import { formatVerifier, parseVerifier } from '../../../src/audit/note.js';
import { verifyBundle } from '../../../src/audit/verify.js';
import { disposeBatch } from '../../../src/retention/dispose.tx.js';
import { createLogKey } from '../../../src/signer/log-key.node.js';
import { clinic, logSigner, startStack, type Stack } from '../../support/stack.js';
import { unsigned } from '../../support/unsigned.js';

const folder = mkdtempSync(join(tmpdir(), 'countersign-evidence-'));
const vkey = formatVerifier(logSigner);
const logs = [parseVerifier(vkey)].flatMap((verifier) => verifier ?? []);
const triage = agent('triage-agent');

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

async function request(type: 'facility.read' | 'medications.read', expiresIn?: number): Promise<ActionId> {
  const [patient] = stack.ehr.demoPatients;
  const purpose = type === 'facility.read' ? 'HOPERAT' : 'TREAT';
  const admission = await openAction(stack.api, {
    tenant: clinic,
    agent: triage,
    principal: stack.people.chen,
    request: {
      type,
      input: type === 'facility.read' ? {} : { patient: patient?.patient, episode: patient?.encounter },
      purpose,
      principal: 'verified by the route',
      reason: 'Reconcile medications before discharge',
      idempotencyKey: randomUUID(),
      ...(expiresIn !== undefined && { expiresIn }),
    },
  });
  await stack.actions.admit(admission, { type, agent: triage, purpose });
  return admission.action;
}

async function vote(of: ActionId, by: keyof Stack['people'], verdict: Verdict, reason?: string): Promise<void> {
  const { decision, hash } = await openChallenge(stack.api, {
    tenant: clinic,
    action: of,
    approver: stack.people[by],
    verdict,
    meaning: usualMeaning[verdict],
    reason,
    actingRoles: [role('clinical_staff')],
  });
  const idToken = await stack.issuer.voteToken(by, hash);
  await stack.actions.vote(of, decision.challenge, { decision, proof: { kind: 'idp', idToken } });
}

const ended = (of: ActionId): Promise<unknown> => stack.client.workflow.getHandle(workflowIdOf(of)).result();
const ask = (of: ActionId): Promise<EvidenceBundle> => evidenceOf(stack.db.pool('api'), clinic, of);

/** Asks as a caller does who is told `evidence.not_yet`. */
async function evidence(of: ActionId): Promise<EvidenceBundle> {
  for (;;)
    try {
      return await ask(of);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'evidence.not_yet')) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

/** The command as built, in a process that has no proxy, no stack and nothing to ask. */
function verify(file: string, ...more: string[]) {
  const script = `process.argv.splice(1, 0, 'countersign');
    const { auditCommand } = await import('./dist/src/cli/commands/audit.command.js');
    await auditCommand().parseAsync(process.argv);`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', script, '--', 'verify', file, ...more],
    { encoding: 'utf8', env: {} },
  );
  return { status, stdout, stderr };
}

describe('the evidence of an action', () => {
  it('is not there yet while nobody has signed, or the action runs', async () => {
    const of = await request('facility.read');
    await unsigned(stack.db, async () => {
      await ended(of);
      await expect(ask(of)).rejects.toMatchObject({ code: 'evidence.not_yet' });
    });
    expect(isRetryable('evidence.not_yet')).toBe(true);
    const verified = verifyBundle(await evidence(of), logs);
    expect(verified).toMatchObject({ status: 'valid', account: { requested: { tier: 'T0' }, votes: [] } });
    const waiting = await request('medications.read');
    await expect(ask(waiting)).rejects.toMatchObject({ code: 'evidence.not_yet' });
    await vote(waiting, 'amara', 'deny', 'Not today');
    await ended(waiting);
    await expect(ask(action('a'.repeat(26)))).rejects.toMatchObject({ code: 'action.not_found' });
  });

  it('of an approved read names the approver, the attempt, the outcome and the release', async () => {
    const of = await request('medications.read');
    await vote(of, 'amara', 'approve');
    await ended(of);
    await release(stack.api, { tenant: clinic, action: of, agent: triage });
    const bundle = await evidence(of);
    expect(verifyBundle(bundle, logs)).toMatchObject({
      status: 'valid',
      account: {
        requested: { type: 'medications.read', tier: 'T1', principal: stack.people.chen, agent: { id: triage } },
        votes: [{ approver: stack.people.amara, verdict: 'approve', roles: ['clinical_staff'] }],
        outcome: { status: 'completed' },
        released: [{ agent: triage }],
      },
    });
    const [patient] = stack.ehr.demoPatients;
    for (const secret of [patient?.patient, patient?.encounter, patient?.name, 'before discharge'])
      expect(JSON.stringify(bundle)).not.toContain(secret);
  });

  it.each([
    ['denied', 'medications.read' as const],
    ['expired', 'medications.read' as const],
  ])('of an action that was %s verifies too', async (status, type) => {
    const of = await request(type, status === 'expired' ? 2 : undefined);
    if (status === 'denied') await vote(of, 'ben', 'deny', 'Not needed');
    await ended(of);
    expect(verifyBundle(await evidence(of), logs)).toMatchObject({ status: 'valid', account: { outcome: { status } } });
  });

  it('still verifies when the content is erased, and tells of the erasure', async () => {
    const of = await request('medications.read');
    await vote(of, 'amara', 'approve');
    await ended(of);
    await stack.db.admin.query('UPDATE countersign.action SET retention_date = current_date WHERE action = $1', [of]);
    const deps = { pool: stack.db.pool('governance'), keychain: stack.governance.keychain };
    await disposeBatch(deps, { tenant: clinic, asOf: new Date().toISOString().slice(0, 10) });
    expect(verifyBundle(await evidence(of), logs)).toMatchObject({
      status: 'valid',
      account: { disposed: { erasure: 'logical', outOfReach: ['agent', 'ehr'] } },
    });
  });
});

describe('countersign audit verify', () => {
  const file = join(folder, 'evidence.json');
  beforeAll(async () => {
    const of = await request('medications.read');
    await vote(of, 'amara', 'approve');
    await ended(of);
    writeFileSync(file, `${JSON.stringify(await evidence(of), null, 2)}\n`);
  });
  const changed = (name: string, change: (text: string) => string | Buffer): string => {
    const other = join(folder, name);
    writeFileSync(other, change(readFileSync(file, 'utf8')));
    return other;
  };

  it('says VALID, who asked, who approved, and what was not checked', () => {
    const { status, stdout } = verify(file, '--vkey', vkey);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^VALID: signed by the log dev\.countersign\/clinic/);
    expect(stdout).toMatch(/agent triage-agent/);
    expect(stdout).toContain(`approve by ${stack.people.amara} as clinical_staff`);
    expect(stdout).toContain('The passkey signatures of 0 of 1 vote(s) were checked.');
    expect(stdout).toMatch(/identity provider on ID tokens were not checked/);
  });

  it('says the same as JSON', () => {
    const { status, stdout } = verify(file, '--json', '--vkey', vkey);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'valid', account: { outcome: { status: 'completed' } } });
  });

  it('ends with 41 where no key was given', () => {
    const { status, stdout } = verify(file);
    expect(status).toBe(41);
    expect(stdout).toMatch(/NOT VERIFIED/);
  });

  it.each<[string, () => [string, ...string[]], string]>([
    [
      'one byte is another',
      () => [changed('flip', (text) => text.replace('triage-agent', 'triage-agenu')), '--vkey', vkey],
      'leaf.not_included',
    ],
    ['one byte is another and no key is given', () => [changed('flip', (text) => text.replace('T1', 'T0'))], 'leaf.'],
    ['the file is cut off', () => [changed('cut', (text) => text.slice(0, -9)), '--vkey', vkey], 'bundle.malformed'],
    ['the file is empty', () => [changed('empty', () => ''), '--vkey', vkey], 'bundle.malformed'],
    [
      'the file is no text',
      () => [changed('bytes', () => Buffer.from([0xff, 0xfe])), '--vkey', vkey],
      'file.unreadable',
    ],
    ['there is no file', () => [join(folder, 'nowhere'), '--vkey', vkey], 'file.unreadable'],
    [
      'the key is of another log',
      () => [file, '--vkey', createLogKey(join(folder, randomUUID()), 'dev.countersign/clinic')],
      'checkpoint.not_signed',
    ],
    ['the key is garbage', () => [file, '--vkey', 'garbage'], 'key.malformed'],
    ['one of two keys is garbage', () => [file, '--vkey', vkey, '--vkey', ''], 'key.malformed'],
  ])('ends with 40 and says what to do where %s', (_what, args, code) => {
    const [of, ...more] = args();
    const told = verify(of, ...more);
    expect(told).toMatchObject({ status: 40, stderr: '' });
    expect(told.stdout).toMatch(/^INVALID/);
    expect(told.stdout).toContain(code);
    const json = verify(of, ...more, '--json');
    expect(json.status).toBe(40);
    expect(JSON.parse(json.stdout)).toMatchObject({ status: 'invalid', problems: expect.anything() });
  });
});
