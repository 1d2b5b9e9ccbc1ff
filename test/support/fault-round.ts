/** One T2 write through the front doors, interrupted at one station, and what the oracles say of it afterwards. */
import { z } from 'zod';
import type { ActionView } from '@countersign/client';
import { askAnew } from './asking.js';
import { CrashPoints } from './crash-points.js';
import { faultEhr, type FaultEhr } from './fault-ehr.js';
import type { Cell } from './fault-matrix.js';
import { judgeEvidence, SeenLog, writtenBy, type Judged } from './fault-oracle.js';
import { faultAgent, faultPerson, signIn, unlessOutage, type FaultAgent, type FaultPerson } from './fault-people.js';
import { startFaultStack, type FaultStack } from './fault-stack.js';
import { phases, stations, type Hold, type Phase, type Station } from './fault-stations.js';
import { until } from './until.js';

export interface FaultStage {
  readonly stack: FaultStack;
  readonly ehr: FaultEhr;
  readonly agent: FaultAgent;
  /** Orders the change; the agent acts for her. */
  readonly clinician: FaultPerson;
  /** Countersigns. */
  readonly pharmacist: FaultPerson;
  /** Approves reads. */
  readonly staff: FaultPerson;
  readonly log: SeenLog;
  /** The medication order that every round changes once more. */
  readonly order: Chart & { readonly target: string };
  /** Of this server's life: its sessions hold the locks. */
  points: CrashPoints;
  end(): Promise<void>;
}

interface Chart {
  readonly patient: string;
  readonly episode: string;
}

const agentName = 'documentation-agent';
/** Milliseconds. */
const finalWithin = 90_000;

export async function startFaultStage(): Promise<FaultStage> {
  const stack = await startFaultStack();
  try {
    return await stageOn(stack);
  } catch (error) {
    await stack.end();
    throw error;
  }
}

async function stageOn(stack: FaultStack): Promise<FaultStage> {
  const { dev, admin } = stack;
  const ehr = faultEhr(dev);
  const clinician = await faultPerson(dev, 'chen');
  const pharmacist = await faultPerson(dev, 'farid');
  const staff = await faultPerson(dev, 'amara');
  await clinician.enrol();
  await pharmacist.enrol();
  const agent = await faultAgent(dev, agentName, await signIn(dev, 'chen'));
  const [patient] = await ehr.patients();
  if (!patient) throw new Error('the sandbox EHR has no patient to show');
  const chart = { patient: patient.patient, episode: patient.encounter };
  const target = await readOrder(agent, staff, chart);
  const points = await CrashPoints.install({ admin, adminUrl: dev.urls.database });
  const stage: FaultStage = {
    ...{ stack, ehr, agent, clinician, pharmacist, staff, points },
    order: { ...chart, target },
    log: new SeenLog(admin, dev.vkey),
    async end() {
      await stage.points.end().catch(() => undefined); // it may have died with its server
      await stack.end();
    },
  };
  return stage;
}

const medications = z.looseObject({
  output: z.object({ elements: z.object({ current_medications: z.array(z.looseObject({ id: z.string() })).min(1) }) }),
});

/** Reads the patient's medications as an agent does before it proposes anything, and names the first order. */
async function readOrder(agent: FaultAgent, staff: FaultPerson, input: Chart): Promise<string> {
  const reason = 'Reconcile medications before discharge';
  const { id } = await agent.request({ type: 'medications.read', input: { ...input }, purpose: 'TREAT', reason });
  await staff.vote(id, 'approve.access');
  await agent.settles(id, finalWithin);
  const { elements } = medications.parse(await agent.client.release(id)).output;
  return `MedicationRequest/${elements.current_medications[0]?.id ?? ''}`;
}

/** What became of a round. */
export interface Round extends Judged {
  readonly status: ActionView['status'];
  /** New versions of the target in the EHR, and how many of them say that this action wrote them. */
  readonly versions: number;
  readonly written: number;
  /** Transactions that reached the EHR. */
  readonly transactions: number;
  /** It went through `outcome_unknown`, and came out of it. */
  readonly unknown: boolean;
}

interface Writing {
  readonly stage: FaultStage;
  /** Set by the first phase. */
  id: string;
  readonly milligrams: number;
}

/** What happens while the write waits at a station. */
export type Interruption = (writing: { readonly stage: FaultStage; readonly hold: Hold }) => Promise<AfterRound>;
/** Done when the round is over: what must stay held until then. */
export type AfterRound = () => Promise<void>;

/** kill -9, and the stack's own supervisor brings it back. */
export function killing({ victim }: Cell): Interruption {
  return async ({ stage, hold }) => {
    const { back } = stage.stack.kill(victim);
    const letGo = async (): Promise<void> => {
      if (hold.by === 'ehr') await stage.ehr.release();
      if (hold.by === 'signer' && victim !== 'signer') stage.stack.signal('signer', 'SIGCONT');
      if (victim === 'postgres') stage.points = await pointsAgain(stage, back);
      else await stage.points.disarm();
    };
    // What the dead gateway had sent lies with the EHR until the next one has done its work: then it is let go.
    const stale = victim === 'ehr' && hold.by === 'ehr';
    if (!stale) await letGo();
    await back();
    return stale ? letGo : async () => undefined;
  };
}

/**
 * The gateway stands still right after it was told that it may send, and goes on only when another one has waited the
 * lease out and written. Beside it stands a second worker, because nobody starts one that has not died.
 */
export const standingStill: Interruption = async ({ stage }) => {
  const { stack, agent, staff, order } = stage;
  const second = await stack.secondEhrWorker();
  stack.signal('ehr', 'SIGSTOP');
  await stage.points.disarm();
  return async () => {
    stack.signal('ehr', 'SIGCONT');
    await second.end();
    // Nobody else is left to do this: when it is done, the one that was stopped has long been awake.
    await readOrder(agent, staff, { patient: order.patient, episode: order.episode });
  };
};

async function pointsAgain({ stack, points }: FaultStage, back: () => Promise<void>): Promise<CrashPoints> {
  await points.end().catch(() => undefined);
  await back();
  return CrashPoints.attach({ admin: stack.admin, adminUrl: stack.dev.urls.database });
}

let rounds = 0;

/** Writes once more, interrupts it at the cell's station, waits for the end and looks at everything. */
export async function playRound(
  stage: FaultStage,
  { station: name, moment }: Pick<Cell, 'station' | 'moment'>,
  interrupt: Interruption,
): Promise<Round> {
  rounds += 1;
  const writing: Writing = { stage, id: '', milligrams: 100 + rounds };
  const station: Station = stations[name];
  const { ehr, log, order } = stage;
  const before = await ehr.versions(order.target);
  await ehr.forget();
  await askAnew(stage.stack); // the question about the principal is one of the stations
  await newestCheckpoint(stage);

  let after: AfterRound = async () => undefined;
  for (const phase of phases) {
    if (phase !== station.phase) {
      await acts[phase](writing);
      continue;
    }
    const held = await place(stage, station.hold, moment);
    const act = acts[phase](writing);
    act.catch(() => undefined); // awaited below
    await Promise.race([held(writing), act.then(() => Promise.reject(new Error('it did not come by there')))]);
    await log.look();
    after = await interrupt({ stage, hold: station.hold });
    await act;
  }
  await after();
  const { status, unknown } = await conclusion(writing);
  const versions = await ehr.versions(order.target);
  const text = JSON.stringify(await until(() => stage.agent.client.evidence(writing.id).catch(unlessOutage)));
  const judged = await judgeEvidence(text, stage.stack.dev.vkey);
  await newestCheckpoint(stage);
  if (judged.leaves.some((index) => index >= log.size)) throw new Error('the evidence holds a leaf that is not there');
  return {
    ...judged,
    ...{ status, unknown },
    versions: versions.length - before.length,
    written: writtenBy(versions, writing.id),
    transactions: await ehr.transactions(),
  };
}

/** Final, or unknown for as long as the EHR takes to be asked again. */
async function conclusion({ stage, id }: Writing): Promise<{ status: ActionView['status']; unknown: boolean }> {
  const first = await stage.agent.settles(id, finalWithin);
  if (first.status !== 'outcome_unknown') return { status: first.status, unknown: false };
  const last = await until(async () => {
    const view = await stage.agent.client.get(id).catch(unlessOutage);
    return view && view.status !== 'outcome_unknown' ? view : undefined;
  }, finalWithin);
  return { status: last.status, unknown: true };
}

const acts: Readonly<Record<Phase, (writing: Writing) => Promise<void>>> = {
  async request(writing) {
    const { agent, order } = writing.stage;
    const { id } = await agent.request({
      type: 'medication.update',
      input: { ...order, change: { dosageInstruction: [instruction(writing.milligrams)] } },
      purpose: 'TREAT',
      reason: 'The dose is adjusted to the last measurement',
      justifications: { current_medications: 'The order to change is a current medication' },
    });
    writing.id = id;
    const { status } = await agent.asksOrSettles(id, finalWithin);
    if (status !== 'awaiting_approval')
      throw new Error(`nobody was asked: ${JSON.stringify(await agent.client.release(id))}`);
  },
  order: ({ stage, id }) => stage.clinician.vote(id, 'approve.order'),
  async countersign({ stage, id }) {
    await stage.pharmacist.vote(id, 'approve.access');
    await stage.agent.settles(id, finalWithin);
  },
  async release({ stage, id }) {
    const { client } = stage.agent;
    const { status } = await client.get(id);
    if (status !== 'completed') return;
    const released = await until(() => client.release(id).catch(unlessOutage), finalWithin);
    if (released.status !== 'completed') throw new Error('a completed action was released otherwise');
    await stage.log.look();
    if (released.evidence.leaf >= stage.log.size) throw new Error('the API named a leaf that is not there');
  },
};

/** A dose that no earlier round ordered, in words and in structure. */
function instruction(milligrams: number) {
  return {
    at: 0,
    text: `${milligrams} mg by mouth once a day`,
    timing: { repeat: { frequency: 1, period: 1, periodUnit: 'd' } },
    doseAndRate: [{ doseQuantity: { value: milligrams, unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' } }],
  };
}

/** Prepares the hold, and returns what waits until it holds. */
async function place(
  stage: FaultStage,
  hold: Hold,
  moment: Cell['moment'],
): Promise<(writing: Writing) => Promise<void>> {
  switch (hold.by) {
    case 'table':
      await stage.points.arm({ table: hold.table, moment, of: [hold.of] });
      return async () => void (await stage.points.held());
    case 'ehr': {
      const { by: _by, ...where } = hold;
      await stage.ehr.hold(where);
      return () => stage.ehr.held();
    }
    case 'signer':
      stage.stack.signal('signer', 'SIGSTOP');
      return (writing) => attempted(writing);
  }
}

/** Waits until the write's attempt is on the log: from then on it waits for its checkpoint. */
async function attempted({ stage, id }: Writing): Promise<void> {
  await until(async () => {
    const found = await stage.stack.admin.query(
      `SELECT FROM countersign.warrant_use u JOIN countersign.warrant w USING (tenant, jti)
        WHERE w.action = $1 AND NOT w.read_only`,
      [id],
    );
    return (found.rowCount ?? 0) > 0 || undefined;
  });
}

const checkpointShape = z.object({ note: z.string() });

/** Asks the API for the newest checkpoint, and follows it. */
async function newestCheckpoint({ stack, agent, log }: FaultStage): Promise<void> {
  const note = await until(async () => {
    const answer = await fetch(new URL('/v1/log/checkpoint', stack.dev.urls.api), {
      headers: { authorization: `Bearer ${await agent.token()}` },
    }).catch(() => undefined);
    return answer?.ok === true ? checkpointShape.parse(await answer.json()).note : undefined;
  });
  await log.follow(note);
}
