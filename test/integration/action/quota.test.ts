import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { findAction } from '../../../src/action/action.store.js';
import { circumstances } from '../../../src/action/circumstances.store.js';
import { judge } from '../../../src/action/judge.store.js';
import type { Admission, Classified } from '../../../src/action/types.js';
import { inTenant } from '../../../src/database/transaction.js';
import { clinic } from '../../support/stack.js';
import { rulebookFiles } from '../../support/rulebook.js';
import { documentation, quotaStage, triage, type QuotaStage } from './quota-stage.js';

let at: QuotaStage;
beforeAll(async () => {
  at = await quotaStage();
});
beforeEach(() => at.forget());
afterAll(() => at?.end());

const quota = { reason: 'for a test', per: 'agent', counting: 'patients', limit: 3, each: 'day', beyond: 'refused' };
const statuses = (answers: readonly Classified[]) => answers.map(({ status }) => status);
const passed = (answers: readonly Classified[]) => statuses(answers).filter((status) => status !== 'refused').length;
const judged = (admission: Admission) =>
  inTenant(at.deps.pool, clinic, async (tx) => {
    const row = await findAction(tx, admission.action);
    if (!row) throw new Error('no such action');
    return judge(tx, at.deps.rulebook, row);
  });

describe('a quota', () => {
  it('lets exactly as many pass as it says when twenty come at once', async () => {
    await at.govern({ seven: { ...quota, counting: 'actions_about_patients', limit: 7 } });
    const opened = await Promise.all(Array.from({ length: 20 }, (_, patient) => at.open({ patient })));
    const answers = await Promise.all(opened.map((admission) => at.classify(admission)));
    expect(passed(answers)).toBe(7);
    const refused = answers.filter((answer) => answer.status === 'refused');
    expect(new Set(refused.flatMap(({ rules }) => rules))).toEqual(new Set(['quota.exceeded:seven']));
  });

  it('counts a patient once however often, and says no to the one too many on the log', async () => {
    await at.govern({ two_patients: { ...quota, limit: 2 } });
    const answers = [];
    for (const patient of [1, 1, 1, 2, 2]) answers.push(await at.ask({ patient }));
    expect(passed(answers)).toBe(5);
    const third = await at.open({ patient: 3 });
    expect(await at.classify(third)).toEqual({ status: 'refused', rules: ['quota.exceeded:two_patients'] });
    expect(await at.leaf(third, 'action.refused')).toMatchObject({ rules: ['quota.exceeded:two_patients'] });
    expect((await at.ask({ patient: 1 })).status).toBe('approvals_needed');
  });

  it('of one patient’s never answers for another’s', async () => {
    await at.govern({ twice: { ...quota, per: 'agent_and_patient', counting: 'actions_about_patients', limit: 2 } });
    const answers = [];
    for (const patient of [1, 1, 1, 2, 1, 2, 2]) answers.push(await at.ask({ patient }));
    expect(statuses(answers).map((status) => status === 'refused')).toEqual([
      false,
      false,
      true,
      false,
      true,
      false,
      true,
    ]);
    expect((await at.ask({ patient: 1, agent: documentation })).status).toBe('approvals_needed');
  });

  it('of a patient counts every agent', async () => {
    await at.govern({ patient: { ...quota, per: 'patient', counting: 'actions_about_patients', limit: 2 } });
    await at.ask({ patient: 1 });
    await at.ask({ patient: 1, agent: documentation });
    expect((await at.ask({ patient: 1 })).status).toBe('refused');
    expect((await at.ask({ patient: 1, agent: documentation })).status).toBe('refused');
    expect((await at.ask({ patient: 2 })).status).toBe('approvals_needed');
  });

  it('counts nothing for a refused action, and everything that people were asked about', async () => {
    await at.govern({ one: { ...quota, counting: 'actions_about_patients', limit: 1 } });
    expect((await at.ask({ patient: 1, claimedTier: 'T3' })).status).toBe('refused'); // lacks what T3 asks for
    const first = await at.open({ patient: 1 });
    expect((await at.classify(first)).status).toBe('approvals_needed');
    await at.db.admin.query(
      `UPDATE countersign.action SET status = 'cancelled', concluded_at = clock_timestamp() WHERE action = $1`,
      [first.action],
    );
    expect((await at.ask({ patient: 1 })).status).toBe('refused');
  });

  it('counts an action once, however often it is classified and judged', async () => {
    await at.govern({ two: { ...quota, counting: 'actions_about_patients', limit: 2 } });
    const first = await at.open({ patient: 1 });
    const answers = await Promise.all([at.classify(first), at.classify(first), at.classify(first)]);
    expect(passed(answers)).toBe(3);
    expect((await at.ask({ patient: 1 })).status).toBe('approvals_needed');
    expect((await at.ask({ patient: 1 })).status).toBe('refused');
    // What it was counted as stands at the last judgement: those that came later are not held against it.
    expect((await judged(first)).classification).toMatchObject({ status: 'approvals_needed', tier: 'T1' });
  });

  it('of every action counts those without a patient too', async () => {
    await at.govern({ few: { ...quota, counting: 'actions', limit: 2 } });
    expect(statuses([await at.ask(), await at.ask(), await at.ask()])).toEqual(['authorised', 'authorised', 'refused']);
  });

  it('raises where its data says so', async () => {
    await at.govern({ second: { ...quota, counting: 'actions_about_patients', limit: 1, beyond: 'one_tier' } });
    expect(await at.ask({ patient: 1, justified: true })).toMatchObject({ tier: 'T1' });
    const second = await at.open({ patient: 1, justified: true });
    expect(await at.classify(second)).toMatchObject({ status: 'approvals_needed', tier: 'T2' });
    const leaf = await at.leaf(second, 'action.requested');
    expect(leaf?.['rules']).toContain('tier.raised:second');
  });

  it.each([
    ['a day', `date_trunc('day', clock_timestamp(), 'Europe/Berlin')`],
    ['an hour', `date_trunc('hour', clock_timestamp(), 'Europe/Berlin')`],
  ])('of %s begins where the tenant’s clock says', async (said, start) => {
    const [, each = ''] = said.split(' ');
    await at.govern({ one: { ...quota, counting: 'actions_about_patients', limit: 1, each } });
    const counted = async (when: string) => {
      const { action } = await at.open({ patient: 9 });
      await at.db.admin.query(
        `INSERT INTO countersign.quota_entry (tenant, action, agent, patient, tallies, at)
         SELECT 'clinic', action, agent, patient, '{}', ${when} FROM countersign.action WHERE action = $1`,
        [action],
      );
    };
    await counted(`${start} - interval '1 microsecond'`);
    expect((await at.ask({ patient: 1 })).status).toBe('approvals_needed');
    await at.forget();
    await counted(start);
    expect((await at.ask({ patient: 1 })).status).toBe('refused');
  });
});

describe('what an agent’s warrants opened', () => {
  /** A warrant as one that opened so many records, or that may still open them. */
  const warrant = async (state: { opened?: number; most: number; expired?: boolean }, patient = 5) => {
    const { action } = await at.open({ patient });
    const issued = state.expired ? `- interval '30 minutes'` : '';
    await at.db.admin.query(
      `INSERT INTO countersign.warrant (tenant, jti, action, revision, step, kind, agent, principal, actions, location, datatypes,
         patient, elements, purpose, scopes, max_uses, max_records, max_bytes, used, records_used, read_only, request_commitment,
         tier, rulebook, approvals, issued_at, not_before, expires_at, token_sha256)
       SELECT 'clinic', gen_random_uuid(), action, 1, 'perform', 'action', agent, principal, '{ehr.read}', 'https://ehr.example/fhir',
         '{MedicationRequest}', patient, elements, purpose, '{system/MedicationRequest.rs}', 1, $2, 1000, $3, $4, true,
         repeat('1', 64), 'T1', rulebook, '{x}', date_trunc('second', clock_timestamp()) ${issued},
         date_trunc('second', clock_timestamp()) ${issued}, date_trunc('second', clock_timestamp()) ${issued} + interval '10 minutes',
         repeat('2', 64) FROM countersign.action WHERE action = $1`,
      [action, state.most, state.opened === undefined ? 0 : 1, state.opened ?? 0],
    );
  };
  const records = { ...quota, counting: 'records', limit: 100 };
  beforeEach(async () => {
    await at.db.admin.query('TRUNCATE countersign.warrant CASCADE');
  });

  it('counts with what it was once that is known, and until then with the most that it can be', async () => {
    await at.govern({ records });
    await warrant({ most: 60, opened: 3 });
    await warrant({ most: 90, expired: true }); // can open nothing any more
    expect((await judged(await at.open({ patient: 1 }))).classification).toMatchObject({ limits: { maxRecords: 97 } });
    await warrant({ most: 60 });
    expect((await judged(await at.open({ patient: 1 }))).classification).toMatchObject({ limits: { maxRecords: 37 } });
    await warrant({ most: 37 });
    expect(await at.ask({ patient: 1 })).toEqual({ status: 'refused', rules: ['quota.exceeded:records'] });
    expect((await at.ask({ patient: 1, agent: documentation })).status).toBe('approvals_needed');
  });

  it('is judged again before the warrant: what was opened meanwhile counts', async () => {
    await at.govern({ records });
    const asked = await at.open({ patient: 1 });
    expect((await at.classify(asked)).status).toBe('approvals_needed');
    await warrant({ most: 200, opened: 100 });
    expect((await judged(asked)).classification).toMatchObject({ rules: ['quota.exceeded:records'] });
  });

  it('makes a bulk read of many small ones', async () => {
    const tiers = (rulebookFiles()['tiers.yaml'] ?? '').replace('more_than: 10000', 'more_than: 50');
    await at.govern({}, { 'tiers.yaml': tiers });
    for (let read = 0; read < 5; read++) await warrant({ most: 200, opened: 10 });
    const leafless = await at.ask({ patient: 1, justified: true });
    expect(leafless).toMatchObject({ status: 'approvals_needed', tier: 'T2' });
  });
});

describe('many patients one by one', () => {
  it('are a cohort: the one too many is of another tier, and the leaf says why', async () => {
    const tiers = (rulebookFiles()['tiers.yaml'] ?? '').replace('more_than: 100\n', 'more_than: 2\n');
    await at.govern({}, { 'tiers.yaml': tiers });
    for (const patient of [1, 2, 2, 1]) expect(await at.ask({ patient })).toMatchObject({ tier: 'T1' });
    expect(await at.ask({ patient: 3 })).toEqual({
      status: 'refused',
      rules: ['justification.missing:current_medications'],
    });
    const third = await at.open({ patient: 3, justified: true });
    expect(await at.classify(third)).toMatchObject({ status: 'approvals_needed', tier: 'T2' });
    expect(await at.leaf(third, 'action.requested')).toMatchObject({
      tier: 'T2',
      minimumNecessary: 'treat.triage',
      rules: expect.arrayContaining(['tier.raised:many_patients', 'minimum_necessary:treat.triage']),
    });
  });

  it('opened at once are counted one after the other', async () => {
    const tiers = (rulebookFiles()['tiers.yaml'] ?? '').replace('more_than: 100\n', 'more_than: 5\n');
    await at.govern({}, { 'tiers.yaml': tiers });
    const opened = await Promise.all(Array.from({ length: 20 }, (_, patient) => at.open({ patient, justified: true })));
    const answers = await Promise.all(opened.map((admission) => at.classify(admission)));
    const ofTier = (tier: string) => answers.filter((answer) => 'tier' in answer && answer.tier === tier).length;
    expect({ T1: ofTier('T1'), T2: ofTier('T2') }).toEqual({ T1: 5, T2: 15 });
  });
});

describe('what an agent completed before', () => {
  const completed = async (patient: number, ago: string, agent = triage) => {
    const { action } = await at.open({ patient, agent });
    await at.db.admin.query(
      `UPDATE countersign.action SET status = 'completed', concluded_at = clock_timestamp() - $2::interval WHERE action = $1`,
      [action, ago],
    );
  };

  it('counts for the same patient and agent, within the time that the policy names', async () => {
    await at.govern({});
    const about = async (patient: number, agent = triage) => {
      const admission = await at.open({ patient, agent });
      return inTenant(at.deps.pool, clinic, async (tx) => {
        const row = await findAction(tx, admission.action);
        if (!row) throw new Error('no such action');
        const rulebook = await at.deps.rulebook(tx, row.rulebook);
        const asking = { ...rulebook, policy: { ...rulebook.policy, precededWithinSeconds: 3_600 } };
        return (await circumstances(tx, asking, row)).precededBy;
      });
    };
    await completed(21, '10 minutes');
    await completed(22, '2 hours');
    await completed(23, '10 minutes', documentation);
    expect(await about(21)).toEqual(['medications.read']);
    expect(await about(22)).toEqual([]); // too long ago
    expect(await about(23)).toEqual([]); // another agent
    expect(await about(24)).toEqual([]); // another patient
  });

  it('is not looked for where no rule asks', async () => {
    await at.govern({});
    const found = await inTenant(at.deps.pool, clinic, async (tx) => {
      const row = await findAction(tx, (await at.open({ patient: 21 })).action);
      return row && circumstances(tx, await at.deps.rulebook(tx, row.rulebook), row);
    });
    expect(found).not.toHaveProperty('precededBy');
  });
});

describe('duty', () => {
  it('is looked up in the roster where a rule asks for it, and nowhere else', async () => {
    const dutyUnder = async (policy: string) => {
      await at.govern({}, { 'policy.yaml': policy });
      const { action } = await at.open({ patient: 41 });
      return inTenant(at.deps.pool, clinic, async (tx) => {
        const row = await findAction(tx, action);
        return row && (await circumstances(tx, await at.deps.rulebook(tx, row.rulebook), row)).onCall;
      });
    };
    const shipped = rulebookFiles()['policy.yaml'] ?? '';
    const onDuty = shipped.replace(
      '- treatment_relationship: proven',
      '- treatment_relationship: proven\n      - on_call: true',
    );
    expect(await dutyUnder(shipped)).toBeUndefined();
    expect(await dutyUnder(onDuty)).toBe(false);
    await at.db.admin.query(
      `INSERT INTO countersign.on_call (tenant, person, role, starts_at, ends_at)
       SELECT tenant, person, 'clinician', clock_timestamp() - interval '1 hour', clock_timestamp() + interval '1 hour'
         FROM countersign.person`,
    );
    expect(await dutyUnder(onDuty)).toBe(true);
  });
});

describe('the hour', () => {
  it('is looked up where a rule asks for it, and nowhere else', async () => {
    const windowsUnder = async (policy: string) => {
      await at.govern({}, { 'policy.yaml': policy });
      const { action } = await at.open({ patient: 31 });
      return inTenant(at.deps.pool, clinic, async (tx) => {
        const row = await findAction(tx, action);
        return row && (await circumstances(tx, await at.deps.rulebook(tx, row.rulebook), row)).timeWindows;
      });
    };
    const shipped = rulebookFiles()['policy.yaml'] ?? '';
    const hourly = shipped.replace(
      '- treatment_relationship: proven',
      '- treatment_relationship: proven\n      - time_window: business_hours',
    );
    expect(await windowsUnder(shipped)).toBeUndefined();
    expect(await windowsUnder(hourly)).toEqual(expect.any(Array));
  });
});
