import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { canaryPatient, canaryValues } from '@countersign/sandbox';
import { release } from '../../src/action/release.tx.js';
import type { ActionId } from '../../src/action/ids.js';
import { inTenant } from '../../src/database/transaction.js';
import { request, requestChange, resultOf, triage, vote } from '../support/asking.js';
import { histories, leaks, tables, type Place } from '../support/leak-search.js';
import { startProcesses, type Processes } from '../support/processes.js';
import { clinic } from '../support/stack.js';

/** Beside what the record holds: what the agent wrote, and what the human said. */
const reason = 'Zzyzx Quillfeather asked for a list before the ferry leaves';
const no = 'Mulberry forbids it';
const secrets = [...canaryValues, 'before the ferry leaves', 'Mulberry'];

let processes: Processes;
beforeAll(async () => {
  processes = await startProcesses();
  await Promise.all([processes.start('governance'), processes.start('ehr')]);
}, 120_000);
afterAll(() => processes?.stop());

const about = { patient: canaryPatient, reason };
const released = (action: ActionId) => release(processes.api, { tenant: clinic, action, agent: triage });

const shown = async (action: ActionId): Promise<string> => {
  const { pool, keychain } = processes.api;
  const { bytes } = await inTenant(pool, clinic, (tx) => keychain.unseal(tx, clinic, action, 'display/2'));
  return new TextDecoder().decode(bytes);
};

async function everything(): Promise<Place[]> {
  return [
    ...(await histories(processes.client)),
    ...(await tables(processes.db.admin)),
    { name: 'logs', text: processes.logs() },
  ];
}

describe('a canary patient', () => {
  it('goes through every type and every end', async () => {
    const approved = async (type: 'medications.read' | 'record.read', more = {}) => {
      const { action, admitted } = await request(processes, type, { ...about, ...more });
      await admitted;
      await vote(processes, action, 'amara', 'approve');
      expect(await resultOf(processes, action)).toMatchObject({ status: 'completed' });
      return released(action);
    };
    // The record really went through: the agent has it.
    expect(JSON.stringify(await approved('medications.read'))).toContain('Quillamine');
    const elements = ['allergy_history', 'current_medications'];
    const record = JSON.stringify(await approved('record.read', { elements }));
    for (const value of ['moonseed', 'Zephyrolol']) expect(record).toContain(value);

    const facility = await request(processes, 'facility.read', { reason });
    await facility.admitted;
    expect(await resultOf(processes, facility.action)).toMatchObject({ status: 'completed' });

    const denied = await request(processes, 'medications.read', about);
    await denied.admitted;
    await vote(processes, denied.action, 'ben', 'deny', no);
    expect(await resultOf(processes, denied.action)).toMatchObject({ status: 'denied' });
    expect(await released(denied.action)).toEqual({ status: 'denied', reason: no });

    const expired = await request(processes, 'medications.read', { ...about, expiresIn: 1 });
    await expired.admitted;
    expect(await resultOf(processes, expired.action)).toMatchObject({ status: 'expired' });

    const cancelled = await request(processes, 'medications.read', about);
    await cancelled.admitted;
    await processes.actions.cancel(cancelled.action);
    expect(await resultOf(processes, cancelled.action)).toMatchObject({ status: 'cancelled' });

    // A change of the record is shown with the name of whoever it is of, and the record's, where people sign for it.
    const change = await requestChange(processes, { reason });
    expect(await shown(change)).toContain(canaryPatient.name);
    await processes.actions.cancel(change);
    expect(await resultOf(processes, change)).toMatchObject({ status: 'cancelled' });

    // Somebody else's record comes back: nothing of it may be told, and nothing of it may be kept.
    const [other] = processes.ehr.demoPatients;
    processes.ehr.faults.set({ match: { path: '/fhir/MedicationRequest' }, fault: { kind: 'wrong_patient' } });
    const crossed = await request(processes, 'medications.read', { ...about, ...(other && { patient: other }) });
    await crossed.admitted;
    await vote(processes, crossed.action, 'amara', 'approve');
    expect(await resultOf(processes, crossed.action)).toMatchObject({ status: 'failed' });
  });

  it('is found in no history, no table and no log', async () => {
    const places = await everything();
    expect(places.length).toBeGreaterThan(30);
    expect(leaks(places, secrets)).toEqual([]);
  });

  it('would be found there: what is planted, is', async () => {
    const naked = new Client({
      connection: processes.client.connection,
      namespace: processes.client.options.namespace,
    });
    const workflowId = `planted/${randomUUID()}`;
    await naked.workflow.start('nobody', { taskQueue: 'nobody', workflowId, args: [`see ${canaryPatient.name}`] });
    await processes.db.admin.query(
      `UPDATE countersign.vendor SET name = encode('hex of moonseed Quillfeather', 'hex')`,
    );
    const log: Place = { name: 'logs', text: Buffer.from(`xx${canaryPatient.name}yy`).toString('base64') };
    const found = leaks([...(await everything()), log], ['Quillfeather']);
    expect(found.map(({ place }) => place).sort()).toEqual(['countersign.vendor', 'logs', workflowId]);
  });
});
