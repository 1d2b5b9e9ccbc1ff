/** Histories as Temporal keeps them, payloads encrypted: written by the recorder, replayed by test/replay. */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { temporal } from '@temporalio/proto';
import { z } from 'zod';
import { actionSchema, tenantSchema } from '../../src/action/ids.js';
import { isDecisionEnvelope } from '../../src/approval/envelope.js';
import { nodeAead } from '../../src/keys/aead.node.js';
import { payloadCodec } from '../../src/temporal/payload-codec.js';

/** How an action of this build can end, each by another way through its workflow. */
export const endStateNames = [
  'read-of-nobody',
  'read',
  'read-under-two-signatures',
  'denied',
  'expired',
  'cancelled',
  'refused',
  'refused-before-the-warrant',
  'withheld',
  'failed',
  'terminated',
  'reset-after-the-end',
  'write',
  'write-under-two-signatures',
  'write-reopened',
  'write-given-up',
  'write-not-applicable',
  'write-rejected',
  'write-read-back',
  'write-superseded',
  'write-took-effect',
  'write-had-no-effect',
  'write-resumed',
  'deletion',
] as const;
export type EndStateName = (typeof endStateNames)[number];

/** Workflows that govern no action. */
export const systemRunNames = [
  'enrolment',
  'vouching',
  'reconciliation',
  'retention',
  'retention-sweep',
  'rulebook-change',
] as const;
export type SystemRunName = (typeof systemRunNames)[number];

export const recordedNames = [...endStateNames, ...systemRunNames] as const;
export type RecordedName = (typeof recordedNames)[number];

const folder = 'test/replay/histories';
const keysFile = 'test/replay/keys.json';
const fileOf = (name: string): string => join(folder, `${name}.json`);

const key = z.base64().transform((text): Uint8Array => new Uint8Array(Buffer.from(text, 'base64')));
const keysSchema = z.strictObject({
  tenant: tenantSchema,
  /** Opens what belongs to no action. */
  system: key,
  /** Action → its history key. */
  history: z.record(actionSchema, key),
});
export type RecordedKeys = z.infer<typeof keysSchema>;

const started = z.looseObject({
  workflowExecutionStartedEventAttributes: z.looseObject({
    workflowId: z.string(),
    workflowType: z.object({ name: z.string() }),
  }),
});
/** As the JSON of `temporal workflow show`; of the first event what names the workflow. */
const historySchema = z.object({ events: z.tuple([started], z.looseObject({})) });
export type RecordedHistory = z.infer<typeof historySchema>;

/** What a recorder keeps of one run. */
export type Recording = temporal.api.history.v1.IHistory;

/** Takes the place of everything that was recorded before. */
export function writeRecorded(
  histories: ReadonlyMap<RecordedName, Recording>,
  { tenant, system, history }: RecordedKeys,
): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, recording] of histories) writeFileSync(fileOf(name), textOf(recording));
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const keys = Object.fromEntries(Object.entries(history).map(([action, bytes]) => [action, base64(bytes)]));
  writeFileSync(keysFile, `${JSON.stringify({ tenant, system: base64(system), history: keys }, null, 2)}\n`);
}

/** Named after the machine and the process that keep a run in memory. */
const stickyQueue = z.looseObject({ kind: z.literal('TASK_QUEUE_KIND_STICKY') });

/** One event a line, without what names the machine that recorded it. */
function textOf(recording: Recording): string {
  const { events } = historySchema.parse(
    JSON.parse(historyToJSON(recording), (field, value: unknown) => {
      const sticky = stickyQueue.safeParse(value).data;
      if (sticky) return { ...sticky, name: 'sticky' };
      return field === 'identity' ? undefined : value;
    }),
  );
  return `{"events": [\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
}

export function recordedFiles(): readonly string[] {
  return readdirSync(folder).map((file) => file.replace(/\.json$/, ''));
}

export function readRecorded(name: RecordedName): RecordedHistory {
  return historySchema.parse(JSON.parse(readFileSync(fileOf(name), 'utf8')));
}

export function workflowOf({ events: [{ workflowExecutionStartedEventAttributes: of }] }: RecordedHistory) {
  return { workflowId: of.workflowId, type: of.workflowType.name };
}

export function readRecordedKeys(): RecordedKeys {
  return keysSchema.parse(JSON.parse(readFileSync(keysFile, 'utf8')));
}

/** The product's codec over keys that were recorded instead of a database and a keyring. */
export function recordedCodec({ tenant, system, history }: RecordedKeys) {
  const keys = { system, history: async (action: keyof typeof history) => history[action] };
  return payloadCodec({ tenant, keys, aead: nodeAead, mayBePlain: isDecisionEnvelope });
}
