import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { Fault } from '../../../sandbox/src/ehr/faults.js';
import { digest, role } from '../../../src/action/ids.js';
import { inTenant } from '../../../src/database/transaction.js';
import { prepareReadings, writeReadings } from '../../../src/ehr/write-elements.js';
import { revokeWarrants } from '../../../src/warrant/warrant.store.js';
import { until } from '../../support/until.js';
import { clinic } from '../warrant/stage.js';
import { after, before, codeOf, dora, writeStage, type Ready, type WriteStage } from './write-stage.js';

let at: WriteStage;
beforeAll(async () => {
  at = await writeStage();
});
afterAll(() => at.end());
afterEach(() => at.calm());

const performed = { status: 'performed', records: 1, truncated: false };
const ours = `${after} (ours)`;
const write = ({ of, warrant }: Ready) => codeOf(at.write(of, warrant));
const transactions = { method: 'POST', path: '/fhir', exact: true };
const meets = (fault: Fault, times: number | 'always' = 1) => at.ehr.faults.set({ match: transactions, times, fault });
/** The next attempt, once the lease of the one before is over. */
const later = async (ready: Ready): Promise<unknown> => {
  await at.endLease(ready.warrant);
  return write(ready);
};
const outcome = async ({ of, target, warrant }: Ready) => ({
  use: await at.use(warrant),
  sent: at.sent(of).length,
  versions: at.story(target),
});

describe('a write under two signatures', () => {
  it('is one new version with its tag and label, and a Provenance that names who stands behind it', async () => {
    const ready = await at.ready();
    expect(await write(ready)).toEqual(performed);
    expect(await outcome(ready)).toEqual({ use: 'done', sent: 1, versions: [before, ours] });
    const [, written] = at.ehr.versions(ready.target);
    expect(written).toMatchObject({
      dosageInstruction: [{ text: after }],
      meta: {
        versionId: '2',
        security: [{ code: 'AIAST' }],
        tag: [{ system: 'https://countersign.dev/action', code: ready.of.action }],
      },
    });
    const [, made = ''] = at.sent(ready.of)[0]?.written ?? [];
    expect(at.ehr.versions(made.replace(/\/_history.*/, ''))[0]).toMatchObject({
      resourceType: 'Provenance',
      target: [{ reference: ready.target }],
      agent: [
        { who: { reference: '#agent' }, onBehalfOf: { reference: 'Practitioner/chen' } },
        { who: { reference: 'Practitioner/chen' } },
        { who: { reference: 'Practitioner/dora' } },
      ],
    });
  });

  it('tells the result where it is sealed, and counts only outside', async () => {
    const ready = await at.ready();
    await write(ready);
    const modified = [{ reference: ready.target, version: '2' }];
    expect(await at.result(ready.of)).toEqual({ elements: {}, truncated: false, modified });
    expect(await at.kinds(ready.of)).toEqual([
      'action.attempt',
      'action.prepared',
      'vote.counted',
      'vote.counted',
      'action.attempt',
    ]);
  });

  it('sends just one transaction, on the approved version, and reads it back, each with its own scopes', async () => {
    const { of, target, warrant } = await at.ready();
    at.heard();
    await at.write(of, warrant);
    const requestId = `${of.action}.perform.2.1`;
    expect(at.heard()).toMatchObject([
      {
        method: 'POST',
        path: '/fhir',
        requestId,
        scopes: ['system/MedicationRequest.u', 'system/Provenance.c'],
        entries: [
          { method: 'PUT', url: target, ifMatch: 'W/"1"' },
          { method: 'POST', url: 'Provenance' },
        ],
      },
      {
        method: 'GET',
        path: `/fhir/${target}/_history/2`,
        query: '',
        requestId,
        scopes: ['system/MedicationRequest.r', 'system/Provenance.rs'],
      },
    ]);
  });

  it('has its attempt under a signed checkpoint before the EHR hears of it', async () => {
    const { of, warrant } = await at.ready();
    const covered = async () => {
      const found = await at.db.admin.query(
        `SELECT max(c.size) > max(l.index) AS covered FROM countersign.audit_checkpoint c, countersign.audit_leaf l
          WHERE l.action = $1 AND l.kind = 'action.attempt'`,
        [of.action],
      );
      return found.rows[0]?.covered;
    };
    let seen: unknown;
    at.wire.before = async () => void (seen = await covered());
    await at.write(of, warrant);
    expect(seen).toBe(true);
  });

  it('repeated after it was done, answers the same and asks the EHR nothing', async () => {
    const ready = await at.ready();
    await write(ready);
    at.heard();
    expect(await write(ready)).toEqual(performed);
    expect(at.heard()).toEqual([]);
  });

  it('is not made under a warrant to read, nor is a read under a warrant to write', async () => {
    const { of, warrant } = await at.ready();
    const prepare = await at.mintPrepare(of);
    at.heard();
    expect(await codeOf(at.write(of, prepare))).toBe('warrant.other_action');
    expect(await codeOf(at.readBack(of, warrant))).toBe('warrant.other_action');
    expect(at.heard()).toEqual([]);
  });
});

describe('other writes', () => {
  it('change contact details under one signature, for which a sign-in is enough', async () => {
    const elements = ['demographics.phone'];
    const change = { telecom: [{ system: 'phone', value: '555-0199', use: 'home' }] };
    const of = await at.asked('Patient/canary', { type: 'admin.update', elements }, change);
    await at.db.admin.query(`UPDATE countersign.action SET tier = 'T1' WHERE action = $1`, [of.action]);
    const reading = { tier: 'T1', elements: prepareReadings('admin.update', elements) } as const;
    expect(await at.prepare(of, await at.mintPrepare(of, reading))).toEqual({ status: 'prepared', revision: 2 });
    const { leaf } = await at.voters.vote('dora', {
      action: of.action,
      approver: dora,
      roles: [role('clinical_staff')],
      meaning: 'approve.access',
      proof: { kind: 'idp', idToken: 'header.payload.signature' },
    });
    const writing = { tier: 'T1', elements: writeReadings('admin.update', elements, 'write') } as const;
    expect(await at.write(of, await at.mintWrite(of, [digest(leaf)], writing))).toEqual(performed);
    expect(at.ehr.versions('Patient/canary').at(-1)).toMatchObject(change);
  });

  it.each([true, false])('mark a record as entered in error, if both signed in freshly: %s', async (fresh) => {
    const { of, target, warrant } = await at.readyDeletion({ fresh });
    expect(await codeOf(at.write(of, warrant))).toEqual(fresh ? performed : 'warrant.unapproved');
    expect(at.ehr.versions(target).at(-1)).toMatchObject({ status: fresh ? 'entered-in-error' : 'active' });
  });
});

describe('a write of which nobody knows', () => {
  it.each<[what: string, fault: Fault]>([
    ['the connection broke after it was done', { kind: 'drop' }],
    ['it was done and answered with a 500', { kind: 'fail_after', status: 500 }],
    ['it was done and answered with a 503', { kind: 'fail_after', status: 503, retryAfter: 1 }],
    ['it was done and answered with a web page', { kind: 'not_json' }],
    ['it was done and answered endlessly', { kind: 'huge', bytes: 20_000_000 }],
  ])('is found by the next attempt, which sends nothing: %s', async (_what, fault) => {
    const ready = await at.ready();
    meets(fault);
    expect(await write(ready)).toBe('ehr.unavailable');
    expect(await outcome(ready)).toEqual({ use: 'unknown', sent: 1, versions: [before, ours] });
    expect(await later(ready)).toEqual(performed);
    expect(await outcome(ready)).toEqual({ use: 'done', sent: 1, versions: [before, ours] });
  });

  it.each<[what: string, fault: Fault]>([
    ['it failed before it was done', { kind: 'status', status: 500 }],
    ['a proxy said 503', { kind: 'status', status: 503 }],
    ['a proxy gave up waiting', { kind: 'status', status: 408 }],
    ['a precondition failed that holds', { kind: 'status', status: 412 }],
    ['we were sent elsewhere', { kind: 'redirect', to: 'http://127.0.0.1:1/' }],
  ])('is made by the next attempt, on the approved version alone: %s', async (_what, fault) => {
    const ready = await at.ready();
    meets(fault);
    expect(await write(ready)).toBe('ehr.unavailable');
    expect(await outcome(ready)).toEqual({ use: 'unknown', sent: 1, versions: [before] });
    expect(await later(ready)).toEqual(performed);
    expect(await outcome(ready)).toEqual({ use: 'done', sent: 2, versions: [before, ours] });
  });

  it('keeps the next attempt waiting for as long as it may still be sending', async () => {
    const ready = await at.ready();
    meets({ kind: 'drop' });
    await write(ready);
    const leased = await at.write(ready.of, ready.warrant).catch((error: unknown) => error);
    expect(leased).toMatchObject({ code: 'warrant.leased', details: { retryAfter: expect.any(Number) } });
    const { retryAfter } = Object(leased).details;
    expect(retryAfter).toBeGreaterThan(5);
    expect(retryAfter).toBeLessThanOrEqual(15.001);
    expect(await at.events(ready.of)).toEqual([]);
  });

  it('is found although somebody changed the record afterwards and the tag went along', async () => {
    const ready = await at.ready();
    meets({ kind: 'drop' });
    await write(ready);
    at.ehr.edit(ready.target, { dosageInstruction: [{ text: 'as needed' }] });
    expect(await later(ready)).toEqual(performed);
    expect(await at.result(ready.of)).toMatchObject({ modified: [{ version: '2' }] });
    expect(at.sent(ready.of)).toHaveLength(1);
  });

  it('can never come any more once somebody else was first: a conflict, and nothing is sent', async () => {
    const ready = await at.ready();
    meets({ kind: 'status', status: 500 });
    await write(ready);
    at.ehr.edit(ready.target, { dosageInstruction: [{ text: 'as needed' }] });
    expect(await later(ready)).toEqual({ status: 'conflict' });
    expect(await outcome(ready)).toEqual({ use: 'conflict', sent: 1, versions: [before, 'as needed'] });
  });
});

describe('two attempts of one write', () => {
  it('held by the EHR beyond its lease and let go when a second one has written: one version', async () => {
    const ready = await at.ready();
    meets({ kind: 'hold' });
    const first = write(ready);
    await at.ehr.faults.whenHeld();
    expect(await later(ready)).toEqual(performed);
    at.ehr.faults.release();
    expect(await first).toBe('warrant.superseded');
    expect(await outcome(ready)).toEqual({ use: 'done', sent: 2, versions: [before, ours] });
    expect(await at.events(ready.of)).toEqual([]);
  });

  it('let go while the second one is on its way: one version, whoever comes first', async () => {
    const ready = await at.ready();
    meets({ kind: 'hold' });
    const first = write(ready);
    await at.ehr.faults.whenHeld();
    at.wire.after = async () => {
      at.ehr.faults.release();
      await until(async () => at.story(ready.target)[1]);
    };
    expect(await later(ready)).toEqual(performed);
    expect(await first).toBe('warrant.superseded');
    expect(await outcome(ready)).toEqual({ use: 'done', sent: 2, versions: [before, ours] });
  });

  it('answered late: the second one finds what is there and sends nothing', async () => {
    const ready = await at.ready();
    meets({ kind: 'hold', when: 'after' });
    const first = write(ready);
    await at.ehr.faults.whenHeld();
    expect(await later(ready)).toEqual(performed);
    at.ehr.faults.release();
    expect(await first).toBe('warrant.superseded');
    expect(await outcome(ready)).toEqual({ use: 'done', sent: 1, versions: [before, ours] });
  });

  it('at once: one holds the lease', async () => {
    const ready = await at.ready();
    const both = await Promise.all([write(ready), write(ready)]);
    expect(both).toEqual(expect.arrayContaining([performed, 'warrant.leased']));
    expect(await outcome(ready)).toEqual({ use: 'done', sent: 1, versions: [before, ours] });
  });
});

describe('two actions that ask for the same change', () => {
  /** Both approved on the same version; the first has written. */
  const both = async () => {
    const target = await at.order();
    const [first, second] = [await at.asked(target), await at.asked(target)];
    const writing = async (of: typeof first): Promise<Ready> => {
      await at.prepare(of);
      return { of, target, warrant: await at.mintWrite(of, await at.approve(of)) };
    };
    return [await writing(first), await writing(second)] as const;
  };

  it('are one write: the second is no write of ours, and asked again it has nothing to change', async () => {
    const [first, second] = await both();
    expect(await write(first)).toEqual(performed);
    expect(await write(second)).toEqual({ status: 'conflict' });
    expect(await outcome(second)).toEqual({ use: 'conflict', sent: 1, versions: [before, ours] });
    expect(await at.result(second.of)).toBe('sealed.missing');
    const { action } = second.of;
    await at.db.admin.query(`UPDATE countersign.action SET status = 'preparing' WHERE action = $1`, [action]);
    expect(await at.prepare(second.of)).toEqual({ status: 'refused', rules: ['write.no_change'] });
    expect(await at.events(second.of)).toEqual([]);
  });

  it('are told apart although the second got no answer', async () => {
    const [first, second] = await both();
    meets({ kind: 'status', status: 500 });
    expect(await write(second)).toBe('ehr.unavailable');
    expect(await write(first)).toEqual(performed);
    expect(await later(second)).toEqual({ status: 'conflict' });
    expect(await outcome(second)).toEqual({ use: 'conflict', sent: 1, versions: [before, ours] });
  });
});

describe('an EHR that takes nothing', () => {
  it.each([400, 403, 404, 413, 422])('and says so with %i ends the write', async (status) => {
    const ready = await at.ready();
    meets({ kind: 'status', status });
    expect(await write(ready)).toBe('ehr.rejected');
    expect(await outcome(ready)).toEqual({ use: 'rejected', sent: 1, versions: [before] });
    expect(await later(ready)).toBe('ehr.rejected');
    expect(at.sent(ready.of)).toHaveLength(1);
  });

  it('does not end it while an earlier attempt may still take effect', async () => {
    const ready = await at.ready();
    meets({ kind: 'status', status: 500 });
    await write(ready);
    meets({ kind: 'status', status: 422 });
    expect(await later(ready)).toBe('ehr.rejected');
    expect(await at.use(ready.warrant)).toBe('unknown');
  });

  it('and is busy lets the next attempt try at once', async () => {
    const ready = await at.ready();
    meets({ kind: 'status', status: 429, retryAfter: 7 });
    const busy = await at.write(ready.of, ready.warrant).catch((error: unknown) => error);
    expect(busy).toMatchObject({ code: 'ehr.busy', details: { retryAfter: 7 } });
    expect(await at.use(ready.warrant)).toBe('open');
    expect(await write(ready)).toEqual(performed);
    expect(await outcome(ready)).toEqual({ use: 'done', sent: 2, versions: [before, ours] });
  });

  it('and no longer knows our token gets one new one', async () => {
    const ready = await at.ready();
    meets({ kind: 'status', status: 401 });
    expect(await write(ready)).toEqual(performed);
    expect(await outcome(ready)).toEqual({ use: 'done', sent: 2, versions: [before, ours] });
  });

  it('and never knows our token ends the write', async () => {
    const ready = await at.ready();
    meets({ kind: 'status', status: 401 }, 'always');
    expect(await write(ready)).toBe('ehr.rejected');
    expect(await outcome(ready)).toEqual({ use: 'rejected', sent: 2, versions: [before] });
  });

  it('because somebody else was first: a conflict, and nothing of ours', async () => {
    const ready = await at.ready();
    at.ehr.edit(ready.target, { dosageInstruction: [{ text: 'as needed' }] });
    expect(await write(ready)).toEqual({ status: 'conflict' });
    expect(await outcome(ready)).toEqual({ use: 'conflict', sent: 1, versions: [before, 'as needed'] });
    at.heard();
    expect(await write(ready)).toEqual({ status: 'conflict' });
    expect(at.heard()).toEqual([]);
  });
});

describe('what comes back', () => {
  const location = (of: string) => (body: unknown) => {
    const answer = structuredClone(Object(body));
    answer.entry[0].response = { status: '200', location: `${at.ehr.url}/${of}` };
    return answer;
  };

  it.each<[what: string, of: (target: string) => string]>([
    ['the version that was there before', (target) => `${target}/_history/1`],
    ['a version that does not exist', (target) => `${target}/_history/7`],
    ['another resource', () => 'MedicationRequest/canary-medication-1/_history/1'],
    ['another type', () => 'Patient/canary/_history/1'],
  ])('is looked for when the answer names %s', async (_what, of) => {
    const ready = await at.ready();
    at.wire.back = location(of(ready.target));
    expect(await write(ready)).toEqual(performed);
    expect(await at.result(ready.of)).toMatchObject({ modified: [{ reference: ready.target, version: '2' }] });
  });

  it('of another patient: nobody knows, and somebody should look', async () => {
    const ready = await at.ready();
    at.ehr.faults.set({ match: { method: 'GET', path: `/fhir/${ready.target}` }, fault: { kind: 'wrong_patient' } });
    expect(await write(ready)).toBe('ehr.other_patient');
    expect(await at.use(ready.warrant)).toBe('unknown');
    expect(await at.result(ready.of)).toBe('sealed.missing');
    expect(await at.events(ready.of)).toEqual(['ehr.other_patient']);
  });

  it('of an EHR that went away after its yes: the next attempt finds it', async () => {
    const ready = await at.ready();
    at.ehr.faults.set({ match: { method: 'GET', path: `/fhir/${ready.target}` }, fault: { kind: 'drop' } });
    expect(await write(ready)).toBe('ehr.unavailable');
    expect(await at.use(ready.warrant)).toBe('unknown');
    expect(await later(ready)).toEqual(performed);
    expect(at.sent(ready.of)).toHaveLength(1);
  });

  it.each<[what: string, change: (resource: Record<string, unknown>) => void]>([
    ['with another text', (resource) => void (resource['dosageInstruction'] = [{ text: 'ten tablets' }])],
    ['with one field more', (resource) => void (resource['priority'] = 'stat')],
    ['without its label', (resource) => void (Object(resource['meta']).security = [])],
    ['without its tag', (resource) => void (Object(resource['meta']).tag = [])],
  ])('written otherwise than approved, %s: a human decides', async (_what, change) => {
    const ready = await at.ready();
    at.wire.there = (transaction) => {
      const altered = structuredClone(Object(transaction));
      change(altered.entry[0].resource);
      return altered;
    };
    expect(await write(ready)).toBe('ehr.written_otherwise');
    expect(await at.use(ready.warrant)).toBe('unknown');
    expect(await at.events(ready.of)).toEqual(['ehr.written_otherwise']);
    at.calm();
    expect(await later(ready)).toBe('ehr.written_otherwise');
    expect(at.sent(ready.of)).toHaveLength(1);
  });
});

describe('nothing is sent', () => {
  const nothing = async ({ of, target }: Ready) => {
    expect(at.sent(of)).toEqual([]);
    expect(at.story(target)).toEqual([before]);
  };

  it('by a process that slept between the database’s yes and the request, until its lease was over', async () => {
    const ready = await at.ready();
    at.wire.after = async () => at.advance(20_000);
    expect(await write(ready)).toBe('warrant.lease_over');
    await nothing(ready);
    expect(await at.events(ready.of)).toEqual([]);
    at.calm();
    expect(await write(ready)).toEqual(performed);
    expect(await outcome(ready)).toEqual({ use: 'done', sent: 1, versions: [before, ours] });
  });

  it('by one that woke up after its lease, before the database was asked', async () => {
    const ready = await at.ready();
    at.wire.before = () => at.endLease(ready.warrant);
    expect(await write(ready)).toBe('warrant.lease_over');
    await nothing(ready);
  });

  it('under a warrant that was revoked between opening and sending', async () => {
    const ready = await at.ready();
    const { action } = ready.of;
    at.wire.before = () => inTenant(at.db.pool('api'), clinic, (tx) => revokeWarrants(tx, { action }, 'cancelled'));
    expect(await write(ready)).toBe('warrant.revoked');
    await nothing(ready);
    expect(await at.use(ready.warrant)).toBe('open');
    expect(await at.events(ready.of)).toEqual(['warrant.revoked']);
  });

  it('by an attempt that a later one overtook before it could send', async () => {
    const ready = await at.ready();
    let second: unknown;
    at.wire.before = async () => {
      at.calm();
      second = await later(ready);
    };
    expect(await write(ready)).toBe('warrant.superseded');
    expect(second).toEqual(performed);
    expect(await outcome(ready)).toEqual({ use: 'done', sent: 1, versions: [before, ours] });
  });

  it('while nobody signs the log', async () => {
    const ready = await at.ready();
    await at.stopSigning();
    const writing = write(ready);
    const attempts = async () => (await at.kinds(ready.of)).filter((kind) => kind === 'action.attempt');
    await until(async () => (await attempts())[1]);
    at.advance(20_000);
    expect(await writing).toBe('checkpoint.not_yet');
    await nothing(ready);
    expect(await at.use(ready.warrant)).toBe('open');
    await at.sign();
    expect(await write(ready)).toEqual(performed);
  });

  it.each([
    ['log.unsigned', `reported_at = clock_timestamp() - interval '1 minute'`],
    ['log.behind', `status = 'refusing', reported_at = 'infinity'`],
  ])('%s: nor is anything opened', async (code, word) => {
    const ready = await at.ready();
    await at.stopSigning();
    await at.db.admin.query(`UPDATE countersign.signer_state SET ${word}`);
    expect(await write(ready)).toBe(code);
    await nothing(ready);
    expect(await at.use(ready.warrant)).toBeUndefined();
    await at.sign();
  });

  it('once the workflow gave up before', async () => {
    const ready = await at.ready();
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
    at.wire.before = async () => void environment.cancel();
    await expect(at.write(ready.of, ready.warrant, environment)).rejects.toMatchObject({ name: 'CancelledFailure' });
    await nothing(ready);
    expect(await at.use(ready.warrant)).toBe('open');
  });
});

describe('a workflow that gives up after something was sent', () => {
  it('hears how it ended all the same', async () => {
    const ready = await at.ready();
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
    meets({ kind: 'hold', when: 'after' });
    const writing = at.write(ready.of, ready.warrant, environment);
    await at.ehr.faults.whenHeld();
    environment.cancel();
    at.ehr.faults.release();
    expect(await writing).toEqual(performed);
    expect(await outcome(ready)).toEqual({ use: 'done', sent: 1, versions: [before, ours] });
  });
});
