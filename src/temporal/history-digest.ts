/** SHA-256 of a run's history as the server keeps it, payloads encrypted. */
import { createHash } from 'node:crypto';
import proto, { type temporal } from '@temporalio/proto';
import { digest, type Digest } from '../action/ids.js';

const { History } = proto.temporal.api.history.v1; // a CommonJS package: its names are no exports at run time

export interface HistoryDigest {
  /** Events in the order of the history, page by page. */
  add(events: readonly temporal.api.history.v1.IHistoryEvent[]): void;
  done(): { readonly events: number; readonly sha256: Digest };
}

/**
 * Digests the bytes of one `temporal.api.history.v1.History` that holds all events: its events one by one, each with its
 * field tag and length, which is what such a message is made of. Maps (metadata of payloads, headers, search attributes)
 * are written in the order of their keys, because protobuf leaves that open and the server changes it from answer to
 * answer. What this build's protocol does not know is not digested.
 */
export function historyDigest(): HistoryDigest {
  const hash = createHash('sha256');
  let count = 0;
  return {
    add(events) {
      for (const event of events) hash.update(History.encode({ events: [inKeyOrder(event)] }).finish());
      count += events.length;
    },
    done: () => ({ events: count, sha256: digest(hash.digest('hex')) }),
  };
}

/** Puts the maps within a decoded message, which are plain objects there and messages are not, into the order of their keys. */
function inKeyOrder<T>(message: T): T {
  if (typeof message !== 'object' || message === null || ArrayBuffer.isView(message)) return message;
  for (const value of Object.values(message)) inKeyOrder(value);
  if (isPlain(message)) sortKeys(message);
  return message;
}

/** Directly under the root of all objects. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function sortKeys(map: object): void {
  const entries = Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key] of entries) Reflect.deleteProperty(map, key);
  Object.assign(map, Object.fromEntries(entries));
}
