import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAction } from '../../../src/action/admit.tx.js';
import { agent, role, workflowIdOf, type ActionId } from '../../../src/action/ids.js';
import { release } from '../../../src/action/release.tx.js';
import { usualMeaning, type Verdict } from '../../../src/approval/decision.js';
import { openChallenge } from '../../../src/approval/open-challenge.tx.js';
import { isWellFormed, leafOf } from '../../../src/audit/leaf.js';
import { leavesOf } from '../../../src/audit/leaf.store.js';
import { leafHash } from '../../../src/audit/merkle.js';
import { inTenant } from '../../../src/database/transaction.js';
import { disposeBatch } from '../../../src/retention/dispose.tx.js';
import { clinic, startStack, type Stack } from '../../support/stack.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

const triage = agent('triage-agent');
let asked = 0;

/** Opens and starts an action as the API does. */
async function request(type: 'facility.read' | 'medications.read', more: { expiresIn?: number } = {}) {
  asked += 1;
  const [patient] = stack.ehr.demoPatients;
  const admission = await openAction(stack.api, {
    tenant: clinic,
    agent: triage,
    principal: stack.people.chen,
    request: {
      type,
      input: type === 'facility.read' ? {} : { patient: patient?.patient, episode: patient?.encounter },
      purpose: type === 'facility.read' ? 'HOPERAT' : 'TREAT',
      principal: 'verified by the route',
      reason: 'Reconcile medications before discharge',
      idempotencyKey: `k${asked}`,
      ...more,
    },
  });
  const purpose = type === 'facility.read' ? 'HOPERAT' : 'TREAT';
  const admitted = await stack.actions.admit(admission, { type, agent: triage, purpose });
  return { action: admission.action, admitted };
}

/** Votes as a person does: challenge, ID token for these bytes, vote. */
async function vote(action: ActionId, by: keyof Stack['people'], verdict: Verdict, reason?: string) {
  const { decision, hash } = await openChallenge(stack.api, {
    tenant: clinic,
    action,
    approver: stack.people[by],
    verdict,
    meaning: usualMeaning[verdict],
    reason,
    actingRoles: [role('clinical_staff')],
  });
  const idToken = await stack.issuer.voteToken(by, hash);
  return stack.actions.vote(action, decision.challenge, { decision, proof: { kind: 'idp', idToken } });
}

const resultOf = (action: ActionId): Promise<unknown> => stack.client.workflow.getHandle(workflowIdOf(action)).result();
const released = (action: ActionId) => release(stack.api, { tenant: clinic, action, agent: triage });

describe('a governed read, end to end', () => {
  it('of administrative data runs without asking anybody', async () => {
    const { action, admitted } = await request('facility.read');
    expect(admitted).toEqual({ status: 'accepted', tier: 'T0', needs: { status: 'nobody' } });
    expect(await resultOf(action)).toMatchObject({ status: 'completed' });
    const result = await released(action);
    expect(result).toMatchObject({ status: 'completed', output: { truncated: false } });
    expect(JSON.stringify(result)).toMatch(/hoursOfOperation/);
  });

  it('of medications waits for a clinician, and gives the agent what the element lets through', async () => {
    const { action, admitted } = await request('medications.read');
    expect(admitted).toMatchObject({
      status: 'accepted',
      tier: 'T1',
      needs: { status: 'quorum', factors: [{ role: 'clinical_staff', count: 1 }] },
    });
    expect(await vote(action, 'amara', 'approve')).toMatchObject({ status: 'counted' });
    expect(await resultOf(action)).toMatchObject({ status: 'completed' });
    const result = await released(action);
    expect(result.status === 'completed' && result.output.elements['current_medications']?.length).toBeGreaterThan(0);
  });

  it('is denied by a human, whose reason the agent hears', async () => {
    const { action } = await request('medications.read');
    await vote(action, 'ben', 'deny', 'Patient was discharged this morning');
    expect(await resultOf(action)).toMatchObject({ status: 'denied' });
    expect(await released(action)).toEqual({ status: 'denied', reason: 'Patient was discharged this morning' });
  });

  it('expires when nobody answers', async () => {
    const { action } = await request('medications.read', { expiresIn: 2 });
    expect(await resultOf(action)).toMatchObject({ status: 'expired' });
    expect(await released(action)).toEqual({ status: 'expired' });
  });
});

describe('what is left of it', () => {
  it('is a chain of leaves from request to outcome, each the successor of the one before', async () => {
    const { action } = await request('medications.read');
    await vote(action, 'amara', 'approve');
    await resultOf(action);
    await released(action);
    const leaves = await inTenant(stack.db.pool('api'), clinic, (tx) => leavesOf(tx, action));
    const read = leaves.map(({ bytes }) => leafOf(bytes));
    expect(read.map(({ kind }) => kind)).toEqual([
      'action.attempt', // of the system warrant that asks for the relation
      'relation.checked',
      'action.requested',
      'approval.challenged',
      'vote.counted',
      'action.authorised',
      'action.attempt',
      'action.outcome',
      'action.released',
    ]);
    expect(read.map(({ seq }) => seq)).toEqual(read.map((_, at) => at + 1));
    expect(read.every(isWellFormed)).toBe(true);
    const hashes = leaves.map(({ bytes }) => Buffer.from(leafHash(bytes)).toString('hex'));
    expect(read.slice(1).map(({ prev }) => prev)).toEqual(hashes.slice(0, -1));
  });

  it('names the patient nowhere in clear: not in histories, not in any table', async () => {
    const { action } = await request('medications.read');
    await vote(action, 'amara', 'deny', 'The canary Quillfeather sings');
    await resultOf(action);
    const [patient] = stack.ehr.demoPatients;
    const secrets = [patient?.patient, patient?.encounter, patient?.name, 'Quillfeather', 'before discharge'];
    const places = await everything(action);
    for (const secret of secrets.map((text) => text ?? 'missing'))
      for (const form of [
        secret,
        Buffer.from(secret).toString('base64').replace(/=+$/, ''),
        Buffer.from(secret).toString('hex'),
      ])
        expect({ form, found: places.filter(({ text }) => text.includes(form)).map(({ name }) => name) }).toEqual({
          form,
          found: [],
        });
    // The search itself is tried: what we plant in clear, it finds.
    await stack.db.admin.query(`UPDATE countersign.vendor SET name = 'Quillfeather'`);
    expect((await everything(action)).some(({ text }) => text.includes('Quillfeather'))).toBe(true);
  });

  it('cannot be read after its disposal, and its chain still holds', async () => {
    const { action } = await request('facility.read');
    await resultOf(action);
    await stack.db.admin.query('UPDATE countersign.action SET retention_date = current_date WHERE action = $1', [
      action,
    ]);
    const before = await leafCount(action);
    const deps = { pool: stack.db.pool('governance'), keychain: stack.governance.keychain };
    const asOf = new Date().toISOString().slice(0, 10);
    expect(await disposeBatch(deps, { tenant: clinic, asOf })).toEqual({ disposed: 1, more: false });
    expect(await disposeBatch(deps, { tenant: clinic, asOf })).toEqual({ disposed: 0, more: false });
    stack.api.keychain.forget(clinic, action); // what NOTIFY tells the other processes
    await expect(released(action)).rejects.toMatchObject({ code: 'key.gone' });
    const { events } = await stack.client.workflow.getHandle(workflowIdOf(action)).fetchHistory();
    const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    const [decoded] = await stack.codec.decode(input);
    expect(Buffer.from(decoded?.data ?? []).toString()).toBe('{"$unreadable":"erased"}');
    expect(await leafCount(action)).toBe(before + 1);
  });
});

async function leafCount(action: ActionId): Promise<number> {
  return (await inTenant(stack.db.pool('api'), clinic, (tx) => leavesOf(tx, action))).length;
}

/** Raw histories, and every table by COPY. */
async function everything(action: ActionId): Promise<{ readonly name: string; readonly text: string }[]> {
  const { events } = await stack.env.client.workflow.getHandle(workflowIdOf(action)).fetchHistory();
  const history = (events ?? []).map((event) =>
    JSON.stringify(event, (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value)),
  );
  const tables = await stack.db.admin.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('countersign', 'public')`,
  );
  const rows = await Promise.all(
    tables.rows.map(async ({ name }) => ({
      name,
      text: JSON.stringify((await stack.db.admin.query(`SELECT t::text FROM ${name} t`)).rows),
    })),
  );
  return [{ name: 'history', text: history.join('\n') }, ...rows];
}
