/** The governed side of a write: a dose changed under two passkeys, and when each part of it happened. */
import type { ActionId } from '../src/action/ids.js';
import { workflowIdOf } from '../src/action/ids.js';
import { leafOf } from '../src/audit/leaf.js';
import { endStateStage } from '../test/support/end-state-stage.js';
import { clinic } from '../test/support/stack.js';
import { transactionsOf } from './bare.js';

const canary = { patient: 'Patient/canary', episode: 'Encounter/canary-open' };

/** Milliseconds since 1970, by the clock of one machine. */
export interface WriteTimes {
  /** The second signature counted. */
  readonly counted: number;
  /** The attempt was on the log. */
  readonly logged: number;
  /** A signed checkpoint covered it. */
  readonly signed: number;
  /** The transaction reached the EHR. */
  readonly effect: number;
}

export interface GovernedWrites {
  write(tablets: number): Promise<{ readonly id: string; readonly times: WriteTimes }>;
  /** A T2 read under two passkeys; its workflow's id. */
  read(): Promise<string>;
  events(workflowId: string): Promise<number>;
  stop(): Promise<void>;
}

export async function governedWrites(): Promise<GovernedWrites> {
  const at = await endStateStage();
  for (const person of ['amara', 'ben', 'chen'] as const) await at.enrol(person);

  async function timesOf(action: ActionId): Promise<WriteTimes> {
    const leaves = await at.stack.db.admin.query<{ bytes: Buffer }>(
      'SELECT bytes FROM countersign.audit_leaf WHERE action = $1 ORDER BY index',
      [action],
    );
    const all = leaves.rows.map(({ bytes }) => leafOf(bytes));
    const counted = all.filter(({ kind }) => kind === 'vote.counted').at(-1);
    const attempt = all.filter(({ kind }) => kind === 'action.attempt').at(-1);
    const checkpoint = await at.stack.db.admin.query<{ at: Date }>(
      'SELECT at FROM countersign.audit_checkpoint WHERE tenant = $1 AND size > $2 ORDER BY size LIMIT 1',
      [clinic, attempt?.index],
    );
    const [signed] = checkpoint.rows;
    const effect = transactionsOf(at.stack.ehr).at(-1);
    if (!counted || !attempt || !signed || effect === undefined) throw new Error('a part of the write is missing');
    return {
      counted: Date.parse(counted.time),
      logged: Date.parse(attempt.time),
      signed: signed.at.getTime(),
      effect,
    };
  }

  return {
    async write(tablets) {
      const sent = at.sent();
      const action = await at.ask({
        type: 'medication.update',
        input: {
          ...canary,
          target: 'MedicationRequest/canary-medication-1',
          change: { dosageInstruction: [doseOf(tablets)] },
        },
        justifications: { current_medications: 'The dose was too high' },
      });
      await at.reaches(action, 'awaiting_approval');
      await at.sign(action, 'chen', { meaning: 'approve.order', role: 'clinician', proof: 'passkey' });
      await at.sign(action, 'ben', { meaning: 'approve.access', role: 'senior_clinician', proof: 'passkey' });
      await at.ended(action);
      await at.reaches(action, 'completed');
      if (at.sent() !== sent + 1) throw new Error('one write is one transaction: its time says nothing');
      return { id: workflowIdOf(action), times: await timesOf(action) };
    },

    async read() {
      const action = await at.ask({
        type: 'medications.read',
        input: canary,
        claimedTier: 'T2',
        justifications: { current_medications: 'The summary rests on them' },
      });
      await at.reaches(action, 'awaiting_approval');
      await at.sign(action, 'amara', { meaning: 'approve.access', role: 'clinical_staff', proof: 'passkey' });
      await at.sign(action, 'ben', { meaning: 'approve.access', role: 'senior_clinician', proof: 'passkey' });
      await at.ended(action);
      await at.reaches(action, 'completed');
      return workflowIdOf(action);
    },

    async events(workflowId) {
      const { events } = await at.stack.client.workflow.getHandle(workflowId).fetchHistory();
      return events?.length ?? 0;
    },

    stop: () => at.stop(),
  };
}

/** Text, timing and dose, so that they go on saying the same. */
function doseOf(tablets: number) {
  return {
    at: 0,
    text: `${tablets} tablets a day`,
    timing: { repeat: { frequency: 1, period: 1, periodUnit: 'd' } },
    doseAndRate: [{ doseQuantity: { value: tablets, unit: 'tablet' } }],
  };
}
