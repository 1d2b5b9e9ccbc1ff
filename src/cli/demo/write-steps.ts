/** The story of a write: two people with passkeys, a crash in the middle, a bulk of changes denied, and the way back. */
import { z } from 'zod';
import { canonicalJson } from '../../action/canonical.js';
import type { Told } from './narrator.js';
import { answerTo, bundleFile, eventually, known, recordsOf, see, verified, type Memory, type Step } from './seeing.js';
import type { Answer, Stage } from './stage.js';

const clinician = { person: 'chen', name: 'Dr Chen Wei' };
const pharmacist = { person: 'farid', name: 'Farid Haddad' };
const denial = 'One at a time, and tell me why for each';

const change = z.looseObject({ path: z.string(), before: z.unknown(), after: z.unknown() });
const shown = z.looseObject({
  shown: z.looseObject({
    change: z.looseObject({
      target: z.string(),
      base: z.string(),
      changes: z.array(change),
      patient: z.looseObject({ name: z.string(), birthDate: z.string() }),
      record: z.looseObject({ name: z.string() }),
    }),
  }),
});
const completed = z.looseObject({
  status: z.literal('completed'),
  target: z.string(),
  modified: z.tuple([z.looseObject({ reference: z.string(), version: z.string() })]),
});

export const writeSteps: readonly Step[] = [
  {
    name: 'passkeys',
    title: 'Two people make a passkey each: a new key, and a sign-in that speaks of this very key.',
    async run(stage) {
      for (const { person } of [clinician, pharmacist])
        await stage.countersign(['passkeys', 'enrol', '--sandbox-person', person]);
      return {
        facts: { status: 'enrolled', people: [clinician.person, pharmacist.person] },
        lines: [`${clinician.name} (senior_clinician) and ${pharmacist.name} (pharmacist) enrolled one each`],
      };
    },
  },
  {
    name: 'update',
    title:
      'T2: the agent proposes another dose. The clinician signs the order, a pharmacist countersigns the same bytes.',
    run: update,
  },
  {
    name: 'crash',
    title: 'The same once more, and the worker is killed with -9 after the EHR wrote and before it could answer.',
    run: crash,
  },
  {
    name: 'bulk',
    title: 'The agent asks to stop every medication of the patient. A human says no to each.',
    run: bulk,
  },
  {
    name: 'rollback',
    title: 'Back again: a governed action like any other, which says “as in version …”.',
    run: rollback,
  },
  {
    name: 'verify-write',
    title: 'A stranger checks the write: whose passkeys signed what, on which version, one file, no network.',
    async run(stage, memory) {
      const id = known(memory.written?.action);
      const file = bundleFile(stage, id);
      await stage.countersign(['audit', 'export', id, '-o', file, '--sandbox-person', 'elif']);
      const { code, without, stdout } = await verified(stage, file);
      see(code === 0, 'the bundle of the write verifies');
      const told = stdout.split('\n').map((line) => line.trim());
      const votes = told.filter((line) => line.startsWith('vote '));
      see(votes.length === 2, 'the evidence tells of two votes');
      see(stdout.includes('passkey signatures of 2 of 2 vote(s) were checked'), 'both passkeys signed');
      return {
        facts: {
          action: 'medication.update',
          id,
          tier: 'T2',
          status: 'valid',
          exit: code,
          network: `none (${without})`,
        },
        lines: [
          ...votes,
          ...told.filter((line) => line.startsWith('prepared ')),
          `countersign audit verify ${file} --vkey ${stage.dev.vkey.slice(0, 32)}…  → exit 0`,
        ],
      };
    },
  },
];

async function update(stage: Stage, memory: Memory): Promise<Told> {
  let action = '';
  let diff: readonly string[] = [];
  const answers = await askForChange(stage, ['raise'], async (id) => {
    action = id;
    diff = await diffOf(stage, id);
    await approvedByBoth(stage, id);
  });
  memory.orders = recordsOf(answerTo(answers, 'medications.read'), 'current_medications').map(
    ({ id }) => `MedicationRequest/${String(id)}`,
  );
  const { status, reference, version } = changed(answers);
  const versions = await stage.ehr.versions(reference);
  see(versions.at(-1)?.meta.versionId === version, 'the EHR holds the version that the agent was told');
  const before = versions.at(-2)?.meta.versionId ?? '';
  memory.written = { action, reference, before };
  return {
    facts: { action: 'medication.update', id: action, tier: 'T2', status, before, version },
    lines: [
      ...diff,
      `${clinician.name} ordered it, ${pharmacist.name} countersigned; the EHR went from version ${before} to ${version}`,
    ],
  };
}

async function crash(stage: Stage, memory: Memory): Promise<Told> {
  const order = known(memory.orders?.[1]);
  const before = (await stage.ehr.versions(order)).length;
  await stage.ehr.holdAnswer();
  const answers = await askForChange(stage, ['raise', order], async (id) => {
    await approvedByBoth(stage, id);
    await eventually('the EHR holds its answer back', async () => (await stage.ehr.held()) > 0);
    stage.kill('worker-ehr');
    await stage.ehr.release();
  });
  const { status, version } = changed(answers);
  const more = (await stage.ehr.versions(order)).length - before;
  see(more === 1, 'the EHR holds exactly one new version');
  return {
    facts: { action: 'medication.update', tier: 'T2', status, version, newVersions: more },
    lines: [
      'the worker died with the answer on its way; the next one waited its lease out, looked, and found the write done',
      `the action completed, and the EHR holds ${more} new version`,
    ],
  };
}

async function bulk(stage: Stage, memory: Memory): Promise<Told> {
  const orders = memory.orders ?? [];
  see(orders.length > 1, 'the patient has several medications');
  const before = await Promise.all(orders.map((order) => stage.ehr.versions(order)));
  const no = ['--reason', denial, '--sandbox-person', pharmacist.person, '--yes'];
  const answers = await askForChange(stage, ['stop', ...orders], async (id) => {
    await stage.countersign(['approvals', 'deny', id, ...no]);
  });
  const reasons = answers.map(({ status, reason }) => `${status} ${String(reason)}`);
  see(reasons.every((each) => each === `denied ${denial}`) && answers.length === orders.length, 'each is denied');
  const after = await Promise.all(orders.map((order) => stage.ehr.versions(order)));
  see(
    after.every((each, at) => each.length === before[at]?.length),
    'the EHR holds no new version',
  );
  return {
    facts: { action: 'medication.update', tier: 'T2', status: 'denied', requests: orders.length, newVersions: 0 },
    lines: [`${pharmacist.name} denied ${orders.length} of ${orders.length}: “${denial}”; the EHR holds nothing new`],
  };
}

async function rollback(stage: Stage, memory: Memory): Promise<Told> {
  const { action, reference, before } = memory.written ?? { action: '', reference: '', before: '' };
  const answers = await askForChange(stage, ['back', known(reference), before, action], (id) =>
    approvedByBoth(stage, id),
  );
  const { status, version } = changed(answers);
  const versions = await stage.ehr.versions(reference);
  const old = versions.find(({ meta }) => meta.versionId === before);
  see(dosage(versions.at(-1)) === dosage(old), 'the dose is what it was');
  return {
    facts: { action: 'medication.update', tier: 'T2', status, version, restored: before },
    lines: [
      `version ${version} says what version ${before} said; both changes stay in the record, each with its signatures`,
    ],
  };
}

/** Runs the agent; people do their part when one of its changes waits for them, and clinical staff approves its reads. */
async function askForChange(
  stage: Stage,
  task: readonly string[],
  onChange: (id: string) => Promise<void>,
): Promise<readonly Answer[]> {
  const { patient, encounter } = stage.patient;
  return stage.runAgent({
    program: 'documentation-agent',
    agent: 'documentation-agent',
    args: [patient, encounter, ...task],
    async onWaiting(id, type) {
      if (type === 'medication.update') return onChange(id);
      await stage.countersign(['approvals', 'approve', id, '--sandbox-person', 'amara', '--yes']);
    },
  });
}

async function approvedByBoth(stage: Stage, id: string): Promise<void> {
  for (const { person } of [clinician, pharmacist])
    await stage.countersign(['approvals', 'approve', id, '--sandbox-person', person, '--yes']);
}

/** What an approver sees of the change, a line for each field. */
async function diffOf(stage: Stage, id: string): Promise<readonly string[]> {
  const text = await stage.countersign(['approvals', 'show', id, '--json', '--sandbox-person', pharmacist.person]);
  const { target, base, changes, patient, record } = shown.parse(JSON.parse(text)).shown.change;
  const value = (each: unknown) => (each === null ? '(nothing)' : JSON.stringify(each));
  return [
    `shown to both: ${patient.name}, born ${patient.birthDate}; ${record.name}`,
    `  ${target}, version ${base}`,
    ...changes.map(({ path, before, after }) => `  ${path}: ${value(before)} → ${value(after)}`),
  ];
}

function changed(answers: readonly Answer[]) {
  const answer = completed.safeParse(answerTo(answers, 'medication.update'));
  see(answer.success, 'the change completes');
  const { status = '', modified: [{ reference = '', version = '' } = {}] = [] } = answer.data ?? {};
  return { status, reference, version };
}

function dosage(version: unknown): string {
  return canonicalJson(z.looseObject({ dosageInstruction: z.unknown() }).parse(version).dosageInstruction);
}
