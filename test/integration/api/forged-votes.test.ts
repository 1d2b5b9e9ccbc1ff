/** Forged proofs, each of which would become an Update of the action's workflow: a few of them are taken, and no more. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { workflowIdOf, actionSchema } from '../../../src/action/ids.js';
import { proofsAtOnce, voteBrake } from '../../../src/api/vote-brake.js';
import { sendVote } from '../../../src/api/vote.js';
import { clinic } from '../../support/stack.js';
import { apiStage, type ApiStage, type Name } from './stage.js';

let api: ApiStage;
beforeAll(async () => {
  api = await apiStage();
});
afterAll(() => api?.stop());

const waiting = async (): Promise<string> => (await api.client().request(await api.medications())).id;
const challenge = async (action: string, by: Name) =>
  (await api.call('POST', '/v1/challenges', await api.person(by), { action, verdict: 'approve' })).body;
const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** Of the right shape, and no two alike. */
const forged = (n: number) => ({
  kind: 'idp',
  idToken: `${base64url({ alg: 'ES256', kid: 'none' })}.${base64url({ iss: 'https://nobody.example', n })}.AAAA`,
});
const proofOf = async (by: Name, hash: unknown) => ({
  kind: 'idp',
  idToken: await api.stack.issuer.voteToken(by, String(hash)),
});
/** Updates in the history, but for the one of the start. */
async function updates(action: string): Promise<number> {
  const handle = api.stack.client.workflow.getHandle(workflowIdOf(actionSchema.parse(action)));
  const { events } = await handle.fetchHistory();
  return (events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length - 1;
}
const codesOf = (leaves: Awaited<ReturnType<ApiStage['leaves']>>) =>
  leaves.flatMap(({ kind, data }) => (kind === 'vote.refused' ? [(data as { code: string }).code] : []));

describe('a flood of forged votes', () => {
  it('is held after twenty, with one leaf, and takes nothing from anybody else', async () => {
    const action = await waiting();
    const own = await challenge(action, 'amara');
    const bearer = await api.person('amara');
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, n) =>
        api.call('POST', '/v1/votes', bearer, { challenge: own['challenge'], proof: forged(n) }),
      ),
    );
    const held = answers.filter(({ status }) => status === 429);
    expect(held).toHaveLength(60 - proofsAtOnce);
    for (const { body, headers } of held) {
      expect(body).toMatchObject({ code: 'vote.too_many', status: 429 });
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(await updates(action)).toBeLessThanOrEqual(proofsAtOnce);
    const refusals = codesOf(await api.leaves(action));
    expect(refusals.filter((code) => code === 'vote.too_many')).toHaveLength(1);

    // Her own true vote waits too, and Ben's does not.
    const next = await challenge(action, 'amara');
    const true1 = await proofOf('amara', next['hash']);
    expect(await api.call('POST', '/v1/votes', bearer, { challenge: next['challenge'], proof: true1 })).toMatchObject({
      status: 429,
    });
    expect(await api.vote(action, 'ben')).toMatchObject({ status: 200 });
    expect(await api.client().wait(action)).toMatchObject({ status: 'completed' });
  });

  it('leaves the way to the person’s own vote under a new challenge, after the pause', async () => {
    const action = await waiting();
    let now = 0;
    const { pool } = api.stack.api;
    const deps = { pool, tenant: clinic, actions: api.stack.actions, brake: voteBrake(() => now) };
    const send = (opened: Awaited<ReturnType<typeof challenge>>, proof: unknown) =>
      sendVote(deps, api.stack.people.amara, { challenge: String(opened['challenge']), proof });
    const first = await challenge(action, 'amara');
    for (let n = 0; n < proofsAtOnce; n++)
      expect(await send(first, forged(n))).toMatchObject({ status: 'refused', code: 'token.issuer' });
    const opened = await challenge(action, 'amara');
    const proof = await proofOf('amara', opened['hash']);
    const held = await send(opened, proof);
    expect(held).toMatchObject({ status: 'refused', code: 'vote.too_many' });
    now += 1_000 * (held.status === 'refused' ? (held.retryAfter ?? 0) : 0);
    expect(await send(opened, proof)).toMatchObject({ status: 'counted' });
    expect(await send(opened, proof)).toMatchObject({ status: 'counted' });
    expect(await api.client().wait(action)).toMatchObject({ status: 'completed' });

    // A vote that counted lets nobody through by being sent again between forged ones.
    for (let n = 0; n < proofsAtOnce; n++) await send(opened, forged(100 + n));
    expect(await send(opened, proof)).toMatchObject({ status: 'counted' });
    expect(await send(opened, forged(200))).toMatchObject({ status: 'refused', code: 'vote.too_many' });
  });
});
