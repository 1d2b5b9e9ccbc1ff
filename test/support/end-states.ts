/** Every end of an action, reached for real, and what its evidence has to tell. */
import { canaryPatient } from '@countersign/sandbox';
import { agent, type ActionId } from '../../src/action/ids.js';
import { requestCancel } from '../../src/api/request-cancel.tx.js';
import { retentionWorkflowId, sweepScheduleId } from '../../src/retention/types.js';
import { deletionPhrase } from './asking.js';
import type { EndStateStage, Signature } from './end-state-stage.js';
import type { EndStateName, SystemRunName } from './recorded-histories.js';
import { clinic, type Stack } from './stack.js';

export interface EndState {
  /** Brings an action so far that it ends by itself. */
  reach(at: EndStateStage): Promise<ActionId>;
  /** It takes seconds from there, in which others can be begun. */
  readonly waits?: true;
  /** Of the account that the verifier gives. */
  readonly tells: object;
}

const canary = { patient: canaryPatient.patient, episode: canaryPatient.encounter };
const order = 'MedicationRequest/canary-medication-1';
const triage = agent('triage-agent');
const onWrite = { method: 'POST', path: '/fhir', exact: true };

const approve: Signature = { meaning: 'approve.access', role: 'clinical_staff' };
const approveT2: Signature = { ...approve, proof: 'passkey' };
const countersign: Signature = { meaning: 'approve.access', role: 'senior_clinician', proof: 'passkey' };
const ordered: Signature = { meaning: 'approve.order', role: 'clinician', proof: 'passkey' };

const facility = { type: 'facility.read', input: {}, purpose: 'HOPERAT', agent: triage };
const medications = { type: 'medications.read', input: canary, agent: triage };
/** The agent says that it is more than it would be taken for. */
const much = {
  type: 'record.read',
  input: canary,
  elements: ['allergy_history'],
  claimedTier: 'T2' as const,
  justifications: { allergy_history: 'The summary rests on it' },
};

const telecom = (value: string) => [{ system: 'phone', value, use: 'home' }];
let numbers = 0;
/** A new phone of one of the sandbox's patients; of one of its own where it is read back while the next one begins. */
function phoneOf(at: EndStateStage, which: number) {
  const chosen = at.stack.ehr.demoPatients[which];
  if (!chosen) throw new Error('the sandbox has not that many patients');
  const { patient, encounter: episode } = chosen;
  numbers += 1;
  const change = { telecom: telecom(`555-${1_000 + numbers}`) };
  const input = { patient, episode, target: patient, change };
  return { patient, change, asking: { type: 'admin.update', input, elements: ['demographics.phone'] } };
}

/** Words and structure of the instruction say the same before and after. */
function dose(frequency: number) {
  const text = `37 mg by mouth ${frequency} times a day`;
  const timing = { repeat: { frequency, period: 1, periodUnit: 'd' } };
  return {
    type: 'medication.update',
    input: { ...canary, target: order, change: { dosageInstruction: [{ at: 0, text, timing }] } },
    justifications: { current_medications: 'It was taken too often' },
  };
}

type Fault = Parameters<Stack['ehr']['faults']['set']>[0]['fault'];

/** A change of a phone that a clinician has approved, and an EHR that meets it like this. */
async function written(
  at: EndStateStage,
  which: number,
  fault?: Fault,
): Promise<{ readonly action: ActionId; readonly patient: string }> {
  const { asking, patient } = phoneOf(at, which);
  const action = await at.ask(asking);
  await at.reaches(action, 'awaiting_approval');
  if (fault) at.stack.ehr.faults.set({ match: onWrite, fault });
  await at.sign(action, 'amara', approve);
  return { action, patient };
}

/** Sent, without an answer that says what became of it; then told to stop, so that it is not tried again. */
async function unknown(
  at: EndStateStage,
  which: number,
  { fault, afterwards = () => undefined }: { readonly fault: Fault; readonly afterwards?: (patient: string) => void },
): Promise<{ readonly action: ActionId; readonly patient: string }> {
  const before = at.sent();
  const write = await written(at, which, fault);
  await at.untilSent(before + 1);
  afterwards(write.patient);
  await at.stack.actions.cancel(write.action);
  await at.reaches(write.action, 'outcome_unknown');
  return write;
}

const outcome = (status: string, more: object = {}) => ({ outcome: { status, ...more } });
const changed = { modified: true };

export const endStates: Readonly<Record<EndStateName, EndState>> = {
  'read-of-nobody': {
    reach: (at) => at.ask(facility),
    tells: { ...outcome('completed', { modified: false }), requested: { tier: 'T0' }, votes: [] },
  },

  read: {
    async reach(at) {
      const action = await at.ask(medications);
      await at.sign(action, 'amara', approve);
      return action;
    },
    tells: { ...outcome('completed', { modified: false }), requested: { tier: 'T1' }, votes: [{ method: 'idp' }] },
  },

  'read-under-two-signatures': {
    async reach(at) {
      const action = await at.ask(much);
      await at.reaches(action, 'awaiting_approval');
      await at.sign(action, 'amara', approveT2);
      await at.sign(action, 'ben', countersign);
      return action;
    },
    tells: {
      ...outcome('completed', { modified: false }),
      requested: { tier: 'T2' },
      votes: [{ method: 'passkey' }, { method: 'passkey' }],
    },
  },

  denied: {
    async reach(at) {
      const action = await at.ask(medications);
      const no = { meaning: 'deny.not_needed', reason: 'The patient went home', unanswered: true } as const;
      await at.sign(action, 'amara', { ...no, role: 'clinical_staff' });
      return action;
    },
    tells: { ...outcome('denied'), votes: [{ verdict: 'deny' }] },
  },

  expired: {
    waits: true,
    reach: (at) => at.ask({ ...medications, expiresIn: 2 }),
    tells: { ...outcome('expired'), votes: [] },
  },

  cancelled: {
    async reach(at) {
      const action = await at.ask(medications);
      await requestCancel(at.stack.api.pool, { tenant: clinic, action, agent: triage, person: null });
      await at.stack.actions.cancel(action);
      return action;
    },
    tells: { ...outcome('cancelled'), votes: [] },
  },

  refused: {
    reach: (at) => at.ask({ ...medications, agent: agent('scheduling-agent') }),
    tells: { ...outcome('refused', { warrant: null }), votes: [] },
  },

  'refused-before-the-warrant': {
    async reach(at) {
      const action = await at.ask(medications);
      await at.stack.db.admin.query(
        `INSERT INTO countersign.suspension (tenant, kind, subject, reason)
         VALUES ('clinic', 'agent', 'triage-agent', 'incident')`,
      );
      await at.sign(action, 'amara', approve);
      await at.ended(action);
      await at.stack.db.admin.query('UPDATE countersign.suspension SET lifted_at = clock_timestamp()');
      return action;
    },
    tells: { ...outcome('refused', { warrant: null }), votes: [{ verdict: 'approve' }], refused: {} },
  },

  withheld: {
    async reach(at) {
      const action = await at.ask(medications);
      const other = { medicationCodeableConcept: { text: 'as for Patient/p2, SSN 536-90-4399' } };
      at.stack.ehr.edit('MedicationRequest/canary-medication-2', other);
      await at.sign(action, 'amara', approve);
      await at.ended(action);
      const own = { medicationCodeableConcept: { text: 'Zephyrolol' } };
      at.stack.ehr.edit('MedicationRequest/canary-medication-2', own);
      return action;
    },
    tells: outcome('withheld'),
  },

  failed: {
    async reach(at) {
      const action = await at.ask(medications);
      at.stack.ehr.faults.set({ match: { path: '/fhir/MedicationRequest' }, fault: { kind: 'wrong_patient' } });
      await at.sign(action, 'amara', approve);
      return action;
    },
    tells: { ...outcome('failed', { code: 'ehr.other_patient' }), securityEvents: [{ code: 'ehr.other_patient' }] },
  },

  terminated: {
    async reach(at) {
      const action = await at.ask(medications);
      await at.reconciling.terminate(action);
      await at.reconciling.aged(action);
      await at.reconciling.reconcile();
      return action;
    },
    tells: {
      ...outcome('failed', { code: 'workflow.terminated' }),
      reconciled: [{ finding: 'workflow.terminated' }],
      securityEvents: [{ code: 'workflow.terminated' }],
    },
  },

  'reset-after-the-end': {
    async reach(at) {
      const action = await at.ended(await at.ask(facility));
      await at.reconciling.reset(action);
      await at.ended(action);
      await at.reconciling.aged(action);
      await at.reconciling.reconcile();
      return action;
    },
    tells: { ...outcome('completed'), attempts: [{ attempt: 1 }], histories: [{}, {}] },
  },

  write: {
    reach: async (at) => (await written(at, 0)).action,
    tells: { ...outcome('completed', changed), requested: { tier: 'T1' }, prepared: [{ revision: 2 }] },
  },

  'write-under-two-signatures': {
    async reach(at) {
      const action = await at.ask(dose(2));
      await at.reaches(action, 'awaiting_approval');
      await at.sign(action, 'chen', ordered);
      await at.sign(action, 'ben', countersign);
      return action;
    },
    tells: {
      ...outcome('completed', changed),
      requested: { tier: 'T2' },
      votes: [{ meaning: 'approve.order' }, { meaning: 'approve.access' }],
    },
  },

  'write-reopened': {
    async reach(at) {
      const action = await at.ask(dose(4));
      await at.reaches(action, 'awaiting_approval', 2);
      at.stack.ehr.edit(order, { note: [{ text: 'Taken with water' }] });
      for (const revision of [2, 3]) {
        await at.reaches(action, 'awaiting_approval', revision);
        await at.sign(action, 'chen', ordered);
        await at.sign(action, 'ben', countersign);
      }
      return action;
    },
    tells: { ...outcome('completed', changed), prepared: [{ revision: 2 }, { revision: 3 }] },
  },

  'write-given-up': {
    async reach(at) {
      const { asking, patient } = phoneOf(at, 0);
      const action = await at.ask(asking);
      for (let revision = 2; revision <= 11; revision++) {
        await at.reaches(action, 'awaiting_approval', revision);
        at.stack.ehr.edit(patient, { telecom: telecom(`555-02${revision + 10}`) });
        await at.sign(action, 'amara', approve);
      }
      return action;
    },
    tells: outcome('failed', { code: 'write.conflict', modified: false }),
  },

  'write-not-applicable': {
    async reach(at) {
      const { asking, patient, change } = phoneOf(at, 0);
      at.stack.ehr.edit(patient, change);
      return at.ask(asking);
    },
    tells: { ...outcome('refused', { modified: false }), prepared: [], votes: [] },
  },

  'write-rejected': {
    reach: async (at) => (await written(at, 1, { kind: 'status', status: 422 })).action,
    tells: outcome('failed', { code: 'ehr.rejected', modified: false }),
  },

  'write-read-back': {
    waits: true,
    reach: async (at) => (await unknown(at, 2, { fault: { kind: 'drop' } })).action,
    tells: outcome('completed', { ...changed, resolved: { by: 'read_back', votes: [] } }),
  },

  'write-superseded': {
    waits: true,
    async reach(at) {
      const { action, patient } = await unknown(at, 3, { fault: { kind: 'status', status: 500 } });
      at.stack.ehr.edit(patient, { telecom: telecom('555-0199') });
      return action;
    },
    tells: outcome('failed', { code: 'write.conflict', modified: false, resolved: { by: 'read_back' } }),
  },

  'write-took-effect': {
    async reach(at) {
      const { faults } = at.stack.ehr;
      const silence = (patient: string): void =>
        faults.set({
          match: { method: 'GET', path: `/fhir/${patient}` },
          times: 'always',
          fault: { kind: 'status', status: 503 },
        });
      const { action } = await unknown(at, 4, { fault: { kind: 'drop' }, afterwards: silence });
      await at.sign(action, 'elif', { meaning: 'approve.took_effect', role: 'privacy_officer' });
      await at.ended(action);
      faults.clear();
      return action;
    },
    tells: outcome('completed', { ...changed, resolved: { by: 'decision' } }),
  },

  'write-had-no-effect': {
    async reach(at) {
      const { action } = await unknown(at, 5, { fault: { kind: 'status', status: 500 } });
      const no: Signature = { meaning: 'deny.no_effect', role: 'privacy_officer', reason: 'The number is the old one' };
      await at.sign(action, 'elif', no);
      return action;
    },
    tells: outcome('failed', { code: 'write.no_effect', modified: false, resolved: { by: 'decision' } }),
  },

  'write-resumed': {
    waits: true,
    async reach(at) {
      const { action } = await written(at, 1, { kind: 'hold', when: 'after' });
      await at.stack.ehr.faults.whenHeld();
      await at.reconciling.terminate(action);
      await at.reconciling.aged(action);
      await at.reconciling.reconcile();
      at.stack.ehr.faults.release();
      return action;
    },
    tells: {
      ...outcome('completed', { ...changed, resolved: { by: 'read_back' } }),
      reconciled: [{ finding: 'workflow.terminated' }],
    },
  },

  deletion: {
    async reach(at) {
      const target = 'AllergyIntolerance/canary-allergy';
      const action = await at.ask({
        type: 'record.delete',
        input: { ...canary, target, change: { status: 'entered-in-error' } },
        elements: ['allergy_history'],
        justifications: { allergy_history: 'It belongs to another chart' },
        riskAssessment: 'Nobody was treated by it',
      });
      await at.reaches(action, 'awaiting_approval');
      const typed = { meaning: 'approve.access', proof: 'fresh', confirmation: deletionPhrase(at.stack) } as const;
      await at.sign(action, 'elif', { ...typed, role: 'privacy_officer' });
      await at.sign(action, 'ben', { ...typed, role: 'senior_clinician' });
      return action;
    },
    tells: { ...outcome('completed', changed), requested: { tier: 'T3' } },
  },
};

/** Runs each of our other workflows once, and answers the id of its workflow. */
export const systemRuns: Readonly<Record<SystemRunName, (at: EndStateStage) => Promise<string>>> = {
  enrolment: async (at) => (await at.enrol('dora')).workflowId,

  vouching: async (at) => at.vouch('elif', (await at.enrol('dora')).passkey),

  async reconciliation(at) {
    const { action } = await written(at, 0);
    await at.reconciling.aged(await at.ended(action));
    await at.reconciling.aged(await at.reconciling.opened());
    return at.reconciling.reconcile();
  },

  async retention(at) {
    const action = await at.ended(await at.ask(facility));
    const date = '2020-02-29';
    await at.stack.db.admin.query('UPDATE countersign.action SET retention_date = $2 WHERE action = $1', [
      action,
      date,
    ]);
    const workflowId = retentionWorkflowId(clinic, date);
    await at.stack.client.workflow.execute('retention', {
      workflowId,
      taskQueue: 'governance',
      args: [{ tenant: clinic, date, startsAt: `${date}T00:00:00Z` }],
    });
    return workflowId;
  },

  async 'retention-sweep'({ stack }) {
    const workflowId = sweepScheduleId(clinic);
    await stack.client.workflow.execute('retentionSweep', { workflowId, taskQueue: 'governance', args: [clinic] });
    return workflowId;
  },

  'rulebook-change': (at) => at.signRules('elif'),
};
