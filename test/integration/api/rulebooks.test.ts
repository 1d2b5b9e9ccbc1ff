import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { canonicalDigest } from '../../../src/audit/bytes.js';
import { inTenant } from '../../../src/database/transaction.js';
import { loadRulebook } from '../../../src/rulebook/load.js';
import { activeDigest, findRulebook } from '../../../src/rulebook/rulebook.store.js';
import type { RulebookContent } from '../../../src/rulebook/schema.js';
import { clinic } from '../../support/stack.js';
import { rulebookFiles } from '../../support/rulebook.js';
import { until } from '../../support/until.js';
import { passkeysAt, type Passkeys } from './passkeys.js';
import { apiStage, type Answer, type ApiStage, type Name } from './stage.js';

let api: ApiStage;
let passkeys: Passkeys;
let governing: RulebookContent;
beforeAll(async () => {
  api = await apiStage();
  passkeys = passkeysAt(api);
  const [elif, chen, dora] = [await passkeys.enrol('elif'), await passkeys.enrol('chen'), await passkeys.enrol('dora')];
  await passkeys.vouch('chen', elif.passkey);
  for (const { passkey } of [chen, dora]) await passkeys.vouch('elif', passkey);
  await api.stack.db.admin.query(
    `UPDATE countersign.role_grant SET granted_at = clock_timestamp() - interval '2 days'`,
  );
  governing = await inTenant(
    api.stack.db.pool('api'),
    clinic,
    async (tx) => (await findRulebook(tx, await activeDigest(tx))).content,
  );
});
afterAll(async () => {
  passkeys?.end();
  await api?.stop();
});

const scope = 'rulebook:change';
const call = async (method: 'GET' | 'POST', path: string, by: Name, body?: unknown): Promise<Answer> =>
  api.call(method, path, await api.person(by, scope), body);

/** The shipped rules with one file changed, under the trust roots of this stack. */
function changed(file: string, from: string, to: string): RulebookContent {
  const text = rulebookFiles()[file] ?? '';
  if (!text.includes(from)) throw new Error(`${file} does not hold the passage any more`);
  return loadRulebook(rulebookFiles({ [file]: text.replace(from, to) }), governing.trustRoots).content;
}

async function propose(content: unknown, by: Name = 'amara'): Promise<string> {
  const { status, body } = await call('POST', '/v1/rulebooks', by, { content, note: 'For the winter' });
  expect({ status, code: body['code'] }).toEqual({ status: 201, code: undefined });
  return String(body['proposal']);
}

async function sign(proposal: string, by: Name, verdict = 'approve'): Promise<Answer> {
  const opened = await call('POST', '/v1/rulebooks/challenges', by, { proposal, verdict });
  if (opened.status !== 201) return opened;
  const { kind: _, ...assertion } = passkeys.proof(by, opened.body['hash']);
  return call('POST', '/v1/rulebooks/signatures', by, { challenge: opened.body['challenge'], assertion });
}

async function activate(content: unknown): Promise<void> {
  const proposal = await propose(content);
  for (const by of ['elif', 'chen'] as const) expect((await sign(proposal, by)).body).toEqual({ status: 'signed' });
  const answer = await call('POST', '/v1/rulebooks/activations', 'elif', { proposal });
  expect(answer).toMatchObject({ status: 200, body: { status: 'activated', digest: canonicalDigest(content) } });
}

describe('over the API the rules', () => {
  it('are proposed, signed by two and activated, and everybody sees who did what', async () => {
    const content = changed('tiers.yaml', 'deadline: 4h', 'deadline: 3h');
    const proposed = await call('POST', '/v1/rulebooks', 'amara', { content, note: 'Shorter' });
    const [digest, base] = [canonicalDigest(content), canonicalDigest(governing)];
    expect(proposed).toMatchObject({
      status: 201,
      body: { digest, base, differences: [{ path: 'tiers.tiers.T1.deadline', from: '4h', to: '3h' }] },
    });
    const proposal = String(proposed.body['proposal']);
    const early = await call('POST', '/v1/rulebooks/activations', 'elif', { proposal });
    expect(early).toMatchObject({ status: 409, body: { code: 'rulebook.unsigned' } });

    for (const by of ['elif', 'dora'] as const)
      expect(await sign(proposal, by)).toMatchObject({ status: 200, body: { status: 'signed' } });
    const activated = await call('POST', '/v1/rulebooks/activations', 'elif', { proposal });
    expect(activated).toMatchObject({ status: 200, body: { status: 'activated', ordinal: 2, digest } });
    expect(await call('POST', '/v1/rulebooks/activations', 'elif', { proposal })).toMatchObject({ status: 200 });

    expect((await call('GET', '/v1/rulebooks', 'elif')).body).toMatchObject({
      active: digest,
      activations: [
        { ordinal: 2, digest, proposal },
        { ordinal: 1, digest: base, proposal: null },
      ],
      proposals: [
        {
          id: proposal,
          status: 'activated',
          note: 'Shorter',
          proposer: { name: 'amara' },
          signatures: [
            { person: { name: 'elif' }, verdict: 'approve', roles: ['privacy_officer'] },
            { person: { name: 'dora' }, verdict: 'approve', roles: ['senior_clinician'] },
          ],
        },
      ],
    });
    expect((await call('GET', `/v1/rulebooks/${digest}`, 'elif')).body).toEqual({ digest, content });
    await activate(governing);
  });

  it('are signed with a passkey that a colleague vouched for', async () => {
    const proposal = await propose(changed('tiers.yaml', 'deadline: 4h', 'deadline: 5h'));
    const another = await passkeys.enrol('dora'); // with this one she signs from here on
    const refused = { status: 409, body: { code: 'rulebook.not_vouched' } };
    for (const verdict of ['approve', 'deny']) expect(await sign(proposal, 'dora', verdict)).toMatchObject(refused);
    await passkeys.vouch('elif', another.passkey);
    expect(await sign(proposal, 'dora')).toMatchObject({ status: 200, body: { status: 'signed' } });

    await api.stack.db.admin.query('UPDATE countersign.passkey SET revoked_at = clock_timestamp() WHERE person = $1', [
      api.stack.people.dora,
    ]);
    await passkeys.enrol('dora');
    const asked = { proposal, verdict: 'deny' };
    expect(await call('POST', '/v1/rulebooks/challenges', 'dora', asked)).toMatchObject(refused);
  });

  it('are not changed by an agent, and the attempt is on the log', async () => {
    const token = await api.agent('triage-agent', scope);
    for (const [path, body] of [
      ['/v1/rulebooks', { content: governing }],
      ['/v1/rulebooks/challenges', { proposal: '00000000-0000-4000-8000-000000000000', verdict: 'approve' }],
      ['/v1/rulebooks/activations', { proposal: '00000000-0000-4000-8000-000000000000' }],
    ] as const)
      expect(await api.call('POST', path, token, body)).toMatchObject({ status: 403, body: { code: 'caller.agent' } });
    expect((await api.leaves()).filter(({ kind }) => kind === 'rulebook.refused')).toContainEqual(
      expect.objectContaining({
        data: { proposal: null, person: null, agent: 'triage-agent', code: 'rulebook.agent' },
      }),
    );
  });

  it('are put in force by somebody who could sign, whoever else has the scope', async () => {
    const proposal = await propose(changed('tiers.yaml', 'deadline: 4h', 'deadline: 6h'));
    for (const by of ['elif', 'chen'] as const) await sign(proposal, by);
    const before = (await call('GET', '/v1/rulebooks', 'elif')).body['active'];
    expect(await call('POST', '/v1/rulebooks/activations', 'amara', { proposal })).toMatchObject({
      status: 409,
      body: { code: 'rulebook.wrong_role' },
    });
    expect((await api.leaves()).at(-1)).toMatchObject({
      kind: 'rulebook.refused',
      data: { proposal, person: api.stack.people.amara, code: 'rulebook.wrong_role' },
    });
    expect((await call('GET', '/v1/rulebooks', 'elif')).body['active']).toBe(before);
    expect(await call('POST', '/v1/rulebooks/activations', 'dora', { proposal })).toMatchObject({ status: 200 });
    await activate(governing);
  });

  it('are not changed without the scope', async () => {
    const token = await api.person('elif', 'approvals:vote');
    const answer = await api.call('POST', '/v1/rulebooks', token, { content: governing });
    expect(answer).toMatchObject({ status: 403, body: { code: 'token.scope' } });
  });

  it('are judged here again, and what is wrong is named', async () => {
    const { tiers, ...others } = governing;
    const answer = await call('POST', '/v1/rulebooks', 'amara', { content: { ...others, tires: tiers } });
    expect(answer).toMatchObject({ status: 422, body: { code: 'rulebook.unreadable' } });
    expect(answer.body['problems']).toContainEqual({ file: 'rulebook.yaml', message: 'unknown key "tires"' });
    expect((await api.leaves()).at(-1)).toMatchObject({
      kind: 'rulebook.refused',
      data: { person: api.stack.people.amara, code: 'rulebook.unreadable' },
    });
  });

  it('of nobody’s proposal are not shown', async () => {
    for (const digest of ['0'.repeat(64), 'x'])
      expect(await call('GET', `/v1/rulebooks/${digest}`, 'elif')).toMatchObject({ status: 404 });
  });
});

describe('an action that waits while the rules change', () => {
  const waiting = async (): Promise<string> => (await api.client().request(await api.medications())).id;
  const outcome = async (action: string) => {
    const token = await api.agent();
    return until(async () => {
      const { body } = await api.call('GET', `/v1/actions/${action}`, token);
      return body['concludedAt'] === null ? undefined : body['status'];
    });
  };
  const leafOf = async (action: string, kind: string) =>
    (await api.leaves(action)).filter((leaf) => leaf.kind === kind).at(-1)?.data;

  it('goes on under its own where the later ones are no stricter', async () => {
    const action = await waiting();
    await activate(changed('tiers.yaml', 'deadline: 4h', 'deadline: 2h'));
    expect((await api.vote(action, 'amara')).body).toEqual({ status: 'counted' });
    expect(await outcome(action)).toBe('completed');
    expect(await leafOf(action, 'action.authorised')).toMatchObject({ rulebook: canonicalDigest(governing) });
    await activate(governing);
  });

  it.each<[what: string, file: string, from: string, to: string]>([
    ['ask for a higher tier', 'actions.yaml', 'medications.read:\n    tier: T1', 'medications.read:\n    tier: T2'],
    ['ask for more people', 'tiers.yaml', 'role: clinical_staff, count: 1', 'role: clinical_staff, count: 2'],
    [
      'do not know its purpose',
      'actions.yaml',
      '[current_medications]\n    purposes: [TREAT]',
      '[current_medications]\n    purposes: [HOPERAT]',
    ],
  ])('is refused once the later ones %s', async (_what, file, from, to) => {
    const action = await waiting();
    await activate(changed(file, from, to));
    expect((await api.vote(action, 'amara')).body).toEqual({ status: 'counted' });
    expect(await outcome(action)).toBe('refused');
    expect(await leafOf(action, 'action.refused')).toMatchObject({ rules: ['rulebook.stricter'] });
    await activate(governing);
  });
});

describe('a proposal that judges beside the active rules', () => {
  const shadow = async (proposal: string | null, by: Name = 'elif') =>
    call('POST', '/v1/rulebooks/shadow', by, { proposal });
  const asked = async () => (await api.client().request(await api.medications())).id;
  const shadowLeaf = async (action: string) =>
    (await api.leaves(action)).find(({ kind }) => kind === 'rulebook.shadowed')?.data;

  it('has no effect, is counted, and leaves a leaf where it answers otherwise', async () => {
    const proposal = await propose(
      changed('actions.yaml', 'medications.read:\n    tier: T1', 'medications.read:\n    tier: T2'),
    );
    expect(await shadow(proposal)).toMatchObject({ status: 200, body: { shadow: proposal } });
    const action = await asked();
    expect(await shadowLeaf(action)).toMatchObject({ proposal });
    const { body } = await api.call('GET', `/v1/actions/${action}`, await api.agent());
    expect(body).toMatchObject({ status: 'awaiting_approval', tier: 'T1' });
    await api.client().request(await api.facility());
    expect((await call('GET', '/v1/rulebooks', 'elif')).body['shadow']).toMatchObject({
      proposal,
      judged: 2,
      differed: 1,
    });

    expect(await shadow(null)).toMatchObject({ status: 200 });
    expect(await shadowLeaf(await asked())).toBeUndefined();
    expect((await call('GET', '/v1/rulebooks', 'elif')).body['shadow']).toBeNull();
  });

  it('is set and ended by somebody who could sign, and each time is on the log', async () => {
    const proposal = await propose(changed('tiers.yaml', 'deadline: 4h', 'deadline: 7h'));
    const sets = async () =>
      (await api.leaves()).filter(({ kind }) => kind === 'rulebook.shadow_set').map(({ data }) => data);
    const [before, { elif: person, amara }] = [await sets(), api.stack.people];
    for (const each of [proposal, null]) {
      expect(await shadow(each, 'amara')).toMatchObject({ status: 409, body: { code: 'rulebook.wrong_role' } });
      expect((await api.leaves()).at(-1)).toMatchObject({
        kind: 'rulebook.refused',
        data: { proposal: each, person: amara, code: 'rulebook.wrong_role' },
      });
    }
    expect((await call('GET', '/v1/rulebooks', 'elif')).body['shadow']).toBeNull();
    for (const each of [proposal, proposal, null]) expect(await shadow(each)).toMatchObject({ status: 200 });
    const said = [proposal, proposal, null].map((each) => ({ proposal: each, person }));
    expect(await sets()).toEqual([...before, ...said]);
  });

  it('does not keep an action from being classified, whatever goes wrong with it', async () => {
    const proposal = await propose(
      changed('actions.yaml', 'medications.read:\n    tier: T1', 'medications.read:\n    tier: T3'),
    );
    await shadow(proposal);
    const may = (what: string) => api.stack.db.admin.query(`${what} countersign_governance`).then(() => undefined);
    await may('REVOKE INSERT ON countersign.rulebook_shadowed FROM');
    const action = await asked().finally(() => may('GRANT INSERT ON countersign.rulebook_shadowed TO'));
    const { body } = await api.call('GET', `/v1/actions/${action}`, await api.agent());
    expect(body).toMatchObject({ status: 'awaiting_approval', tier: 'T1' });
    expect(await shadowLeaf(action)).toBeUndefined();
    expect(await shadowLeaf(await asked())).toMatchObject({ proposal });
    await shadow(null);
  });

  it('is one that is open', async () => {
    const proposal = await propose(changed('tiers.yaml', 'deadline: 4h', 'deadline: 1h'));
    await sign(proposal, 'elif', 'deny');
    expect(await shadow(proposal)).toMatchObject({ status: 409, body: { code: 'rulebook.denied' } });
    expect(await shadow(randomUUID())).toMatchObject({ status: 404, body: { code: 'rulebook.unknown' } });
  });
});

describe('an active rulebook that this build cannot read', () => {
  it('begins nothing new, is a security event, and people put it right by the last good one', async () => {
    const action = (await api.client().request(await api.medications())).id;
    const foreign = JSON.stringify({ of: 'a later build' });
    await api.stack.db.admin.query(
      `INSERT INTO countersign.rulebook (digest, content) VALUES (encode(sha256($1::bytea), 'hex'), convert_from($1::bytea, 'UTF8'))`,
      [Buffer.from(foreign)],
    );
    await api.stack.db.admin.query(
      `INSERT INTO countersign.active_rulebook (tenant, ordinal, digest)
       SELECT 'clinic', max(ordinal) + 1, encode(sha256($1::bytea), 'hex') FROM countersign.active_rulebook`,
      [Buffer.from(foreign)],
    );
    const request = await api.medications();
    const refusal = await until(async () => {
      const answer = await api.call('POST', '/v1/actions', await api.agent(), {
        ...request,
        idempotencyKey: randomUUID(),
      });
      return answer.status === 503 ? answer : undefined; // known for a second
    });
    expect(refusal.body).toMatchObject({ code: 'rulebook.unreadable' });
    const events = await until(async () => {
      await call('GET', '/v1/rulebooks', 'elif'); // people are known by the last good one
      const found = (await api.leaves()).filter(({ kind }) => kind === 'security.event');
      return found.length > 0 ? found : undefined;
    });
    expect(events.map(({ data }) => data)).toEqual([{ code: 'rulebook.unreadable', agent: null }]);

    await api.vote(action, 'amara');
    const refused = await until(async () => (await api.leaves(action)).find(({ kind }) => kind === 'action.refused'));
    expect(refused.data).toMatchObject({ rules: ['rulebook.unreadable'] });

    await activate(governing);
    const opened = await until(async () => {
      const answer = await api.call('POST', '/v1/actions', await api.agent(), {
        ...request,
        idempotencyKey: randomUUID(),
      });
      return answer.status === 503 ? undefined : answer;
    });
    expect(opened.status).toBe(201);
  });
});

describe('a rulebook', () => {
  it('may be larger than another request, within bounds', async () => {
    const big = { content: { policy: 'x'.repeat(100_000) } };
    expect(await call('POST', '/v1/rulebooks', 'amara', big)).toMatchObject({ status: 422 });
    const huge = { content: { policy: 'x'.repeat(1_100_000) } };
    expect(await call('POST', '/v1/rulebooks', 'amara', huge)).toMatchObject({ status: 413 });
  });
});
