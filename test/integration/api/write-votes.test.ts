/** A change of the record over the API: what people are shown, who may sign what, and what the agent hears. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ActionRequest } from '@countersign/client';
import { canaryPatient } from '@countersign/sandbox';
import { canaryAllergy, deletionPhrase } from '../../support/asking.js';
import { until } from '../../support/until.js';
import { passkeysAt, type Enrolled, type Passkeys } from './passkeys.js';
import { apiStage, type ApiStage, type Name } from './stage.js';

let api: ApiStage;
let keys: Passkeys;
const enrolled: Partial<Record<Name, Enrolled>> = {};
const idOf = (name: Name) => enrolled[name]?.passkey ?? '';
beforeAll(async () => {
  api = await apiStage();
  keys = passkeysAt(api);
  // Somebody independent: the stack's other senior clinician owns the agent.
  await api.stack.db.admin.query(
    `INSERT INTO countersign.role_grant (tenant, person, role) VALUES ('clinic', $1, 'pharmacist'), ('clinic', $1, 'senior_clinician')`,
    [api.stack.people.ben],
  );
  for (const name of ['ben', 'chen', 'elif'] as const) enrolled[name] = await keys.enrol(name);
  await keys.vouch('chen', idOf('elif'));
});
afterAll(async () => {
  keys?.end();
  await api?.stop();
});

const order = 'MedicationRequest/canary-medication-1';
const row = async (action: string) =>
  (
    await api.stack.db.admin.query<{ status: string; revision: number; outcome: unknown }>(
      'SELECT status, revision, outcome FROM countersign.action WHERE action = $1',
      [action],
    )
  ).rows[0];
const reaches = (action: string, status: string, revision = 2) =>
  until(async () => {
    const now = await row(action);
    if (now?.outcome && now.status !== status && status !== 'failed') throw new Error(JSON.stringify(now.outcome));
    return (now?.status === status && now.revision === revision) || undefined;
  });
/** A change that was prepared and waits; its id. */
async function prepared(more: Partial<ActionRequest> = {}): Promise<string> {
  const { id } = await api.client('documentation-agent').request(await api.medicationChange(more));
  await reaches(id, 'awaiting_approval');
  return id;
}
/** The same of a deletion of one allergy: T3. */
async function preparedDeletion(): Promise<string> {
  const { input } = await api.medicationChange();
  return prepared({
    type: 'record.delete',
    input: { ...input, target: 'AllergyIntolerance/canary-allergy', change: { status: 'entered-in-error' } },
    elements: ['allergy_history'],
    justifications: { allergy_history: 'It was somebody else’s' },
    riskAssessment: 'An allergy that is gone warns nobody',
  });
}
const look = async (action: string, by: Name) => api.call('GET', `/v1/approvals/${action}`, await api.person(by));
const challenge = async (action: string, by: Name, more: object = {}) =>
  api.call('POST', '/v1/challenges', await api.person(by), { action, verdict: 'approve', ...more });
/** A vote under the person's passkey, sent as callers do: again while the workflow does not listen yet. */
async function sign(action: string, by: Name, more: object = {}, fresh = false) {
  const { body, status } = await challenge(action, by, more);
  if (status !== 201) return { status, body };
  const token = fresh ? { idToken: await api.stack.issuer.voteToken(by, String(body['hash'])) } : {};
  const proof = { ...keys.proof(by, body['hash']), ...token };
  const bearer = await api.person(by);
  return until(async () => {
    const answer = await api.call('POST', '/v1/votes', bearer, { challenge: body['challenge'], proof });
    return answer.body['code'] === 'vote.not_open' ? undefined : answer;
  });
}
const anOrder = { meaning: 'approve.order' };
const versions = () => api.stack.ehr.versions(order);

describe('a change that waits', () => {
  it('is shown field by field, with what the signature stands for, how it is proven and nothing to type', async () => {
    const id = await prepared();
    const { status, body } = await look(id, 'ben');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      kind: 'prepared',
      revision: 2,
      tier: 'T2',
      proof: { method: 'passkey', fresh: false, vouched: false },
      credentials: [enrolled.ben?.credential],
      rpId: 'localhost',
      confirmation: null,
      needs: {
        factors: [
          { role: 'clinician', count: 1, order: true },
          { role: 'senior_clinician', or: ['pharmacist'], count: 1 },
        ],
      },
    });
    expect(body['shown']).toMatchObject({
      change: {
        patient: { name: canaryPatient.name, birthDate: '1931-02-28' },
        record: { name: 'Quillamine 37 MG Oral Tablet', date: { word: 'ordered' }, status: 'active' },
        target: order,
        base: versions().at(-1)?.meta.versionId,
        changes: expect.arrayContaining([
          expect.objectContaining({
            path: 'dosageInstruction[0].text',
            after: expect.stringMatching(/^37 mg by mouth/),
          }),
        ]),
      },
    });
  });

  it('offers the principal the order and nothing else, and the agent’s owner nothing', async () => {
    const id = await prepared();
    expect((await look(id, 'chen')).body).toMatchObject({
      may: { roles: ['clinician'], verdicts: ['approve'], meanings: ['approve.order'] },
      meanings: [{ meaning: 'approve.order', verdict: 'approve', text: expect.stringContaining('I order') }],
    });
    expect((await look(id, 'dora')).body).toMatchObject({ code: 'approval.not_yours', reason: 'vote.self' });
    expect((await look(id, 'amara')).body).toMatchObject({ code: 'approval.not_yours', reason: 'vote.wrong_role' });
    const { body } = await look(id, 'ben');
    expect(body['may']).toMatchObject({
      meanings: expect.arrayContaining(['approve.access', 'approve.order', 'deny.access']),
    });
    expect(JSON.stringify(body['may'])).not.toMatch(/effect/);
  });

  it('is nobody’s to vote on before it is prepared', async () => {
    const fault = { match: { path: '/fhir/MedicationRequest' }, fault: { kind: 'delay', ms: 2_000 } } as const;
    api.stack.ehr.faults.set(fault);
    const { id } = await api.client('documentation-agent').request(await api.medicationChange());
    await reaches(id, 'preparing', 1);
    expect(await challenge(id, 'ben')).toMatchObject({ status: 409, body: { code: 'challenge.closed' } });
    expect(await look(id, 'ben')).toMatchObject({ status: 409, body: { code: 'approval.closed' } });
    const { body } = await api.call('GET', '/v1/approvals', await api.person('ben'));
    expect(JSON.stringify(body)).not.toContain(id);
    api.stack.ehr.faults.clear();
    await api.client('documentation-agent').cancel(id);
  });
});

describe('a change that was ordered and countersigned', () => {
  it('is written once, and the agent hears which version it made', async () => {
    const id = await prepared();
    const before = versions().length;
    expect(await sign(id, 'chen', anOrder)).toMatchObject({ status: 200, body: { status: 'counted' } });
    expect(versions()).toHaveLength(before);
    expect(await sign(id, 'ben')).toMatchObject({ status: 200, body: { status: 'counted' } });
    await reaches(id, 'completed');
    expect(versions()).toHaveLength(before + 1);
    const version = versions().at(-1)?.meta.versionId;
    expect(
      (await api.call('POST', `/v1/actions/${id}/release`, await api.agent('documentation-agent'))).body,
    ).toMatchObject({
      status: 'completed',
      modified: [{ reference: order, version }],
    });
    const kinds = (await api.leaves(id)).map(({ kind }) => kind);
    expect(kinds.indexOf('action.prepared')).toBeLessThan(kinds.indexOf('vote.counted'));
  });

  it('waits for both, whoever comes first', async () => {
    const id = await prepared();
    await sign(id, 'ben');
    expect((await look(id, 'ben')).body).toMatchObject({ code: 'approval.not_yours', reason: 'vote.duplicate' });
    expect(await row(id)).toMatchObject({ status: 'awaiting_approval' });
    expect(await sign(id, 'ben', anOrder)).toMatchObject({ status: 409, body: { code: 'vote.duplicate' } });
    await sign(id, 'chen', anOrder);
    await reaches(id, 'completed');
  });

  it.each<[string, Name, object, number, string]>([
    ['the principal, to take the seat', 'chen', {}, 409, 'vote.self'],
    ['the agent’s owner, to order', 'dora', anOrder, 409, 'vote.self'],
    ['somebody without a role that is asked', 'amara', {}, 409, 'vote.wrong_role'],
    [
      'a meaning that is for what became of a write',
      'ben',
      { meaning: 'approve.took_effect' },
      400,
      'challenge.unknown_meaning',
    ],
    [
      'a meaning of another verdict',
      'ben',
      { verdict: 'deny', reason: 'No', ...anOrder },
      400,
      'challenge.unknown_meaning',
    ],
  ])('is not %s', async (_what, by, more, status, code) => {
    const id = await prepared();
    expect(await challenge(id, by, more)).toMatchObject({ status, body: { code } });
  });

  it('is not proven by a sign-in alone', async () => {
    const id = await prepared();
    const { body } = await challenge(id, 'ben');
    const idToken = await api.stack.issuer.voteToken('ben', String(body['hash']));
    const answer = await until(async () => {
      const sent = { challenge: body['challenge'], proof: { kind: 'idp', idToken } };
      const told = await api.call('POST', '/v1/votes', await api.person('ben'), sent);
      return told.body['code'] === 'vote.not_open' ? undefined : told;
    });
    expect(answer).toMatchObject({ status: 409, body: { code: 'vote.weak_proof' } });
  });
});

describe('a record that moved on under an approval', () => {
  it('is shown again, with what changed meanwhile; the signatures so far are for nothing', async () => {
    const id = await prepared();
    await sign(id, 'chen', anOrder);
    const late = await challenge(id, 'ben', anOrder);
    api.stack.ehr.edit(order, { note: [{ text: 'Seen in clinic' }] });
    await sign(id, 'ben');
    await reaches(id, 'awaiting_approval', 3);
    const { body } = await look(id, 'ben');
    expect(body).toMatchObject({ revision: 3, kind: 'prepared' });
    expect(JSON.stringify(body['shown'])).toContain('"meanwhile":[');
    expect(JSON.stringify(body['shown'])).toContain('Seen in clinic');
    expect((await look(id, 'chen')).status).toBe(200); // asked again
    const proof = keys.proof('ben', late.body['hash']);
    const stale = { challenge: late.body['challenge'], proof };
    expect(await api.call('POST', '/v1/votes', await api.person('ben'), stale)).toMatchObject({
      status: 409,
      body: { code: 'vote.stale' },
    });
    const told = await api.stack.db.admin.query(
      'SELECT revision, kind, roles FROM countersign.delivery WHERE action = $1',
      [id],
    );
    expect(told.rows).toEqual([
      { revision: 2, kind: 'changed', roles: ['clinician', 'senior_clinician', 'pharmacist'] },
    ]);
    await sign(id, 'chen', anOrder);
    await sign(id, 'ben');
    await reaches(id, 'completed', 3);
  });
});

describe('a deletion', () => {
  it('is denied without typing anything', async () => {
    const id = await preparedDeletion();
    const no = { verdict: 'deny', reason: 'It is hers' };
    expect(await sign(id, 'elif', no, true)).toMatchObject({ status: 200 });
    await reaches(id, 'denied');
  });

  it('takes the record typed, a passkey and a sign-in for this very vote', async () => {
    const id = await preparedDeletion();
    expect((await look(id, 'elif')).body).toMatchObject({
      tier: 'T3',
      proof: { method: 'passkey', fresh: true, vouched: true },
      credentials: [enrolled.elif?.credential],
      confirmation: deletionPhrase(api.stack),
    });
    for (const confirmation of [undefined, '', canaryAllergy])
      expect(await challenge(id, 'elif', { confirmation })).toMatchObject({
        status: 400,
        body: { code: 'challenge.confirmation_needed' },
      });
    const typed = { confirmation: deletionPhrase(api.stack) };
    expect(await sign(id, 'elif', typed)).toMatchObject({ status: 409, body: { code: 'vote.not_fresh' } });
    expect(await sign(id, 'elif', typed, true)).toMatchObject({ status: 200 });
    // His passkey votes at T2; here somebody has to have said that it is his.
    expect((await look(id, 'ben')).body['credentials']).toEqual([]);
    expect(await sign(id, 'ben', typed, true)).toMatchObject({ status: 409, body: { code: 'vote.not_vouched' } });
    await keys.vouch('elif', idOf('ben'));
    expect((await look(id, 'ben')).body['credentials']).toEqual([enrolled.ben?.credential]);
    expect(await sign(id, 'ben', typed, true)).toMatchObject({ status: 200 });
    await reaches(id, 'completed');
  });
});

describe('a write of which nobody knows', () => {
  /** Sent to an EHR that gave no answer, and then told to stop, so that it is not tried again. */
  async function lost(): Promise<string> {
    const id = await prepared();
    await sign(id, 'chen', anOrder);
    const sent = transactions();
    api.stack.ehr.faults.set({ match: { method: 'POST', path: '/fhir' }, fault: { kind: 'status', status: 500 } });
    await sign(id, 'ben');
    await until(async () => transactions() > sent || undefined);
    await api.client('documentation-agent').cancel(id);
    await reaches(id, 'outcome_unknown', 3);
    return id;
  }
  const transactions = () =>
    api.stack.ehr.requests('fhir').filter(({ method, path }) => method === 'POST' && path === '/fhir').length;

  it('is put before those who can look into the record, and ended by their word', async () => {
    const id = await lost();
    const { body: list } = await api.call('GET', '/v1/approvals', await api.person('elif'));
    expect(list['approvals']).toContainEqual(
      expect.objectContaining({ id, kind: 'resolution', revision: 3, deadline: null, status: 'outcome_unknown' }),
    );
    expect((await look(id, 'elif')).body).toMatchObject({
      kind: 'resolution',
      may: { roles: ['privacy_officer'], verdicts: ['approve', 'deny'] },
      meanings: [
        { meaning: 'approve.took_effect', verdict: 'approve', text: expect.stringContaining('was made') },
        { meaning: 'deny.no_effect', verdict: 'deny', text: expect.stringContaining('was not made') },
      ],
      shown: { change: { target: order } },
      confirmation: null,
    });
    const told = await api.stack.db.admin.query(
      'SELECT revision, kind, roles FROM countersign.delivery WHERE action = $1',
      [id],
    );
    expect(told.rows).toEqual([{ revision: 3, kind: 'resolution', roles: ['senior_clinician', 'privacy_officer'] }]);
    for (const [by, reason] of [
      ['chen', 'vote.self'],
      ['dora', 'vote.self'],
      ['amara', 'vote.wrong_role'],
    ] as const)
      expect((await look(id, by)).body).toMatchObject({ code: 'approval.not_yours', reason });
    expect(await challenge(id, 'elif')).toMatchObject({ status: 400, body: { code: 'challenge.unknown_meaning' } });
    const early = await api.call('POST', `/v1/actions/${id}/release`, await api.agent('documentation-agent'));
    expect(early).toMatchObject({ status: 409, body: { code: 'action.not_releasable' } });

    const no = { verdict: 'deny', meaning: 'deny.no_effect', reason: 'The order is as it was' };
    expect(await sign(id, 'elif', no)).toMatchObject({ status: 200, body: { status: 'counted' } });
    await reaches(id, 'failed', 3);
    const { body } = await api.call('POST', `/v1/actions/${id}/release`, await api.agent('documentation-agent'));
    expect(body).toMatchObject({ status: 'failed', code: 'write.no_effect' });
  });
});
