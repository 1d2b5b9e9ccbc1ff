/** A vote that the database counted for a worker whose server died: the workflow never heard of it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { verifyProof } from '../../../activities/governance/verify-proof.js';
import { actionSchema, type ActionId } from '../../../src/action/ids.js';
import { decisionSchema } from '../../../src/approval/decision.js';
import type { DecisionEnvelope } from '../../../src/approval/envelope.js';
import { countVote, openVote } from '../../../src/approval/record-vote.tx.js';
import { tokenVerifiers } from '../../../src/identity/tokens.gateway.js';
import { rulebookReader } from '../../../src/rulebook/rulebook.store.js';
import { clinic } from '../../support/stack.js';
import { apiStage, type ApiStage, type Name } from './stage.js';

let api: ApiStage;
beforeAll(async () => {
  api = await apiStage();
});
afterAll(() => api?.stop());

const waiting = async (expiresIn?: number): Promise<ActionId> => {
  const { id } = await api.client().request(await api.medications(expiresIn === undefined ? {} : { expiresIn }));
  return actionSchema.parse(id);
};

/** Counts the person's vote as the worker does, and tells the workflow nothing. */
async function countedUnheard(action: ActionId, by: Name, verdict: 'approve' | 'deny'): Promise<DecisionEnvelope> {
  const reason = verdict === 'deny' ? { reason: 'Not needed today' } : {};
  const { body } = await api.call('POST', '/v1/challenges', await api.person(by), { action, verdict, ...reason });
  const idToken = await api.stack.issuer.voteToken(by, String(body['hash']));
  const envelope: DecisionEnvelope = {
    decision: decisionSchema.parse(body['decision']),
    proof: { kind: 'idp', idToken },
  };
  const deps = { pool: api.stack.db.pool('governance'), rulebook: rulebookReader() };
  const of = { tenant: clinic, action, envelope };
  const opened = await openVote(deps, of);
  if (opened.status !== 'open') throw new Error('it was answered before');
  const verified = await verifyProof({ verifier: tokenVerifiers() }, opened, envelope.proof);
  expect(await countVote(deps, of, opened, verified)).toMatchObject({ status: 'counted' });
  return envelope;
}
const send = async (by: Name, { decision, proof }: DecisionEnvelope) =>
  api.call('POST', '/v1/votes', await api.person(by), { challenge: decision.challenge, proof });

describe('a vote that was counted and of which the workflow never heard', () => {
  it('is told to it when it is sent again, and the action goes on at once', async () => {
    const action = await waiting();
    const envelope = await countedUnheard(action, 'amara', 'approve');
    expect(await send('amara', envelope)).toMatchObject({ status: 200, body: { status: 'counted' } });
    expect(await api.client().wait(action)).toMatchObject({ status: 'completed' });
    expect(await send('amara', envelope)).toMatchObject({ status: 200, body: { status: 'counted' } });
    const kinds = (await api.leaves(action)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind.startsWith('vote.'))).toEqual(['vote.counted']);
  });

  it.each([
    ['approve', 'completed'],
    ['deny', 'denied'],
  ] as const)('holds at the deadline though nobody sends it again: %s', async (verdict, end) => {
    const action = await waiting(3);
    await countedUnheard(action, 'amara', verdict);
    expect(await api.client().wait(action)).toMatchObject({ status: end });
  });
});
