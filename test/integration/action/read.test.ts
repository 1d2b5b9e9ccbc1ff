import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { canaryPatient } from '@countersign/sandbox';
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
import { askAnew } from '../../support/asking.js';
import { clinic, startStack, type Stack } from '../../support/stack.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

const triage = agent('triage-agent');
let asked = 0;

/** Opens and starts an action as the API does. */
async function request(
  type: 'facility.read' | 'medications.read',
  more: { expiresIn?: number } = {},
  patient: { readonly patient: string; readonly encounter: string } | undefined = stack.ehr.demoPatients[0],
) {
  asked += 1;
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

describe('whom the principal treats', () => {
  const questions = () =>
    stack.ehr.requests().filter(({ path }) => path === '/fhir/Encounter' || path === '/fhir/CareTeam');
  const leavesOfAction = (action: ActionId) =>
    inTenant(stack.db.pool('api'), clinic, async (tx) =>
      (await leavesOf(tx, action)).map(({ bytes }) => ({ ...leafOf(bytes), hash: hashOf(bytes) })),
    );
  const hashOf = (bytes: Uint8Array): string => Buffer.from(leafHash(bytes)).toString('hex');

  it('is asked of the EHR once in minutes, and each action tells whence it knows', async () => {
    const before = questions().length;
    const [, , patient] = stack.ehr.demoPatients;
    const first = await request('medications.read', {}, patient);
    expect(questions()).toHaveLength(before + 2);
    const second = await request('medications.read', {}, patient);
    expect(second.admitted).toMatchObject({ status: 'accepted', tier: 'T1' });
    expect(questions()).toHaveLength(before + 2);

    const checked = (await leavesOfAction(first.action)).find(({ kind }) => kind === 'relation.checked');
    expect(checked?.data).toMatchObject({ status: 'related', basis: 'encounter_participant' });
    const [reused, requested] = await leavesOfAction(second.action);
    expect(reused).toMatchObject({
      kind: 'relation.reused',
      data: {
        principal: stack.people.chen,
        status: 'related',
        basis: 'encounter_participant',
        from: { action: first.action, leaf: checked?.hash },
      },
    });
    expect(requested?.kind).toBe('action.requested');
  });

  it('is asked again for another patient of the same principal', async () => {
    const before = questions().length;
    const { action } = await request('medications.read', {}, stack.ehr.demoPatients[3]);
    expect(questions()).toHaveLength(before + 2);
    expect((await leavesOfAction(action)).map(({ kind }) => kind)).toContain('relation.checked');
  });

  it('is shown by the care team to a pharmacist, who takes part in no Encounter', async () => {
    const [patient] = stack.ehr.demoPatients;
    await stack.db.admin.query(`UPDATE countersign.person SET practitioner = 'Practitioner/farid' WHERE person = $1`, [
      stack.people.chen,
    ]);
    const { action } = await request('medications.read', {}, patient);
    const canary = { patient: canaryPatient.patient, encounter: canaryPatient.encounter };
    const refused = await request('medications.read', {}, canary);
    await stack.db.admin.query(`UPDATE countersign.person SET practitioner = 'Practitioner/chen' WHERE person = $1`, [
      stack.people.chen,
    ]);
    expect((await leavesOfAction(action)).find(({ kind }) => kind === 'relation.checked')?.data).toMatchObject({
      basis: 'care_team',
    });
    expect(refused.admitted).toMatchObject({ status: 'refused' });
  });

  it('is asked once for an action, and unknown where the EHR does not answer', async () => {
    await askAnew(stack.db);
    stack.ehr.faults.set({ match: { path: '/fhir/CareTeam' }, fault: { kind: 'wrong_patient' } });
    const { action, admitted } = await request('medications.read');
    expect(admitted).toMatchObject({ status: 'refused', rules: expect.arrayContaining(['relation.unknown']) });
    const kinds = (await leavesOfAction(action)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'action.attempt')).toHaveLength(1);
    expect(kinds).not.toContain('relation.reused');
    // And is asked for the next one: what was unknown is not kept.
    expect((await request('medications.read')).admitted).toMatchObject({ status: 'accepted' });
  });

  it('by duty ends with it: what was approved meanwhile does not run', async () => {
    const farid = `UPDATE countersign.person SET practitioner = 'Practitioner/farid' WHERE person = '${stack.people.chen}'`;
    await stack.db.admin.query(
      `${farid};
       INSERT INTO countersign.department_place (tenant, place, department) VALUES ('clinic', 'Location/main', 'primary care');
       INSERT INTO countersign.on_call (tenant, person, department, starts_at, ends_at)
       VALUES ('clinic', '${stack.people.chen}', 'primary care', clock_timestamp() - interval '1 h', clock_timestamp() + interval '1 h')`,
    );
    const canary = { patient: canaryPatient.patient, encounter: canaryPatient.encounter };
    const { action, admitted } = await request('medications.read', {}, canary);
    expect(admitted).toMatchObject({ status: 'accepted' });
    expect((await leavesOfAction(action)).find(({ kind }) => kind === 'relation.checked')?.data).toMatchObject({
      basis: 'on_call',
    });
    await stack.db.admin.query('UPDATE countersign.on_call SET withdrawn_at = clock_timestamp()');
    await vote(action, 'amara', 'approve');
    expect(await resultOf(action)).toMatchObject({ status: 'refused' });
    const refusal = (await leavesOfAction(action)).find(({ kind }) => kind === 'action.refused');
    expect(refusal?.data).toMatchObject({ rules: expect.arrayContaining(['relation.not_related']) });
    await stack.db.admin.query(farid.replace('farid', 'chen'));
  });
});

describe('what is left of it', () => {
  it('is a chain of leaves from request to outcome, each the successor of the one before', async () => {
    await askAnew(stack.db);
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
