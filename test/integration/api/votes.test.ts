/** DESIGN §7 for votes, over the API: what is refused, with which code, and that it leaves its leaf and never counts. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import canonicalize from 'canonicalize';
import { createHash, createHmac } from 'node:crypto';
import { apiStage, type ApiStage, type Name } from './stage.js';

let api: ApiStage;
beforeAll(async () => {
  api = await apiStage();
});
afterAll(() => api?.stop());

const waiting = async (more: { expiresIn?: number } = {}): Promise<string> =>
  (await api.client().request(await api.medications(more))).id;
const challenge = async (action: string, by: Name, more: object = {}) =>
  api.call('POST', '/v1/challenges', await api.person(by), { action, verdict: 'approve', ...more });
const cast = async (by: Name, id: unknown, proof: unknown) =>
  api.call('POST', '/v1/votes', await api.person(by), { challenge: id, proof });
const proofOf = async (by: Name, hash: unknown, claims: object = {}) => ({
  kind: 'idp',
  idToken: await api.stack.issuer.voteToken(by, String(hash), { ...claims }),
});
const refused = (code: string) =>
  expect.objectContaining({ kind: 'vote.refused', data: expect.objectContaining({ code }) });
const votesOn = async (action: string): Promise<unknown> =>
  (await api.stack.db.admin.query('SELECT count(*)::int AS n FROM countersign.vote WHERE action = $1', [action]))
    .rows[0];

describe('an approval', () => {
  it('is listed for those who could vote, and for nobody else', async () => {
    const id = await waiting();
    const seenBy = async (name: Name) => {
      const { body } = await api.call('GET', '/v1/approvals', await api.person(name));
      return (body['approvals'] as { id: string; may: unknown }[]).find((each) => each.id === id)?.may;
    };
    const no = ['deny.access', 'deny.not_needed'];
    expect(await seenBy('amara')).toEqual({
      roles: ['clinical_staff'],
      verdicts: ['approve', 'deny'],
      meanings: ['approve.access', 'approve.responsible', ...no],
    });
    expect(await seenBy('elif')).toEqual({ roles: ['privacy_officer'], verdicts: ['deny'], meanings: no });
    expect(await seenBy('chen')).toBeUndefined(); // the principal
    expect(await seenBy('dora')).toBeUndefined(); // owns the agent
    await api.vote(id, 'amara');
    expect(await seenBy('amara')).toBeUndefined();
  });

  it('shows exactly what the vote binds, and each look is on the log', async () => {
    const id = await waiting();
    const { status, body } = await api.call('GET', `/v1/approvals/${id}`, await api.person('amara'));
    expect(status).toBe(200);
    expect(body['shown']).toMatchObject({ reason: 'Reconcile medications before discharge', agent: 'triage-agent' });
    expect(body).toMatchObject({
      tier: 'T1',
      kind: 'asked',
      principalName: 'chen',
      may: { roles: ['clinical_staff'] },
      proof: { method: 'idp', fresh: false },
      credentials: [],
      confirmation: null,
    });
    const bytes = Buffer.from(canonicalize(body['shown']) ?? '');
    const bound = createHmac('sha256', Buffer.from(String(body['salt']), 'base64'))
      .update(bytes)
      .digest('hex');
    expect(bound).toBe(body['displayCommitment']);
    expect(await api.leaves(id)).toContainEqual(
      expect.objectContaining({ kind: 'action.viewed', data: { person: api.stack.people.amara } }),
    );
    const opened = await challenge(id, 'amara');
    expect(opened.body['decision']).toMatchObject({ displayCommitment: bound, rulebook: body['rulebook'] });
  });

  it('is shown to nobody who may not vote on it, and to no agent', async () => {
    const id = await waiting();
    expect(await api.call('GET', `/v1/approvals/${id}`, await api.person('chen'))).toMatchObject({
      status: 403,
      body: { code: 'approval.not_yours', reason: 'vote.self' },
    });
    expect(
      (await api.call('GET', `/v1/approvals/${id}`, await api.agent('triage-agent', 'approvals:read'))).status,
    ).toBe(403);
    expect((await api.leaves(id)).map(({ kind }) => kind)).not.toContain('action.viewed');
  });

  it('that is over is shown no more', async () => {
    const id = await waiting();
    await api.vote(id, 'amara', { verdict: 'deny', reason: 'Not needed' });
    await api.client().wait(id);
    expect(await api.call('GET', `/v1/approvals/${id}`, await api.person('ben'))).toMatchObject({
      status: 409,
      body: { code: 'approval.closed' },
    });
  });
});

describe('a challenge', () => {
  it('answers the decision and the hash of its very bytes', async () => {
    const { status, body } = await challenge(await waiting(), 'amara');
    const bytes = `countersign-decision/v1\n${canonicalize(body['decision']) ?? ''}`;
    expect({ status, hash: body['hash'] }).toEqual({
      status: 201,
      hash: createHash('sha256').update(bytes).digest('base64url'),
    });
    expect(body['decision']).toMatchObject({ challenge: body['challenge'], actingRoles: ['clinical_staff'] });
  });

  it.each<[string, Name, object, number, string]>([
    ['of the principal', 'chen', {}, 409, 'vote.self'],
    ['of the agent’s owner', 'dora', {}, 409, 'vote.self'],
    ['of somebody in no role that is asked', 'elif', {}, 409, 'vote.wrong_role'],
    ['in a role that the person does not hold', 'amara', { actingRoles: ['senior_clinician'] }, 409, 'vote.wrong_role'],
    ['in an unknown role', 'amara', { actingRoles: ['clinical_stuff'] }, 422, 'role.unknown'],
  ])('%s is refused, with a leaf', async (_what, by, more, status, code) => {
    const id = await waiting();
    expect(await challenge(id, by, more)).toMatchObject({ status, body: { code } });
    expect(await api.leaves(id)).toContainEqual(refused(code));
  });

  it.each<[string, object, number, string]>([
    ['a no without a reason', { verdict: 'deny' }, 400, 'challenge.reason_needed'],
    ['a meaning of another verdict', { meaning: 'deny.access' }, 400, 'challenge.unknown_meaning'],
    ['an unknown field', { approver: 'ben' }, 400, 'request.invalid'],
    ['an action that is not there', { action: 'a'.repeat(26) }, 404, 'not_found'],
  ])('for %s is refused', async (_what, more, status, code) => {
    expect(await challenge(await waiting(), 'amara', more)).toMatchObject({ status, body: { code } });
  });
});

describe('a vote', () => {
  it('sent twice counts once and hears the same answer', async () => {
    const id = await waiting();
    const { body } = await challenge(id, 'amara');
    const proof = await proofOf('amara', body['hash']);
    const [first, second] = [
      await cast('amara', body['challenge'], proof),
      await cast('amara', body['challenge'], proof),
    ];
    expect([first, second]).toMatchObject([{ status: 200 }, { status: 200, body: { status: 'counted' } }]);
    expect(await votesOn(id)).toEqual({ n: 1 });
  });

  const old = Math.floor(Date.now() / 1000) - 3_600;
  it.each<[string, string, (hash: unknown) => Promise<unknown>]>([
    ['another decision’s', 'vote.other_decision', () => proofOf('amara', 'A'.repeat(43))],
    ['an old sign-in’s', 'vote.old_sign_in', (hash) => proofOf('amara', hash, { auth_time: old })],
    ['a weak sign-in’s', 'vote.weak_sign_in', (hash) => proofOf('amara', hash, { acr: 'none', amr: ['pwd'] })],
    ['another person’s', 'vote.other_person', (hash) => proofOf('ben', hash)],
    ['for another client', 'token.audience', (hash) => proofOf('amara', hash, { aud: 'elsewhere' })],
    ['an access token as', 'token.audience', async () => ({ kind: 'idp', idToken: await api.person('amara') })],
  ])('with %s proof is refused, with a leaf, and does not count', async (_what, code, proof) => {
    const id = await waiting();
    const { body } = await challenge(id, 'amara');
    expect(await cast('amara', body['challenge'], await proof(body['hash']))).toMatchObject({
      status: 409,
      body: { code },
    });
    expect(await api.leaves(id)).toContainEqual(refused(code));
    expect(await votesOn(id)).toEqual({ n: 0 });
    // The refused proof used nothing up.
    expect((await cast('amara', body['challenge'], await proofOf('amara', body['hash']))).status).toBe(200);
  });

  it.each<[string, unknown]>([
    ['without a proof', undefined],
    ['with an empty proof', {}],
    ['with a proof of an unknown kind', { kind: 'word of honour' }],
  ])('%s is refused, with a leaf', async (_what, proof) => {
    const id = await waiting();
    const { body } = await challenge(id, 'amara');
    expect(await cast('amara', body['challenge'], proof)).toMatchObject({
      status: 400,
      body: { code: 'vote.malformed' },
    });
    expect(await api.leaves(id)).toContainEqual(refused('vote.malformed'));
  });

  it('on another person’s challenge, or on none, is unknown', async () => {
    const id = await waiting();
    const { body } = await challenge(id, 'amara');
    const proof = await proofOf('ben', body['hash']);
    const unknown = { status: 409, body: { code: 'vote.unknown' } };
    expect(await cast('ben', body['challenge'], proof)).toMatchObject(unknown);
    expect(await api.leaves(id)).toContainEqual(refused('vote.unknown'));
    expect(await cast('ben', '00000000-0000-4000-8000-000000000000', proof)).toMatchObject(unknown);
    expect(await cast('ben', 'garbage', proof)).toMatchObject(unknown);
    expect(await api.leaves()).toContainEqual(refused('vote.unknown'));
  });

  it('by an agent is refused, whatever its scopes, and is on the log', async () => {
    const id = await waiting();
    const token = await api.agent('triage-agent', 'approvals:vote approvals:read');
    const { body } = await challenge(id, 'amara');
    const proof = await proofOf('amara', body['hash']);
    const answers = [
      await api.call('POST', '/v1/challenges', token, { action: id, verdict: 'approve' }),
      await api.call('POST', '/v1/votes', token, { challenge: body['challenge'], proof }),
    ];
    expect(answers).toMatchObject(answers.map(() => ({ status: 403, body: { code: 'caller.agent' } })));
    expect(await api.leaves()).toContainEqual(refused('vote.agent'));
    expect(await votesOn(id)).toEqual({ n: 0 });
  });

  it('on an earlier challenge of the same person is superseded', async () => {
    const id = await waiting();
    const first = await challenge(id, 'amara');
    await challenge(id, 'amara');
    const proof = await proofOf('amara', first.body['hash']);
    expect(await cast('amara', first.body['challenge'], proof)).toMatchObject({
      status: 409,
      body: { code: 'vote.superseded' },
    });
    expect(await api.leaves(id)).toContainEqual(refused('vote.superseded'));
  });

  it('on an action that was decided meanwhile, or whose deadline passed, is late', async () => {
    const decided = await waiting();
    const expiring = await waiting({ expiresIn: 2 });
    const [one, two] = [await challenge(decided, 'ben'), await challenge(expiring, 'ben')];
    await api.vote(decided, 'amara');
    await Promise.all([api.client().wait(decided), api.client().wait(expiring)]);
    for (const [id, { body }] of [
      [decided, one],
      [expiring, two],
    ] as const) {
      const answer = await cast('ben', body['challenge'], await proofOf('ben', body['hash']));
      expect(answer).toMatchObject({ status: 409, body: { code: 'vote.late' } });
      expect(await api.leaves(id)).toContainEqual(refused('vote.late'));
    }
  });
});
