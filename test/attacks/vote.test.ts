/** Attacks on promise 10: whoever holds the API's database login and its keys still cannot make a human's yes. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT, base64url, decodeJwt, generateKeyPair, type JWTPayload } from 'jose';
import type { ActionId } from '../../src/action/ids.js';
import type { Decision } from '../../src/approval/decision.js';
import type { DecisionEnvelope } from '../../src/approval/envelope.js';
import { testIssuer, type TestIssuer } from '../support/issuer.js';
import { startStack, type Stack } from '../support/stack.js';
import { triage, voteScene, type Name, type VoteScene } from './vote-scene.js';

let stack: Stack;
let at: VoteScene;
let elsewhere: TestIssuer;
beforeAll(async () => {
  [stack, elsewhere] = await Promise.all([startStack(), testIssuer()]);
  at = voteScene(stack);
});
afterAll(async () => {
  await stack?.stop();
  await elsewhere?.close();
});

const stillAsking = { status: 'awaiting_approval', votes: 0, warrants: 0 };
const now = (): number => Math.floor(Date.now() / 1000);
const genuine = (hash: string, more?: JWTPayload): Promise<string> => stack.issuer.voteToken('amara', hash, more);

/** The same claims, signed by a key that the issuer never had, or with its public keys as a secret. */
async function resigned(token: string, alg: 'ES256' | 'HS256'): Promise<string> {
  const jwt = new SignJWT(decodeJwt(token)).setProtectedHeader({ alg, kid: 'k1' });
  if (alg === 'ES256') return jwt.sign((await generateKeyPair(alg)).privateKey);
  const publicKeys = await fetch(`${stack.issuer.url}/jwks`);
  return jwt.sign(new TextEncoder().encode(await publicKeys.text()));
}

/** Another decision of Amara's on this action, whose token is then shown for her yes. */
async function nonceOfHerNo(of: ActionId): Promise<string> {
  return (await at.challenge(of, 'amara', 'deny')).hash;
}

type Attack = [what: string, token: (hash: string, other: string) => Promise<string>, code: string];

const tokens: Attack[] = [
  ['signed by another key', async (hash) => resigned(await genuine(hash), 'ES256'), 'token.invalid'],
  ['signed with our issuer’s public keys', async (hash) => resigned(await genuine(hash), 'HS256'), 'token.invalid'],
  [
    'altered under the old signature',
    async (hash) => {
      const [head, , signature] = (await stack.issuer.voteToken('ben', hash)).split('.');
      return [head, base64url.encode(JSON.stringify(decodeJwt(await genuine(hash)))), signature].join('.');
    },
    'token.invalid',
  ],
  ['of an issuer of their own', (hash) => elsewhere.voteToken('amara', hash), 'token.issuer'],
  [
    'of an issuer of their own that gives our issuer’s name',
    (hash) => elsewhere.voteToken('amara', hash, { iss: stack.issuer.url }),
    'token.invalid',
  ],
  ['for her other decision on this action', (_, other) => genuine(other), 'vote.other_decision'],
  [
    'for her decision on another action',
    async () => genuine((await at.challenge((await at.waiting()).action, 'amara')).hash),
    'vote.other_decision',
  ],
  ['of another person, for this decision', (hash) => stack.issuer.voteToken('ben', hash), 'vote.other_person'],
  ['of the agent, for this decision', (hash) => stack.issuer.voteToken(triage, hash), 'vote.other_person'],
  ['by which the agent signs in', () => stack.issuer.agentToken(triage), 'token.audience'],
  ['by which she lets the agent act', () => stack.issuer.principalToken('amara', triage), 'token.audience'],
  [
    'of access, though for the voting client',
    (hash) =>
      stack.issuer.sign(
        { sub: 'amara', aud: stack.issuer.voteClient, nonce: hash, auth_time: now(), amr: ['mfa'] },
        'at+jwt',
      ),
    'token.invalid',
  ],
  ['for a client that may not vote', (hash) => genuine(hash, { aud: 'somebody-else' }), 'token.audience'],
  [
    'that another client asked for',
    (hash) => genuine(hash, { aud: [stack.issuer.voteClient, 'somebody-else'], azp: 'somebody-else' }),
    'token.audience',
  ],
  ['of a sign-in before the challenge', (hash) => genuine(hash, { auth_time: now() - 60 }), 'vote.old_sign_in'],
  ['of a sign-in by password only', (hash) => genuine(hash, { acr: '1', amr: ['pwd'] }), 'vote.weak_sign_in'],
  ['that is silent about the sign-in', (hash) => genuine(hash, { acr: '', amr: [] }), 'vote.weak_sign_in'],
  [
    'without a nonce',
    () => stack.issuer.sign({ sub: 'amara', aud: stack.issuer.voteClient, auth_time: now(), amr: ['mfa'] }),
    'token.invalid',
  ],
];

describe('a token', () => {
  it.each(tokens)('%s counts for nothing, and the log says why', async (_what, forge, code) => {
    const { action } = await at.waiting();
    const other = await nonceOfHerNo(action);
    const { decision, hash } = await at.challenge(action, 'amara');
    const forged: DecisionEnvelope = { decision, proof: { kind: 'idp', idToken: await forge(hash, other) } };
    const read = at.patientReads();
    expect(await at.vote(action, forged)).toEqual({ status: 'refused', code });
    expect(await at.state(action)).toEqual(stillAsking);
    expect(await at.refusals(action)).toEqual([code]);
    // By Signal too, where nobody hears the answer; the same refusal leaves no second leaf.
    await at.signal(action, forged);
    expect(at.patientReads()).toEqual(read);
    // And it took nothing from her: the same challenge still takes her own token.
    expect(await at.vote(action, { decision, proof: { kind: 'idp', idToken: await genuine(hash) } })).toMatchObject({
      status: 'counted',
    });
    expect(await at.ended(action)).toMatchObject({ status: 'completed' });
    expect(await at.refusals(action)).toEqual([code]);
    expect(at.patientReads()).toHaveLength(read.length + 1);
  });

  it('of hers that was counted is worth nothing a second time, wherever it is sent', async () => {
    const [first, second] = [await at.waiting(), await at.waiting()];
    const yes = await at.proven('amara', await at.challenge(first.action, 'amara'));
    const answer = await at.vote(first.action, yes);
    expect(answer).toMatchObject({ status: 'counted' });
    // Whether these find the workflow still listening or gone is a race; neither may count.
    await Promise.all(Array.from({ length: 6 }, () => at.signal(first.action, yes).catch(() => undefined)));
    await at.ended(first.action);
    expect(await at.vote(first.action, yes)).toEqual(answer); // the answer of the first time, and nothing else
    expect(await at.state(first.action)).toMatchObject({ status: 'completed', votes: 1, warrants: 1 });
    const kinds = (await at.leaves(first.action)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'vote.counted' || kind === 'action.authorised')).toHaveLength(2);

    const opened = await at.challenge(second.action, 'amara');
    expect(await at.vote(second.action, { ...yes, decision: opened.decision })).toMatchObject({
      code: 'vote.other_decision',
    });
    expect(await at.vote(second.action, yes)).toMatchObject({ code: 'vote.other_action' });
    expect(await at.state(second.action)).toEqual(stillAsking);
  });
});

describe('a decision changed under her genuine token', () => {
  it.each<[what: string, change: Partial<Decision>, code: string]>([
    ['its verdict', { verdict: 'deny', meaning: 'deny.access' }, 'vote.altered'],
    ['its meaning', { meaning: 'approve.responsible' }, 'vote.altered'],
    ['when it was decided', { decidedAt: '2026-01-01T00:00:00.000Z' }, 'vote.altered'],
    ['its revision', { revision: 2 }, 'vote.stale'],
    ['its tier', { tier: 'T0' }, 'vote.altered'],
  ])('in %s is refused, and hers still counts', async (_what, change, code) => {
    const { action } = await at.waiting();
    const yes = await at.proven('amara', await at.challenge(action, 'amara'));
    const changed = { ...yes, decision: { ...yes.decision, ...change } };
    const read = at.patientReads();
    expect(await at.vote(action, changed)).toEqual({ status: 'refused', code });
    expect(await at.state(action)).toEqual(stillAsking);
    expect(at.patientReads()).toEqual(read);
    expect(await at.vote(action, yes)).toMatchObject({ status: 'counted' });
    await at.ended(action);
  });

  it('in the challenge’s row itself, past every grant, no longer is what she signed', async () => {
    const { action } = await at.waiting();
    const no = await at.proven('amara', await at.challenge(action, 'amara', 'deny'));
    await stack.db.admin.query(
      `BEGIN; ALTER TABLE countersign.challenge DISABLE TRIGGER append_only;
       UPDATE countersign.challenge SET verdict = 'approve', meaning = 'approve.access'
        WHERE challenge = '${no.decision.challenge}';
       ALTER TABLE countersign.challenge ENABLE TRIGGER append_only; COMMIT`,
    );
    const yes = { ...no, decision: { ...no.decision, verdict: 'approve', meaning: 'approve.access' } as const };
    expect(await at.vote(action, no)).toMatchObject({ code: 'vote.altered' });
    expect(await at.vote(action, yes)).toMatchObject({ code: 'vote.other_decision' });
    expect(await at.state(action)).toEqual(stillAsking);
  });
});

describe('a person who may not vote, with a challenge that no rule of the API looked at and their own true sign-in', () => {
  const suspended = (who: Name) =>
    stack.db.admin.query(
      `INSERT INTO countersign.suspension (tenant, kind, subject, reason) VALUES ('clinic', 'person', $1, 'incident')`,
      [stack.people[who]],
    );
  it.each<[who: string, by: Name, acting: string, code: string, before: () => Promise<unknown>]>([
    ['the principal', 'chen', 'clinical_staff', 'vote.self', async () => undefined],
    ['the owner of the agent', 'dora', 'senior_clinician', 'vote.self', async () => undefined],
    ['somebody in a role that nobody asked for', 'elif', 'privacy_officer', 'vote.wrong_role', async () => undefined],
    ['somebody in a role that they do not hold', 'elif', 'clinical_staff', 'vote.wrong_role', async () => undefined],
    [
      'somebody whose training lapsed yesterday',
      'ben',
      'clinical_staff',
      'vote.untrained',
      () =>
        stack.db.admin.query('UPDATE countersign.training SET expires_on = current_date - 1 WHERE person = $1', [
          stack.people.ben,
        ]),
    ],
    ['somebody suspended', 'ben', 'clinical_staff', 'vote.inactive', () => suspended('ben')],
  ])('%s is refused', async (_who, by, acting, code, before) => {
    const { action } = await at.waiting();
    await before();
    const vote = await at.proven(by, await at.challengePastTheRules(action, by, acting));
    const read = at.patientReads();
    expect(await at.vote(action, vote)).toEqual({ status: 'refused', code });
    expect(await at.refusals(action)).toEqual([code]);
    expect(await at.state(action)).toEqual(stillAsking);
    expect(at.patientReads()).toEqual(read);
  });
});
