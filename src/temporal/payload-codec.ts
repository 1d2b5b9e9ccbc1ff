/**
 * Encrypts what Temporal stores. Content never makes it throw: what it cannot read decodes to `{"$unreadable": reason}`,
 * which every handler refuses. Only an unreachable key store throws, so that Temporal tries again.
 */
import type { Payload, PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import type { ActionId, TenantId } from '../action/ids.js';
import { actionOfWorkflow, actionSchema, tenantSchema } from '../action/ids.js';
import type { Aead } from '../keys/aead.js';

export type Unreadable = 'altered' | 'erased' | 'foreign' | 'plain';

/** Where the codec finds keys. Both may throw when the key store cannot be reached; undefined means there is no key. */
export interface CodecKeys {
  /** The history key of an action; undefined once it was destroyed. */
  history(action: ActionId): Promise<Uint8Array | undefined>;
  /** The tenant's key for every history that belongs to no action. Loaded at start, so it is always there. */
  readonly system: Uint8Array;
}

export interface CodecOptions {
  readonly tenant: TenantId;
  readonly keys: CodecKeys;
  readonly aead: Aead;
  /** Lets through a plain payload that needs no secrecy: a decision envelope from a raw client. */
  readonly mayBePlain: (value: unknown) => boolean;
}

const encoding = 'binary/encrypted';
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
/** protobufjs gives empty bytes as a plain array, which TextDecoder and ciphers refuse by throwing. */
const octets = (bytes: Uint8Array | null | undefined): Uint8Array => Uint8Array.from(bytes ?? []);
const text = (bytes: Uint8Array | null | undefined): string => new TextDecoder().decode(octets(bytes));

export function payloadCodec({ tenant, keys, aead, mayBePlain }: CodecOptions): PayloadCodec {
  /** The action's key, or the system key when there is none: encoding after an effect must not fail. */
  async function encodingKey(action: ActionId | undefined): Promise<{ readonly id: string; readonly key: Uint8Array }> {
    const key = action && (await persistently(() => keys.history(action)).catch(() => undefined));
    return key ? { id: `action/${tenant}/${action}`, key } : { id: `system/${tenant}`, key: keys.system };
  }

  async function decodingKey(id: string): Promise<Uint8Array | Unreadable> {
    const [kind, of, name, ...more] = id.split('/');
    if (of !== tenant || more.length > 0 || !tenantSchema.safeParse(of).success) return 'foreign';
    if (kind === 'system' && name === undefined) return keys.system;
    const action = actionSchema.safeParse(name);
    if (kind !== 'action' || !action.success) return 'foreign';
    return (await persistently(() => keys.history(action.data))) ?? 'erased';
  }

  async function decodeOne(payload: Payload): Promise<Payload> {
    const metadata = payload.metadata ?? {};
    const named = text(metadata['encoding']);
    if (named !== encoding) return plain(payload, named);
    const id = text(metadata['key']);
    const key = await decodingKey(id);
    if (typeof key === 'string') return unreadable(key);
    const opened = aead.open(key, octets(payload.data), [id]);
    return (opened && unpacked(opened)) ?? unreadable('altered');
  }

  function plain(payload: Payload, named: string): Payload {
    if (named === 'binary/null') return payload;
    return named === 'json/plain' && mayBePlain(parsed(text(payload.data))) ? payload : unreadable('plain');
  }

  return {
    async encode(payloads, context) {
      const workflow = context === undefined ? undefined : context.workflowId;
      const { id, key } = await encodingKey(workflow === undefined ? undefined : actionOfWorkflow(workflow));
      return payloads.map((payload) => ({
        metadata: { encoding: utf8(encoding), key: utf8(id) },
        data: aead.seal(key, packed(payload), [id]),
      }));
    },
    decode: (payloads) => Promise.all(payloads.map(decodeOne)),
  };
}

function unreadable(reason: Unreadable): Payload {
  return { metadata: { encoding: utf8('json/plain') }, data: utf8(JSON.stringify({ $unreadable: reason })) };
}

/** Three tries within half a second; then the caller's error stands. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 3) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100 * attempt));
    }
  }
}

/** Metadata as JSON behind its length, then the data. */
function packed({ metadata, data }: Payload): Uint8Array {
  const names = Object.entries(metadata ?? {}).map(([name, value]) => [name, text(value)]);
  const head = utf8(JSON.stringify(names));
  const body = octets(data);
  const bytes = new Uint8Array(4 + head.length + body.length);
  new DataView(bytes.buffer).setUint32(0, head.length);
  bytes.set(head, 4);
  bytes.set(body, 4 + head.length);
  return bytes;
}

const headSchema = z.array(z.tuple([z.string(), z.string()]));

/** Undefined for bytes that {@link packed} never made, though whoever sealed them held the key. */
function unpacked(bytes: Uint8Array): Payload | undefined {
  if (bytes.length < 4) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (4 + length > bytes.length) return undefined;
  const head = headSchema.safeParse(parsed(text(bytes.subarray(4, 4 + length))));
  if (!head.success) return undefined;
  return {
    metadata: Object.fromEntries(head.data.map(([name, value]) => [name, utf8(value)])),
    data: bytes.slice(4 + length),
  };
}

/** The JSON value; undefined for text that is none. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
