import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import proto from '@temporalio/proto';
import { historyDigest } from '../../../src/temporal/history-digest.js';

const { History, HistoryEvent } = proto.temporal.api.history.v1;

/** An event as it comes off the wire, its metadata written in this order. */
function signalled(eventId: number, ...metadata: readonly (readonly [string, string])[]) {
  const payload = { metadata: Object.fromEntries(metadata.map(([key, text]) => [key, Buffer.from(text)])) };
  const event = HistoryEvent.fromObject({
    eventId,
    workflowExecutionSignaledEventAttributes: { signalName: 'vote', input: { payloads: [payload] } },
  });
  return HistoryEvent.decode(HistoryEvent.encode(event).finish());
}

const encoding = ['encoding', 'binary/encrypted'] as const;
const key = ['key', 'system/clinic'] as const;

function digestOf(...pages: readonly (readonly ReturnType<typeof signalled>[])[]) {
  const digest = historyDigest();
  for (const page of pages) digest.add(page);
  return digest.done();
}

describe('the digest of a history', () => {
  it('is that of one message which holds all events', () => {
    const events = [signalled(1, encoding, key), signalled(2, encoding, key)];
    const sha256 = createHash('sha256').update(History.encode({ events }).finish()).digest('hex');
    expect(digestOf(events)).toEqual({ events: 2, sha256 });
  });

  it('is the same in whatever pages and whatever order of maps the server answers', () => {
    const once = digestOf([signalled(1, encoding, key), signalled(2, encoding)]);
    expect(digestOf([signalled(1, key, encoding)], [], [signalled(2, encoding)])).toEqual(once);
  });

  it('is another one for other bytes, another order, or an event less', () => {
    const digests = [
      digestOf([signalled(1, encoding), signalled(2, key)]),
      digestOf([signalled(2, key), signalled(1, encoding)]),
      digestOf([signalled(1, encoding)]),
      digestOf([signalled(1, encoding), signalled(2, ['key', 'system/other'])]),
    ];
    expect(new Set(digests.map(({ sha256 }) => sha256)).size).toBe(digests.length);
  });
});
