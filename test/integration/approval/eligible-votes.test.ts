/** Votes that were counted and are counted again before the warrant: what became of their authors and keys meanwhile. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { lockAction } from '../../../src/action/action.store.js';
import { tenant, type ActionId } from '../../../src/action/ids.js';
import { eligibleVotes } from '../../../src/approval/eligible-votes.store.js';
import { inTenant } from '../../../src/database/transaction.js';
import { assertionSchema } from '../../../src/passkey/assertion.js';
import { revokePasskey } from '../../../src/passkey/passkey.store.js';
import type { PasskeyId } from '../../../src/passkey/ids.js';
import { origin, passkeyStage, type PasskeyStage } from '../passkey/stage.js';
import { medicationChange, type Cast, type Name, type VoteStage } from './stage.js';

const clinic = tenant('clinic');
const seat: Cast = { actingRoles: ['pharmacist'] };
let keys: PasskeyStage;
let at: VoteStage;
let farids: PasskeyId;
beforeAll(async () => {
  keys = await passkeyStage();
  at = keys.votes;
});
beforeEach(async () => {
  farids = (await keys.enrol('farid')).enrolment;
});
afterAll(() => keys?.end());

async function voted(by: Name, cast: Cast): Promise<ActionId> {
  const of = await at.waiting('24 hours', medicationChange);
  const { decision, hash } = await at.challenge(of, by, cast);
  const assertion = assertionSchema.parse(keys.authenticator(by).get({ challenge: hash, rpId: 'localhost', origin }));
  expect(await at.record(of, { decision, proof: { kind: 'passkey', ...assertion } })).toMatchObject({
    status: 'counted',
  });
  return of;
}

const counting = (of: ActionId) =>
  inTenant(at.db.pool('governance'), clinic, async (tx) => {
    const row = await lockAction(tx, of);
    return row && (await eligibleVotes(tx, row, at.rulebook)).map(({ vote }) => [vote.verdict, ...vote.roles]);
  });

const suspended = async (name: Name) => {
  await at.db.admin.query(
    `INSERT INTO countersign.suspension (tenant, kind, subject, reason) VALUES ('clinic', 'person', $1, 'lost_badge')`,
    [at.person(name)],
  );
};
const restored = () => at.db.admin.query(`DELETE FROM countersign.suspension`);
const revoked = () => inTenant(at.db.pool('api'), clinic, (tx) => revokePasskey(tx, farids, at.person('farid')));

describe('a counted yes', () => {
  it('counts again while nothing changed', async () => {
    expect(await counting(await voted('farid', seat))).toEqual([['approve', 'pharmacist']]);
  });

  it('counts no more once its author is suspended', async () => {
    const of = await voted('farid', seat);
    await suspended('farid');
    expect(await counting(of)).toEqual([]);
    await restored();
  });

  it('counts no more once its author lost the role', async () => {
    const of = await voted('farid', seat);
    await at.db.admin.query(`UPDATE countersign.role_grant SET role = 'auditor' WHERE person = $1 AND role = $2`, [
      at.person('farid'),
      'pharmacist',
    ]);
    expect(await counting(of)).toEqual([]);
    await at.db.admin.query(`UPDATE countersign.role_grant SET role = $2 WHERE person = $1 AND role = 'auditor'`, [
      at.person('farid'),
      'pharmacist',
    ]);
  });

  it('counts no more once the passkey that signed it is revoked', async () => {
    const of = await voted('farid', seat);
    expect(await revoked()).toBe(true);
    expect(await counting(of)).toEqual([]);
  });
});

describe('a counted no', () => {
  const no: Cast = { ...seat, verdict: 'deny' };

  it('stays, whatever became of its author and of their passkey', async () => {
    const of = await voted('farid', no);
    await suspended('farid');
    await revoked();
    expect(await counting(of)).toEqual([['deny', 'pharmacist']]);
    await restored();
  });
});
