/** What the EHR holds of a write, once more after the end, held against what the log says. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { action as actionId, type ActionId } from '../../../src/action/ids.js';
import { inTenant } from '../../../src/database/transaction.js';
import { actionTag, aiLabel } from '../../../src/ehr/transaction.js';
import { endStateStage, type EndStateStage, type Signature } from '../../support/end-state-stage.js';
import { clinic } from '../../support/stack.js';
import { until } from '../../support/until.js';
import type { ReconcileStage } from './stage.js';

let stage: EndStateStage;
let at: ReconcileStage;
beforeAll(async () => {
  stage = await endStateStage();
  at = stage.reconciling;
});
afterAll(() => stage?.stop());

const unknownAction = actionId('z'.repeat(26));
const onWrite = { method: 'POST', path: '/fhir', exact: true };
const approve: Signature = { meaning: 'approve.access', role: 'clinical_staff' };
const noEffect: Signature = { meaning: 'deny.no_effect', role: 'privacy_officer', reason: 'The number is the old one' };
const telecom = (number: number) => [{ system: 'phone', value: `555-0${number}`, use: 'home' }];

interface Write {
  readonly action: ActionId;
  /** `Patient/<id>`, whose phone it changes. */
  readonly target: string;
}
let asked = 100;

/** A change of a phone, signed, and on its way; each is of another patient as long as there are so many. */
async function signed(fault?: Parameters<EndStateStage['stack']['ehr']['faults']['set']>[0]['fault']): Promise<Write> {
  const { demoPatients, faults } = stage.stack.ehr;
  const patient = demoPatients[asked % demoPatients.length];
  if (!patient) throw new Error('the sandbox has no patients');
  asked += 1;
  const { patient: target, encounter: episode } = patient;
  const input = { patient: target, episode, target, change: { telecom: telecom(asked) } };
  const action = await stage.ask({ type: 'admin.update', input, elements: ['demographics.phone'] });
  await stage.reaches(action, 'awaiting_approval');
  if (fault) faults.set({ match: onWrite, fault });
  await stage.sign(action, 'amara', approve);
  return { action, target };
}

async function written(): Promise<Write> {
  const write = await signed();
  await stage.ended(write.action);
  return write;
}

/** Lets the next look be due, as time would. */
async function due(action: ActionId): Promise<void> {
  await stage.stack.db.admin.query(
    `UPDATE countersign.action
        SET concluded_at = concluded_at - interval '1 minute',
            versions_due = CASE WHEN versions_due IS NULL THEN NULL ELSE clock_timestamp() END WHERE action = $1`,
    [action],
  );
}
const reconciled = async ({ action }: Write): Promise<void> => {
  await due(action);
  await at.reconcile();
};

const versionsOf = ({ target }: Write) => stage.stack.ehr.versions(target);
const newest = (write: Write): string => versionsOf(write).at(-1)?.meta.versionId ?? '';
/** An edit in the name of this action, by whoever has our key for the EHR. */
const forge = ({ target }: Write, name: ActionId, number: number) =>
  stage.stack.ehr.edit(target, { telecom: telecom(number), meta: { security: [aiLabel], tag: [actionTag(name)] } });
const restore = (write: Write, steps = 1): void => {
  const version = versionsOf(write).at(-1 - steps)?.meta.versionId ?? '';
  stage.stack.ehr.restore(write.target, version);
};
/** How often the EHR was asked about this action after its end. */
const looks = ({ action }: Write): number =>
  stage.stack.ehr.requests('fhir').filter(({ requestId }) => requestId?.startsWith(`${action}.recheck_`)).length;
const findings = async ({ action }: Write): Promise<unknown[]> =>
  (await at.leaves(action)).filter(({ kind }) => kind === 'version.checked').map(({ data }) => data);
const events = async ({ action }: Write): Promise<unknown[]> =>
  (await at.leaves(action)).filter(({ kind }) => kind === 'security.event').map(({ data }) => data);

describe('an ended write, looked at once more', () => {
  it('is as recorded: one leaf under a warrant of its own, and the EHR is not asked again', async () => {
    const write = await written();
    await reconciled(write);
    expect(await findings(write)).toMatchObject([{ finding: 'as_recorded', version: newest(write) }]);
    expect(await events(write)).toEqual([]);
    expect(looks(write)).toBe(1);
    const leaves = await at.leaves(write.action);
    await reconciled(write);
    expect(looks(write)).toBe(1);
    expect(await at.leaves(write.action)).toEqual(leaves);
    expect(await at.account(write.action)).toMatchObject({
      outcome: { status: 'completed', modified: true },
      checked: [{ finding: 'as_recorded' }],
      securityEvents: [],
    });
    const warrants = await stage.stack.db.admin.query(
      `SELECT step, kind, read_only, max_uses, used, patient IS NOT NULL AS one_patient
         FROM countersign.warrant WHERE action = $1 AND step LIKE 'recheck%'`,
      [write.action],
    );
    expect(warrants.rows).toEqual([
      { step: 'recheck_1', kind: 'system', read_only: true, max_uses: 1, used: 1, one_patient: true },
    ]);
  });

  it('is as recorded under a later edit, whether or not our tag went with it', async () => {
    const write = await written();
    const version = newest(write);
    stage.stack.ehr.edit(write.target, { telecom: telecom(1) });
    stage.stack.ehr.edit(write.target, { telecom: telecom(2), meta: {} });
    await reconciled(write);
    expect(await findings(write)).toMatchObject([{ finding: 'as_recorded', version }]);
  });

  it('is left alone for a minute, and whoever reconciles, it is looked at once', async () => {
    const write = await written();
    await at.reconcile();
    expect(looks(write)).toBe(0);
    await due(write.action);
    await Promise.all([at.reconcile(), at.reconcile(), at.reconcile()]);
    expect(looks(write)).toBe(1);
    expect(await findings(write)).toHaveLength(1);
  });

  it('is no matter where nothing was sent', async () => {
    const write = await signedAway();
    await reconciled(write);
    expect(looks(write)).toBe(0);
    expect(await findings(write)).toEqual([]);
  });
});

/** A change that a human denied. */
async function signedAway(): Promise<Write> {
  const patient = stage.stack.ehr.demoPatients[0];
  const target = patient?.patient ?? '';
  const input = { patient: target, episode: patient?.encounter, target, change: { telecom: telecom(3) } };
  const action = await stage.ask({ type: 'admin.update', input, elements: ['demographics.phone'] });
  await stage.reaches(action, 'awaiting_approval');
  await stage.sign(action, 'amara', { meaning: 'deny.not_needed', role: 'clinical_staff', reason: 'It is right' });
  await stage.ended(action);
  return { action, target };
}

describe('an EHR that holds something else than the log says', () => {
  it.each<[string, (write: Write) => unknown, object, string]>([
    ['was put back to an older state', (write) => restore(write), { finding: 'missing' }, 'ehr.version_missing'],
    [
      'was put back, and others went on from there',
      (write) => {
        restore(write);
        stage.stack.ehr.edit(write.target, { telecom: telecom(4), meta: {} });
      },
      { finding: 'missing' },
      'ehr.version_missing',
    ],
    [
      'has other content under our name',
      (write) => {
        restore(write);
        forge(write, write.action, 5);
      },
      { finding: 'other_content' },
      'ehr.version_other',
    ],
    [
      'has a version in the name of an action that nobody knows',
      (write) => forge(write, unknownAction, 6),
      { finding: 'unexplained' },
      'ehr.unexplained_version',
    ],
    [
      'has our write undone and made once more',
      (write) => {
        stage.stack.ehr.edit(write.target, { telecom: telecom(7), meta: {} });
        forge(write, write.action, 8);
      },
      { finding: 'unexplained' },
      'ehr.unexplained_version',
    ],
  ])('because it %s, is told, once, and the evidence verifies', async (_because, happens, finding, code) => {
    const write = await written();
    const version = newest(write);
    await happens(write);
    await reconciled(write);
    await reconciled(write);
    const about = code === 'ehr.unexplained_version' ? newest(write) : version;
    expect(await findings(write)).toMatchObject([{ ...finding, version: about }]);
    expect(await events(write)).toEqual([{ code, agent: 'documentation-agent' }]);
    expect(looks(write)).toBe(1);
    expect(await at.account(write.action)).toMatchObject({
      outcome: { status: 'completed' },
      checked: [finding],
      securityEvents: [{ code }],
    });
  });

  it('because it applied what a human had said had no effect, is told', async () => {
    const write = await signed({ kind: 'hold' });
    await stage.stack.ehr.faults.whenHeld();
    await at.terminate(write.action);
    await at.aged(write.action);
    await at.reconcile();
    await stage.reaches(write.action, 'outcome_unknown');
    await stage.sign(write.action, 'elif', noEffect);
    await stage.ended(write.action);
    const before = newest(write);
    stage.stack.ehr.faults.release();
    await until(async () => newest(write) !== before || undefined);
    await reconciled(write);
    expect(await findings(write)).toMatchObject([{ finding: 'unexplained', version: newest(write) }]);
    expect(await at.account(write.action)).toMatchObject({
      outcome: { status: 'failed', code: 'write.no_effect' },
      checked: [{ finding: 'unexplained' }],
    });
  });
});

describe('an EHR that does not answer', () => {
  const down = { match: { method: 'GET', path: '/fhir/Patient/' }, times: 'always' } as const;
  const fails = { ...down, fault: { kind: 'status', status: 503 } } as const;
  const minutesLeft = async ({ action }: Write): Promise<number> => {
    const found = await stage.stack.db.admin.query(
      `SELECT extract(epoch FROM versions_due - clock_timestamp())::float8 / 60 AS minutes
         FROM countersign.action WHERE action = $1`,
      [action],
    );
    return z.object({ minutes: z.number() }).parse(found.rows[0]).minutes;
  };
  const leftOver = async ({ action }: Write): Promise<void> => {
    await due(action);
    await expect(at.reconcile()).rejects.toThrow('1 could not be reconciled');
  };

  it('is asked again after two minutes, four, eight; what it then shows counts', async () => {
    const write = await written();
    stage.stack.ehr.faults.set(fails);
    await leftOver(write);
    expect(await minutesLeft(write)).toBeCloseTo(2, 0);
    await at.reconcile(); // it is not due
    await leftOver(write);
    expect(await minutesLeft(write)).toBeCloseTo(4, 0);
    expect(await findings(write)).toEqual([]);
    stage.stack.ehr.faults.clear();
    await reconciled(write);
    expect(await findings(write)).toMatchObject([{ finding: 'as_recorded' }]);
    expect(await at.account(write.action)).toMatchObject({ checked: [{ finding: 'as_recorded' }] });
  });

  it('ten times over is not asked any more, and the log says that it did not say', async () => {
    const write = await written();
    stage.stack.ehr.faults.set(fails);
    for (let look = 1; look <= 10; look++) await leftOver(write);
    expect(looks(write)).toBe(10);
    await reconciled(write);
    stage.stack.ehr.faults.clear();
    await reconciled(write);
    expect(looks(write)).toBe(10);
    expect(await findings(write)).toMatchObject([{ finding: 'not_said', version: null }]);
    expect(await events(write)).toEqual([]);
    expect(await at.account(write.action)).toMatchObject({ checked: [{ finding: 'not_said' }] });
  });

  it('does not hold up what else there is to reconcile', async () => {
    const write = await written();
    stage.stack.ehr.faults.set(fails);
    const waiting = await stage.ask({ type: 'medications.read', input: patientInput() });
    await at.terminate(waiting);
    await at.aged(waiting);
    await leftOver(write);
    stage.stack.ehr.faults.clear();
    expect((await at.row(waiting)).status).toBe('failed');
  });

  it('but says that there is no such record, holds no version of it', async () => {
    const write = await written();
    stage.stack.ehr.faults.set({ ...down, fault: { kind: 'status', status: 404 } });
    await reconciled(write);
    stage.stack.ehr.faults.clear();
    expect(await findings(write)).toMatchObject([{ finding: 'missing' }]);
  });

  it('or answers with somebody else’s record, is told as that, and asked again', async () => {
    const write = await written();
    stage.stack.ehr.faults.set({ ...down, fault: { kind: 'wrong_patient' } });
    await leftOver(write);
    stage.stack.ehr.faults.clear();
    expect(await events(write)).toEqual([{ code: 'ehr.other_patient', agent: 'documentation-agent' }]);
    await reconciled(write);
    expect(await findings(write)).toMatchObject([{ finding: 'as_recorded' }]);
  });
});

function patientInput() {
  const patient = stage.stack.ehr.demoPatients[0];
  return { patient: patient?.patient, episode: patient?.encounter };
}

describe('an action whose keys were destroyed', () => {
  it('is not looked at: nobody could say any more what was approved', async () => {
    const write = await written();
    const { keychain } = stage.stack.governance;
    await inTenant(stage.stack.db.pool('governance'), clinic, (tx) => keychain.destroy(tx, clinic, write.action));
    await reconciled(write);
    const due = await stage.stack.db.admin.query('SELECT versions_due FROM countersign.action WHERE action = $1', [
      write.action,
    ]);
    expect(due.rows).toEqual([{ versions_due: null }]);
    expect(looks(write)).toBe(0);
    expect(await findings(write)).toEqual([]);
  });
});

describe('an unknown outcome whose workflow is given back', () => {
  it('goes on with the rounds of asking where the one before it ended', async () => {
    const write = await signed({ kind: 'hold' });
    await stage.stack.ehr.faults.whenHeld();
    await at.terminate(write.action);
    await at.aged(write.action);
    await at.reconcile();
    const asked = async (): Promise<string[]> =>
      (await at.leaves(write.action)).filter(({ kind }) => kind === 'outcome.read_back').map(({ key }) => key);
    await until(async () => (await asked()).length === 1 || undefined);
    await at.terminate(write.action);
    await at.reconcile();
    await until(async () => (await asked()).length === 2 || undefined);
    expect(await asked()).toEqual(['read_back_1', 'read_back_2']);
    expect((await at.leaves(write.action)).filter(({ kind }) => kind === 'warrant.refused')).toEqual([]);
    await stage.sign(write.action, 'elif', { meaning: 'approve.took_effect', role: 'privacy_officer' });
    await stage.ended(write.action);
    stage.stack.ehr.faults.release();
  });
});
