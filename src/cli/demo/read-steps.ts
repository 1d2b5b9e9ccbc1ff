/** The story of a read: nobody is asked, one clinician is, a no, silence, the proof, and the end of a record. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { action as actionId, tenant as tenantId } from '../../action/ids.js';
import { retentionWorkflowId, sweepScheduleId } from '../../retention/types.js';
import { openedInput } from './erasure.js';
import type { Told } from './narrator.js';
import { foundIn, rawHistory } from './raw-history.js';
import { NotSeen, answerTo, bundleFile, eventually, known, recordsOf, see, verified, type Step } from './seeing.js';
import type { Stage } from './stage.js';

const reason = 'Reconcile medications before discharge';
const denial = 'Patient was discharged this morning';

const medication = z.looseObject({ medicationCodeableConcept: z.looseObject({ text: z.string().optional() }) });
const view = z.looseObject({
  id: z.string(),
  status: z.string(),
  tier: z.string().nullable(),
  retention: z.object({ class: z.string(), date: z.string() }).nullable(),
});

export const readSteps: readonly Step[] = [
  {
    name: 'facility',
    title: 'T0: an agent reads the opening hours. Nobody is asked; warrant, scan and log are in their places.',
    async run(stage) {
      const answer = answerTo(await stage.runAgent({ args: [] }), 'facility.read');
      see(answer.status === 'completed', 'the agent gets the opening hours');
      const names = recordsOf(answer, 'facility').map((record) => String(record['name'] ?? ''));
      see(names.length > 0, 'the answer names the clinic');
      return {
        facts: { action: 'facility.read', tier: 'T0', status: answer.status, records: names.length },
        lines: [`the agent has ${names.length} records: ${names.slice(0, 2).join('; ')}`],
      };
    },
  },
  {
    name: 'approve',
    title:
      'T1: the agent asks for a patient’s medications. A clinician looks, signs in for these very bytes, approves.',
    async run(stage, memory) {
      const { patient, encounter } = stage.patient;
      let approved = '';
      const answers = await stage.runAgent({
        args: [patient, encounter],
        async onWaiting(id) {
          approved = id;
          await stage.countersign(['approvals', 'approve', id, '--sandbox-person', 'amara', '--yes']);
        },
      });
      const answer = answerTo(answers, 'medications.read');
      see(answer.status === 'completed', 'the agent gets the projected list');
      const records = recordsOf(answer, 'current_medications');
      see(records.length > 0, 'the list holds medications');
      memory.approved = approved;
      memory.actions.push(approved);
      memory.medications = records.flatMap((each) => {
        const text = medication.safeParse(each).data?.medicationCodeableConcept.text;
        return text === undefined ? [] : [text];
      });
      const fields = [...new Set(records.flatMap((record) => Object.keys(record)))].sort();
      return {
        facts: {
          action: 'medications.read',
          id: approved,
          tier: 'T1',
          status: answer.status,
          records: records.length,
          fields,
        },
        lines: [
          `Amara Osei (clinical_staff) approved; the agent has ${records.length} medications`,
          ...memory.medications.slice(0, 3).map((name) => `  ${name}`),
          `fields that the element lets through: ${fields.join(', ')}`,
        ],
      };
    },
  },
  {
    name: 'deny',
    title: 'A human says no. The agent hears why.',
    async run(stage, memory) {
      const { patient, encounter } = stage.patient;
      const answers = await stage.runAgent({
        args: [patient, encounter],
        async onWaiting(id) {
          memory.actions.push(id);
          await stage.countersign(['approvals', 'deny', id, '--reason', denial, '--sandbox-person', 'ben', '--yes']);
        },
      });
      const answer = answerTo(answers, 'medications.read');
      see(answer.status === 'denied' && answer['reason'] === denial, 'the agent hears the no, and its reason');
      return {
        facts: { action: 'medications.read', tier: 'T1', status: answer.status, reason: denial },
        lines: [`Ben Ortiz denied; the agent prints: “${denial}”`],
      };
    },
  },
  {
    name: 'expire',
    title: 'Nobody answers. Silence is never a yes.',
    async run(stage, memory) {
      const { patient, encounter } = stage.patient;
      const answers = await stage.runAgent({
        args: [patient, encounter, '3'],
        onWaiting: async (id) => void memory.actions.push(id),
      });
      const answer = answerTo(answers, 'medications.read');
      see(answer.status === 'expired', 'a request that nobody answers expires');
      return {
        facts: { action: 'medications.read', tier: 'T1', status: answer.status, expiresIn: 3 },
        lines: ['the request asked for three seconds; then it had expired, and nothing was read'],
      };
    },
  },
  {
    name: 'verify',
    title: 'A stranger checks the approved read: one file, one key from outside, no network.',
    async run(stage, memory) {
      const id = known(memory.approved);
      const file = bundleFile(stage, id);
      await stage.countersign(['audit', 'export', id, '-o', file, '--sandbox-person', 'elif']);
      const { code, without } = await verified(stage, file);
      see(code === 0, 'the bundle verifies');
      return {
        facts: {
          action: 'medications.read',
          id,
          tier: 'T1',
          status: 'valid',
          exit: code,
          network: `none (${without})`,
        },
        lines: [`countersign audit verify ${file} --vkey ${stage.dev.vkey.slice(0, 32)}…  → exit 0`],
      };
    },
  },
  {
    name: 'tamper',
    title: 'One byte of the evidence is flipped.',
    async run(stage, memory) {
      const id = known(memory.approved);
      const bytes = readFileSync(bundleFile(stage, id));
      const at = Math.floor(bytes.length / 2);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      const file = join(stage.folder, `${id}.flipped.json`);
      writeFileSync(file, bytes, { mode: 0o600 });
      const { code } = await verified(stage, file);
      see(code === 40, 'a bundle with one byte flipped exits 40');
      return {
        facts: { action: 'medications.read', id, tier: 'T1', status: 'invalid', exit: code, byte: at },
        lines: [`byte ${at} of ${bytes.length} flipped  → exit 40`],
      };
    },
  },
  {
    name: 'history',
    title: 'What Temporal stores is searched for the patient: as text, hexadecimal and base64.',
    async run(stage, memory) {
      const { patient, encounter, name } = stage.patient;
      const secrets = [patient, encounter, name, reason, denial, ...(memory.medications ?? [])];
      const histories = await Promise.all(memory.actions.map((each) => rawHistory(stage.temporal, actionId(each))));
      const text = histories.map((history) => history.text).join('\n');
      see(foundIn(text, ['medications.read']).length === 1, 'the search finds what stands there in clear');
      const found = foundIn(text, secrets);
      see(found.length === 0, 'no history names the patient, the reason or the medications');
      const events = histories.reduce((sum, history) => sum + history.events, 0);
      return {
        facts: {
          action: 'medications.read',
          status: 'clean',
          histories: histories.length,
          events,
          searched: secrets.length,
        },
        lines: [`${secrets.length} secrets, ${histories.length} histories, ${events} events: nothing found`],
      };
    },
  },
  {
    name: 'dispose',
    title: 'A record reaches its disposal date: the timer workflow destroys its keys, and the proof still verifies.',
    run: dispose,
  },
];

async function dispose(stage: Stage): Promise<Told> {
  const before = await newestOf(stage);
  const answer = answerTo(await stage.runAgent({ agent: 'throwaway-agent', args: [] }), 'facility.read');
  see(answer.status === 'completed', 'the throwaway agent reads the opening hours');
  const { id, retention } = await newestOf(stage);
  see(id !== before.id && retention?.class === 'sandbox_demo', 'its record is kept for zero days');
  const date = retention?.date ?? '';
  const history = await rawHistory(stage.temporal, actionId(id));
  see((await openedInput(stage.dev, history)).includes(id), 'its history can be opened with the stack’s keys');

  const tenant = tenantId(stage.dev.tenant);
  await stage.temporal.schedule.getHandle(sweepScheduleId(tenant)).trigger();
  const timer = retentionWorkflowId(tenant, date);
  const promise = 'the timer workflow disposes of the record within twenty seconds';
  await eventually(promise, async () => (await openedInput(stage.dev, history)) === '{"$unreadable":"erased"}');
  await eventually(promise, async () => {
    const { status } = await stage.temporal.workflow.getHandle(timer).describe();
    return status.name === 'COMPLETED';
  });

  const file = bundleFile(stage, id);
  await stage.countersign(['audit', 'export', id, '-o', file, '--sandbox-person', 'elif']);
  see(readFileSync(file, 'utf8').includes('retention.disposed'), 'the evidence holds the certificate of disposal');
  const { code } = await verified(stage, file);
  see(code === 0, 'the proof of a disposed record verifies');
  return {
    facts: {
      action: 'facility.read',
      id,
      tier: 'T0',
      status: 'disposed',
      erasure: 'logical',
      workflow: timer,
      exit: code,
    },
    lines: [
      `workflow ${timer} destroyed both keys of the action`,
      'with every key of this stack its history now reads {"$unreadable":"erased"}',
      'the erasure is logical: it is final once every key that wrapped these is gone, from backups too',
      'its evidence, with the certificate of disposal, verifies  → exit 0',
    ],
  };
}

/** The action that was asked for last, as the operator's list has it. */
async function newestOf(stage: Stage): Promise<z.infer<typeof view>> {
  const listed = await stage.countersign(['actions', 'list', '--limit', '1', '--json', '--sandbox-person', 'finn']);
  const [newest] = z.object({ actions: z.array(view) }).parse(JSON.parse(listed)).actions;
  if (!newest) throw new NotSeen('the operator sees the actions');
  return newest;
}
