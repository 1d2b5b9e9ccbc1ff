import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ActionId } from '../../../src/action/ids.js';
import { release, type Released } from '../../../src/action/release.tx.js';
import { leafOf } from '../../../src/audit/leaf.js';
import { leavesOf } from '../../../src/audit/leaf.store.js';
import { inTenant } from '../../../src/database/transaction.js';
import { request, resultOf, triage } from '../../support/asking.js';
import { clinic, startStack, type Stack } from '../../support/stack.js';
import { until } from '../../support/until.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

const released = (action: ActionId) => release(stack.api, { tenant: clinic, action, agent: triage });

/** A read that completed; its row then says what `more` says. */
async function completed(more: string): Promise<ActionId> {
  const { action, admitted } = await request(stack, 'facility.read');
  await admitted;
  await resultOf(stack, action);
  await stack.db.admin.query(`UPDATE countersign.action SET ${more} WHERE action = $1`, [action]);
  return action;
}

/** Places its outcome where no checkpoint reaches yet, as if the signer were down. */
const uncovered = `outcome = jsonb_set(outcome, '{leaf}', '1000000')`;

const kinds = async (action: ActionId): Promise<string[]> =>
  (await inTenant(stack.db.pool('api'), clinic, (tx) => leavesOf(tx, action))).map(({ bytes }) => leafOf(bytes).kind);

describe('what a checkpoint does not cover yet', () => {
  it.each([
    ['T2', `tier = 'T2'`],
    ['T3', `tier = 'T3'`],
    ['a write of T1', `tier = 'T1', type = 'admin.update'`],
    ['a type that nobody knows', `tier = 'T1', type = 'something.else'`],
    ['what has no tier and was not refused', `tier = NULL`],
  ])('is not told of %s, and nothing says that it was', async (_what, more) => {
    const action = await completed(`${more}, ${uncovered}`);
    await expect(released(action)).rejects.toMatchObject({ code: 'evidence.not_yet' });
    expect(await kinds(action)).not.toContain('action.released');
  });

  it('is not told either when it is a no', async () => {
    const action = await completed(`tier = 'T2', status = 'withheld', ${uncovered}`);
    await expect(released(action)).rejects.toMatchObject({ code: 'evidence.not_yet' });
  });

  it.each(['T0', 'T1'])('is told of a read of %s', async (tier) => {
    const action = await completed(`tier = '${tier}', ${uncovered}`);
    expect(await released(action)).toMatchObject({ status: 'completed', modified: [] });
  });
});

/** Asks as a caller does who is told to come again. */
async function releasedInTime(action: ActionId): Promise<Released> {
  return until(() =>
    released(action).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'evidence.not_yet') return undefined;
      throw error;
    }),
  );
}

describe('what a checkpoint covers', () => {
  it('is told, of T2 as well', async () => {
    const action = await completed(`tier = 'T2'`);
    expect(await releasedInTime(action)).toMatchObject({ status: 'completed', modified: [] });
    expect(await kinds(action)).toContain('action.released');
  });

  it('is told of a write that people settled, though nobody knows its version; of a read it would be a defect', async () => {
    const write = await completed(`tier = 'T2', type = 'admin.update'`);
    const read = await completed(`tier = 'T2'`);
    await stack.db.admin.query('ALTER TABLE countersign.sealed DISABLE TRIGGER USER');
    await stack.db.admin.query(`DELETE FROM countersign.sealed WHERE path = 'result' AND action = ANY($1)`, [
      [write, read],
    ]);
    expect(await releasedInTime(write)).toMatchObject({ output: { elements: {} }, modified: [] });
    await expect(releasedInTime(read)).rejects.toMatchObject({ code: 'sealed.missing' });
  });
});
