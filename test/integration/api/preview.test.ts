import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { perMinute } from '../../../src/api/per-minute.js';
import { apiStage, type ApiStage } from './stage.js';

let api: ApiStage;
beforeAll(async () => {
  api = await apiStage();
});
afterAll(() => api?.stop());

const everything = async (): Promise<Record<string, number>> => {
  const tables = ['action', 'audit_leaf', 'quota_entry', 'dek', 'subject_key', 'sealed', 'revision', 'warrant'];
  const counts = tables.map(async (table) => {
    const { rows } = await api.stack.db.admin.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM countersign.${table}`,
    );
    return [table, rows[0]?.n ?? -1] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
};
const post = async (body: unknown, token?: string) =>
  api.call('POST', '/v1/actions/preview', token ?? (await api.agent()), body);

describe('a preview of a request', () => {
  it('tells its tier and why, who would be asked and how many they are, and by when', async () => {
    const answer = await api.client().preview(await api.medications());
    expect(answer).toMatchObject({
      status: 'approvals_needed',
      tier: 'T1',
      missing: [],
      relation: 'assumed',
      deadlineSeconds: 14_400,
      // amara, ben and dora; chen is the principal, elif holds another role, and dora owns the agent
      seats: [{ role: 'clinical_staff', count: 1, eligible: 2 }],
    });
    expect(answer.why).toContainEqual({ tier: 'T1', why: 'tier.names_patient' });
    expect(answer.rules).toContain('minimum_necessary:treat.triage');
  });

  it('starts, stores, counts and logs nothing', async () => {
    const before = await everything();
    await api.client().preview(await api.medications());
    await api.client().preview(await api.facility());
    await post({ ...(await api.medications()), type: 'medication.read' });
    await post({ ...(await api.medications()), principal: 'chen' });
    expect(await everything()).toEqual(before);
  });

  it('tells what the request lacks', async () => {
    const { reason: _, ...silent } = await api.medications({ claimedTier: 'T2' });
    expect(await api.client().preview(silent)).toMatchObject({
      status: 'incomplete',
      tier: 'T2',
      missing: ['justification.missing:current_medications', 'reason.missing'],
      seats: [
        { role: 'clinical_staff', eligible: 2 },
        { role: 'senior_clinician', eligible: 0 },
      ],
    });
  });

  it('tells the rules that stand against it', async () => {
    const { body } = await post({ ...(await api.medications()), purpose: 'HOPERAT' });
    expect(body).toMatchObject({ status: 'refused', tier: null, deadlineSeconds: null, seats: [] });
    expect(body['rules']).toContain('purpose.not_of_type');
    expect(body['nearMisses']).toContainEqual({ rule: 'treatment_read', unmet: ['purpose'] });
  });

  it('asks nobody about administrative data', async () => {
    expect(await api.client().preview(await api.facility())).toMatchObject({
      status: 'authorised',
      tier: 'T0',
      relation: 'not_needed',
      seats: [],
    });
  });

  it('takes the body of the request that it is about, its key included', async () => {
    const body = { ...(await api.medications()), idempotencyKey: 'to-come' };
    expect((await post(body)).status).toBe(200);
    expect((await api.call('POST', '/v1/actions', await api.agent(), body)).status).toBe(201);
  });

  it.each<[what: string, wrong: object, status: number, code: string]>([
    ['an unknown field', { urgent: true }, 400, 'request.invalid'],
    ['an unknown type', { type: 'medication.read' }, 422, 'type.unknown'],
    ['an unknown purpose', { purpose: 'TREATS' }, 422, 'purpose.unknown'],
    ['a principal who is no token', { principal: 'chen' }, 401, 'token.issuer'],
  ])('is refused for %s as the request would be', async (_what, wrong, status, code) => {
    expect(await post({ ...(await api.medications()), ...wrong })).toMatchObject({ status, body: { code } });
  });

  it('is for agents that may ask, and for nobody else', async () => {
    const body = await api.medications();
    expect(await post(body, await api.person('amara'))).toMatchObject({ status: 403, body: { code: 'caller.person' } });
    const reader = await api.agent('triage-agent', 'actions:read');
    expect(await post(body, reader)).toMatchObject({ status: 403, body: { code: 'token.scope' } });
    const unsigned = await api.call('POST', '/v1/actions/preview', undefined, body);
    expect(unsigned).toMatchObject({ status: 401, body: { code: 'token.missing' } });
  });

  it('names nobody and repeats nothing of the request', async () => {
    const { body } = await post(await api.medications({ reason: 'Quillfeather' }));
    expect(JSON.stringify(body)).not.toMatch(/Quillfeather|Patient\/|Encounter\/|amara|ben|dora/);
  });

  it('is answered sixty times in a minute, and then later', async () => {
    const agent = await api.agent('scheduling-agent');
    const body = {
      ...(await api.facility()),
      principal: await api.stack.issuer.principalToken('chen', 'scheduling-agent'),
    };
    for (let look = 0; look < 60; look++) expect((await post(body, agent)).status).toBe(200);
    const { status, headers, body: problem } = await post(body, agent);
    expect({ status, code: problem['code'], later: headers.get('retry-after') }).toEqual({
      status: 429,
      code: 'preview.too_many',
      later: '60',
    });
    expect((await post(await api.facility())).status).toBe(200); // another agent
    await expect(api.client('scheduling-agent').preview(body)).rejects.toMatchObject({ code: 'preview.too_many' });
  });
});

describe('calls in a minute', () => {
  it('are counted by caller, and forgotten when it is over', () => {
    let now = 0;
    const may = perMinute(2, () => now);
    expect([may('a'), may('a'), may('a'), may('b')]).toEqual([true, true, false, true]);
    now = 59_999;
    expect(may('a')).toBe(false);
    now = 60_000;
    expect(may('a')).toBe(true);
  });
});
