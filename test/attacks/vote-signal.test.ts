/** Attacks by Signal, which anybody can send who reaches Temporal: nobody is told no, and nothing may stop for it. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Payload } from '@temporalio/common';
import { tenant, workflowIdOf, type ActionId } from '../../src/action/ids.js';
import type { DecisionEnvelope } from '../../src/approval/envelope.js';
import { nodeAead } from '../../src/keys/aead.node.js';
import { payloadCodec } from '../../src/temporal/payload-codec.js';
import { startStack, type Stack } from '../support/stack.js';
import { voteScene, type VoteScene } from './vote-scene.js';

let stack: Stack;
let at: VoteScene;
beforeAll(async () => {
  stack = await startStack();
  at = voteScene(stack);
});
afterAll(() => stack?.stop());

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const json = (value: unknown): Payload => ({
  metadata: { encoding: utf8('json/plain') },
  data: utf8(JSON.stringify(value)),
});
const boxed = (key: string, data: Uint8Array): Payload => ({
  metadata: { encoding: utf8('binary/encrypted'), key: utf8(key) },
  data,
});

/** What our own codec makes of a value in the name of a tenant, under a key that only the attacker has. */
async function underOwnKey(name: string, value: unknown): Promise<Payload> {
  const codec = payloadCodec({
    tenant: tenant(name),
    keys: { history: async () => undefined, system: randomBytes(32) },
    aead: nodeAead,
    mayBePlain: () => false,
  });
  const [payload] = await codec.encode([json(value)]);
  if (!payload) throw new Error('no payload');
  return payload;
}

async function encodedFor(of: ActionId, value: unknown): Promise<Payload> {
  const context = { type: 'workflow', namespace: 'any', workflowId: workflowIdOf(of) } as const;
  const [payload] = await stack.codec.encode([json(value)], context);
  if (!payload) throw new Error('no payload');
  return payload;
}

async function flipped(payload: Payload): Promise<Payload> {
  const data = Uint8Array.from(payload.data ?? []);
  data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;
  return { ...payload, data };
}

/** An action whose keys were destroyed, so that nothing in its history can be read any more. */
async function erased(value: unknown): Promise<Payload> {
  const { action } = await at.waiting();
  const payload = await encodedFor(action, value);
  await stack.db.admin.query('DELETE FROM countersign.dek WHERE action = $1', [action]);
  stack.governance.keychain.forget(tenant('clinic'), action);
  return payload;
}

type Row = [what: string, payload: (own: DecisionEnvelope) => Payload | Promise<Payload>, code: string];

const payloads: Row[] = [
  ['plain garbage', () => json({ approve: true }), 'vote.malformed'],
  ['a plain word', () => json('approve'), 'vote.malformed'],
  ['what is no JSON', () => ({ ...json(''), data: utf8('{"decision":') }), 'vote.malformed'],
  ['no bytes at all', () => ({ metadata: { encoding: utf8('json/plain') }, data: new Uint8Array() }), 'vote.malformed'],
  ['null', () => ({ metadata: { encoding: utf8('binary/null') } }), 'vote.malformed'],
  ['an encoding that nobody knows', () => ({ metadata: { encoding: utf8('x/y') }, data: utf8('z') }), 'vote.malformed'],
  ['no metadata', () => ({ data: utf8('z') }), 'vote.malformed'],
  ['a box of nothing', () => boxed('system/clinic', new Uint8Array()), 'vote.malformed'],
  ['a box of noise', () => boxed('system/clinic', randomBytes(400)), 'vote.malformed'],
  ['a box that names no key', () => boxed('', randomBytes(400)), 'vote.malformed'],
  ['a box under a key of their own', (own) => underOwnKey('clinic', own), 'vote.malformed'],
  ['a box of another tenant', (own) => underOwnKey('elsewhere', own), 'vote.malformed'],
  ['a box with one bit turned', async (own) => flipped(await encodedFor(own.decision.action, own)), 'vote.malformed'],
  ['a box whose key was destroyed', (own) => erased(own), 'vote.malformed'],
  ['a plain envelope with free text in it', (own) => json({ ...own, note: 'Jane Doe' }), 'vote.malformed'],
  ['the marker of an unreadable payload', () => json({ $unreadable: 'plain' }), 'vote.malformed'],
  [
    'an envelope of another action, in that action’s own box',
    async () => {
      const other = await at.waiting();
      const vote = await at.proven('amara', await at.challenge(other.action, 'amara'));
      return encodedFor(other.action, vote);
    },
    'vote.other_action',
  ],
  [
    'a forged envelope in our own box',
    (own) => encodedFor(own.decision.action, { ...own, proof: { kind: 'idp', idToken: 'aaaa.bbbb.cccc' } }),
    'token.issuer',
  ],
  [
    'a forged envelope in clear',
    (own) => json({ ...own, proof: { kind: 'idp', idToken: 'aaaa.bbbb.cccc' } }),
    'token.issuer',
  ],
];

describe('a Signal that carries', () => {
  it.each(payloads)('%s is refused on the log, and the action goes on to wait', async (_what, forge, code) => {
    const { action } = await at.waiting();
    const own = await at.proven('amara', await at.challenge(action, 'amara'));
    const read = at.patientReads();
    await at.signalPayload(action, await forge(own));
    await at.refused(action, code);
    expect(await at.state(action)).toEqual({ status: 'awaiting_approval', votes: 0, warrants: 0 });
    expect(at.patientReads()).toEqual(read);
    expect(await at.vote(action, own)).toMatchObject({ status: 'counted' });
    expect(await at.ended(action)).toMatchObject({ status: 'completed' });
    expect(await at.refusals(action)).toEqual([code]);
  });

  it('a true vote in clear counts: it holds no free text, and its proof is the person’s own', async () => {
    const { action } = await at.waiting();
    await at.signalPayload(action, json(await at.proven('amara', await at.challenge(action, 'amara'))));
    expect(await at.ended(action)).toMatchObject({ status: 'completed' });
  });
});

describe('a flood of forged votes', () => {
  it('fills neither the log nor the way of the true one', async () => {
    const { action } = await at.waiting();
    const own = await at.proven('amara', await at.challenge(action, 'amara'));
    const forged = (token: string): DecisionEnvelope => ({ ...own, proof: { kind: 'idp', idToken: token } });
    const read = at.patientReads();
    await Promise.all(
      Array.from({ length: 40 }, async (_, n) =>
        n % 2 === 0
          ? at.signal(action, forged(`aaaa.${n}.cccc`))
          : at.signal(action, forged(await stack.issuer.voteToken('amara', `other${n}`))),
      ),
    );
    expect(await at.vote(action, own)).toMatchObject({ status: 'counted' });
    expect(await at.ended(action)).toMatchObject({ status: 'completed' });
    expect(at.patientReads()).toHaveLength(read.length + 1);
    expect((await at.refusals(action)).sort()).toEqual(['token.issuer', 'vote.other_decision']);
    const { rows } = await stack.db.admin.query('SELECT FROM countersign.vote WHERE action = $1', [action]);
    expect(rows).toHaveLength(1);
  });
});
