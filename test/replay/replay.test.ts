import { beforeAll, describe, expect, it } from '@jest/globals';
import { DeterminismViolationError } from '@temporalio/workflow';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { z } from 'zod';
import { canaryValues } from '@countersign/sandbox';
import { failureConverterPath } from '../../src/temporal/failure-converter-path.js';
import { workflowBundle } from '../../worker/bundle.js';
import * as workflows from '../../workflows/index.js';
import {
  endStateNames,
  readRecorded,
  readRecordedKeys,
  recordedCodec,
  recordedFiles,
  recordedNames,
  workflowOf,
  type RecordedHistory,
  type RecordedKeys,
} from '../support/recorded-histories.js';

const keys = readRecordedKeys();
let bundle: { readonly code: string };
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });
  bundle = await workflowBundle();
});

/** With the codec and the failure converter of our workers; what the replay threw, undefined for one that went through. */
async function replayed(history: RecordedHistory, under: RecordedKeys = keys): Promise<unknown> {
  const options = {
    workflowBundle: bundle,
    dataConverter: { payloadCodecs: [recordedCodec(under)], failureConverterPath },
  };
  return Worker.runReplayHistory(options, history, workflowOf(history).workflowId).then(
    () => undefined,
    (error: unknown) => error,
  );
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const unbase64 = (text: string): string => Buffer.from(text, 'base64').toString();

const payload = z.object({ metadata: z.looseObject({ encoding: z.string().transform(unbase64) }), data: z.string() });

/** But for those of search attributes, which Temporal itself reads. */
function payloadsOf(value: unknown): readonly z.infer<typeof payload>[] {
  const found = payload.safeParse(value);
  if (found.success) return [found.data];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]) => (field === 'searchAttributes' ? [] : payloadsOf(inner)));
}

/** What the SDK notes of a local activity, and the server of one that it cancels before it starts, past every codec. */
const note = z.literal('ACTIVITY_ID_NOT_STARTED').or(
  z.strictObject({
    seq: z.int(),
    attempt: z.int(),
    activity_id: z.string(),
    activity_type: z.string(),
    complete_time: z.unknown(),
    backoff: z.unknown(),
    original_schedule_time: z.unknown(),
  }),
);

describe('what was recorded', () => {
  it('is a history of every end of an action and of every workflow of ours, and nothing else', () => {
    expect([...recordedFiles()].sort()).toEqual([...recordedNames].sort());
    const types = recordedNames.map((name) => workflowOf(readRecorded(name)).type);
    expect(new Set(types)).toEqual(new Set(Object.keys(workflows)));
    const ids = new Set(recordedNames.map((name) => workflowOf(readRecorded(name)).workflowId));
    expect(ids.size).toBe(recordedNames.length);
    expect(types.slice(0, endStateNames.length)).toEqual(endStateNames.map(() => 'governedAction'));
  });

  it.each(recordedNames)('%s: is ciphertext, and nobody can be read in it', (name) => {
    const history = readRecorded(name);
    const payloads = payloadsOf(history);
    const plain = payloads.filter(({ metadata }) => metadata.encoding !== 'binary/encrypted');
    expect(payloads.length).toBeGreaterThan(plain.length);
    for (const { data } of plain) expect(note.safeParse(JSON.parse(unbase64(data))).success).toBe(true);
    for (const value of canaryValues) expect(JSON.stringify(history)).not.toContain(value);
  });
});

describe('today’s workflows', () => {
  it.each(recordedNames)('%s: replays', async (name) => {
    expect(await replayed(readRecorded(name))).toBeUndefined();
  });

  /** The history of a read, with another name for what it did. */
  function altered(from: string, to: string): RecordedHistory {
    const history = readRecorded('read');
    const renamed = JSON.stringify(history, (field, value: unknown) => {
      if (field === 'activityType') return JSON.parse(JSON.stringify(value).replace(`"${from}"`, `"${to}"`));
      const said = payload.safeParse(value).data;
      if (!said || !unbase64(said.data).includes(`"activity_type":"${from}"`)) return value;
      return {
        ...said,
        metadata: { encoding: base64('json/plain') },
        data: base64(unbase64(said.data).replace(from, to)),
      };
    });
    expect(renamed).not.toEqual(JSON.stringify(history));
    return JSON.parse(renamed);
  }

  it.each([
    ['an activity', 'perform', 'readBack'],
    ['a local activity', 'authorise', 'settle'],
  ])('would be caught doing other work than was recorded: %s', async (_what, from, to) => {
    expect(await replayed(altered(from, to))).toBeInstanceOf(DeterminismViolationError);
  });

  it('would be caught not reading what was recorded, without its key', async () => {
    expect(await replayed(readRecorded('read'), { ...keys, history: {} })).toBeInstanceOf(DeterminismViolationError);
  });
});
