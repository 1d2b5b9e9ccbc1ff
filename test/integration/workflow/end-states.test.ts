import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { workflowIdOf, type ActionId } from '../../../src/action/ids.js';
import { inTenant } from '../../../src/database/transaction.js';
import { endStateStage, type EndStateStage } from '../../support/end-state-stage.js';
import { endStates, systemRuns } from '../../support/end-states.js';
import {
  endStateNames,
  recordedNames,
  systemRunNames,
  writeRecorded,
  type EndStateName,
  type RecordedKeys,
  type RecordedName,
  type Recording,
} from '../../support/recorded-histories.js';
import { clinic } from '../../support/stack.js';

/** What was seen here is what test/replay replays: `npm run record:histories` writes it down. */
const recording = process.env['COUNTERSIGN_RECORD_HISTORIES'] !== undefined;
const histories = new Map<RecordedName, Recording>();
const keys: RecordedKeys['history'] = {};

let at: EndStateStage;
const begun = new Map<EndStateName, ActionId>();
beforeAll(async () => {
  at = await endStateStage();
  await at.enrol('amara');
  await at.enrol('chen');
  // Who deletes has a passkey for which somebody vouched.
  await at.vouch('amara', (await at.enrol('elif')).passkey);
  await at.vouch('elif', (await at.enrol('ben')).passkey);
  for (const name of endStateNames) if (endStates[name].waits) begun.set(name, await endStates[name].reach(at));
});
afterAll(async () => {
  if (recording) writeRecorded(histories, { tenant: clinic, system: await systemKey(), history: keys });
  await at?.stop();
});

const record = async (name: RecordedName, workflowId: string): Promise<void> =>
  void histories.set(name, await at.stack.client.workflow.getHandle(workflowId).fetchHistory());

async function systemKey(): Promise<Uint8Array> {
  const missing = recordedNames.filter((name) => !histories.has(name));
  if (missing.length > 0)
    throw new Error(`nothing was recorded, because these were not reached: ${missing.join(', ')}`);
  const { pool, keychain } = at.stack.api;
  const key = await inTenant(pool, clinic, (tx) => keychain.tenantKey(tx, clinic, 'system', { create: false }));
  if (!key) throw new Error('the tenant has no system key');
  return key;
}

describe('an action that ended', () => {
  it.each(endStateNames)('%s: a stranger verifies its evidence, which tells how it ended', async (name) => {
    const { reach, tells } = endStates[name];
    const action = await at.ended(begun.get(name) ?? (await reach(at)));
    expect(await at.reconciling.account(action)).toMatchObject(tells);
    const { pool, keychain } = at.stack.api;
    const key = await inTenant(pool, clinic, (tx) => keychain.dek(tx, clinic, action, 'history'));
    if (key) keys[action] = key;
    await record(name, workflowIdOf(action));
  });
});

describe('a workflow that governs no action', () => {
  it.each(systemRunNames)('%s: runs to its end', async (name) => {
    await record(name, await systemRuns[name](at));
  });
});
