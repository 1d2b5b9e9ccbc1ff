/** DESIGN §7: Temporal is gone. What was asked is kept, nothing runs, and the same call finds it when Temporal is back. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { governedActions, type GovernedActions } from '../../../src/temporal/governed-actions.js';
import { apiStage, type ApiStage } from './stage.js';

/** Port 1 refuses connections. */
const dead = governedActions(new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }) }));
let present: GovernedActions = dead;
let api: ApiStage;
beforeAll(async () => {
  api = await apiStage({
    actions: {
      admit: (...given) => present.admit(...given),
      vote: (...given) => present.vote(...given),
      cancel: (...given) => present.cancel(...given),
    },
  });
});
afterAll(() => api?.stop());

describe('without Temporal', () => {
  it('a request is kept but does not run; with Temporal back, the same call starts it', async () => {
    const body = { ...(await api.facility()), idempotencyKey: 'kept' };
    const first = await api.call('POST', '/v1/actions', await api.agent(), body);
    // Either the time is over or the connection is refused; both say to come again with the same key.
    expect([202, 503]).toContain(first.status);
    const kept = await api.stack.db.admin.query(`SELECT action, status FROM countersign.action`);
    expect(kept.rows).toMatchObject([{ status: 'requested' }]);

    present = api.stack.actions;
    const again = await api.call('POST', '/v1/actions', await api.agent(), body);
    expect(again).toMatchObject({ status: 200, body: { id: kept.rows[0].action, tier: 'T0' } });
    expect((await api.client().wait(String(again.body['id']))).status).toBe('completed');
  });

  it('a vote is noted in time and counts when it is sent again', async () => {
    const { id } = await api.client().request(await api.medications());
    present = dead;
    const bearer = await api.person('amara');
    const opened = await api.call('POST', '/v1/challenges', bearer, { action: id, verdict: 'approve' });
    const idToken = await api.stack.issuer.voteToken('amara', String(opened.body['hash']));
    const vote = { challenge: opened.body['challenge'], proof: { kind: 'idp', idToken } };
    expect([202, 503]).toContain((await api.call('POST', '/v1/votes', bearer, vote)).status);
    present = api.stack.actions;
    expect(await api.call('POST', '/v1/votes', bearer, vote)).toMatchObject({
      status: 200,
      body: { status: 'counted' },
    });
    expect((await api.client().wait(id)).status).toBe('completed');
  });
});
