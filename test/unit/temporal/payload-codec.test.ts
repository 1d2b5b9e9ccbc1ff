import { describe, expect, it } from '@jest/globals';
import type { Payload } from '@temporalio/common';
import fc from 'fast-check';
import { action, tenant, workflowIdOf, type ActionId } from '../../../src/action/ids.js';
import { nodeAead } from '../../../src/keys/aead.node.js';
import { payloadCodec, type CodecKeys } from '../../../src/temporal/payload-codec.js';

const clinic = tenant('clinic');
const mine = action('a'.repeat(26));
const other = action('b'.repeat(26));

/** Keys in memory; `calls` counts how often the key store was asked. */
function store(deks: ReadonlyMap<ActionId, Uint8Array> = new Map([[mine, nodeAead.random()]])) {
  const state = { calls: 0, failures: 0 };
  const keys: CodecKeys = {
    system: nodeAead.random(),
    history: async (of) => {
      state.calls += 1;
      if (state.failures > 0) {
        state.failures -= 1;
        throw new Error('the key store is away');
      }
      return deks.get(of);
    },
  };
  return { keys, state };
}

const codecOf = (keys: CodecKeys, of = clinic) =>
  payloadCodec({ tenant: of, keys, aead: nodeAead, mayBePlain: (value) => value === 'an envelope' });
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array | null | undefined): string => new TextDecoder().decode(Uint8Array.from(bytes ?? []));
const json = (value: unknown): Payload => ({
  metadata: { encoding: utf8('json/plain') },
  data: utf8(JSON.stringify(value)),
});
const inWorkflow = (of: ActionId) => ({ type: 'workflow', namespace: 'n', workflowId: workflowIdOf(of) }) as const;
const unreadable = (reason: string) => [{ metadata: { encoding: 'json/plain' }, data: `{"$unreadable":"${reason}"}` }];

/** Bytes as text, so that a difference can be read. */
const shown = (payloads: readonly Payload[]) =>
  payloads.map(({ metadata, data }) => ({
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, text(value)])),
    data: text(data),
  }));

/** What protobufjs hands over for an empty `bytes` field: a plain array, whatever the type says. */
const emptyBytes: Uint8Array = JSON.parse('[]');

async function encoded(keys: CodecKeys, value: unknown, of?: ActionId): Promise<Payload> {
  const [payload] = await codecOf(keys).encode([json(value)], of && inWorkflow(of));
  if (!payload) throw new Error('no payload');
  return payload;
}

const payloads = fc.array(
  fc.record({
    metadata: fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.string({ maxLength: 12 }).map(utf8)),
    data: fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(emptyBytes)),
  }),
  { maxLength: 4 },
);

describe('what the codec encoded', () => {
  it('it decodes to the same payloads, for an action and for everything else, empty bytes included', async () => {
    const { keys } = store();
    await fc.assert(
      fc.asyncProperty(payloads, fc.boolean(), async (plain, ofAction) => {
        const codec = codecOf(keys);
        const boxes = await codec.encode(plain, ofAction ? inWorkflow(mine) : undefined);
        const back = await codec.decode(boxes);
        expect(shown(back)).toEqual(shown(plain));
        expect(back.map(({ data }) => [...(data ?? [])])).toEqual(plain.map(({ data }) => [...data]));
      }),
    );
  });

  it('shows neither content nor metadata, only which key opens it', async () => {
    const { keys } = store();
    const box = await encoded(keys, 'Quillfeather', mine);
    expect(shown([box])[0]?.metadata).toEqual({ encoding: 'binary/encrypted', key: `action/clinic/${mine}` });
    expect(Buffer.from(box.data ?? []).includes('Quillfeather')).toBe(false);
    expect(Buffer.from(box.data ?? []).includes('json/plain')).toBe(false);
  });

  it.each<[what: string, workflowId: string | undefined]>([
    ['no workflow', undefined],
    ['a retention workflow', 'retention/clinic/2032-01-01'],
    ['an id that only looks like an action’s', 'act/short'],
  ])('of %s is under the system key', async (_what, workflowId) => {
    const { keys } = store();
    const context = workflowId === undefined ? undefined : ({ type: 'workflow', namespace: 'n', workflowId } as const);
    const [box] = await codecOf(keys).encode([json(1)], context);
    expect(text(box?.metadata?.['key'])).toBe('system/clinic');
  });
});

describe('decoding', () => {
  it('answers `erased` once the action’s key was destroyed', async () => {
    const { keys } = store();
    const box = await encoded(keys, 'x', mine);
    expect(shown(await codecOf(store(new Map()).keys).decode([box]))).toEqual(unreadable('erased'));
  });

  it('answers `altered` for any bit that was turned, and for another key', async () => {
    const { keys } = store();
    const box = await encoded(keys, 'x', mine);
    for (let bit = 0; bit < (box.data?.length ?? 0) * 8; bit += 1) {
      const data = Uint8Array.from(box.data ?? []);
      data[bit >> 3] = (data[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(shown(await codecOf(keys).decode([{ ...box, data }]))).toEqual(unreadable('altered'));
    }
    expect(shown(await codecOf(store().keys).decode([box]))).toEqual(unreadable('altered'));
  });

  it('answers `altered` when a box is passed off as another action’s, or as the tenant’s', async () => {
    const { keys } = store(new Map([mine, other].map((of) => [of, nodeAead.random()])));
    const box = await encoded(keys, 'x', mine);
    for (const key of [`action/clinic/${other}`, 'system/clinic']) {
      const passedOff = { ...box, metadata: { ...box.metadata, key: utf8(key) } };
      expect(shown(await codecOf(keys).decode([passedOff]))).toEqual(unreadable('altered'));
    }
  });

  it.each([
    `action/elsewhere/${mine}`,
    'system/elsewhere',
    'system/clinic/more',
    `action/clinic/${mine}/more`,
    'action/clinic/short',
    'action/clinic',
    'system',
    '',
    '/',
    'other/clinic',
    '__proto__/clinic',
  ])('answers `foreign` for the key %j, and asks no key store', async (key) => {
    const { keys, state } = store();
    const box: Payload = { metadata: { encoding: utf8('binary/encrypted'), key: utf8(key) }, data: new Uint8Array(99) };
    expect(shown(await codecOf(keys).decode([box]))).toEqual(unreadable('foreign'));
    expect(state.calls).toBe(0);
  });

  it('answers `plain` for what was not encrypted, a decision envelope and null excepted', async () => {
    const { keys } = store();
    const nothing: Payload = { metadata: { encoding: utf8('binary/null') } };
    const plain = [json({ approve: true }), { metadata: { encoding: utf8('binary/plain') }, data: utf8('x') }, {}];
    expect(shown(await codecOf(keys).decode(plain))).toEqual(plain.flatMap(() => unreadable('plain')));
    const harmless = [json('an envelope'), nothing];
    expect(await codecOf(keys).decode(harmless)).toEqual(harmless);
  });

  it('never throws for content, whatever it is', async () => {
    const { keys } = store();
    const codec = codecOf(keys);
    const odd = fc.record(
      {
        metadata: fc.option(
          fc.record(
            {
              encoding: fc.constantFrom(
                ...['binary/encrypted', 'json/plain', 'binary/null', 'x', ''].map(utf8),
                emptyBytes,
              ),
              key: fc.constantFrom(...['system/clinic', `action/clinic/${mine}`, 'x', ''].map(utf8), emptyBytes),
            },
            { requiredKeys: [] },
          ),
        ),
        data: fc.option(fc.oneof(fc.uint8Array({ maxLength: 120 }), fc.constant(emptyBytes))),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(odd, { maxLength: 3 }), async (strange) => {
        expect(await codec.decode(strange)).toHaveLength(strange.length);
      }),
    );
  });

  it('never throws for what a holder of the key sealed, though we never pack so', async () => {
    const { keys } = store();
    const inside = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.json().map((head) => Buffer.concat([Buffer.from([0, 0, 0, utf8(head).length & 0x7f]), utf8(head)])),
    );
    await fc.assert(
      fc.asyncProperty(inside, async (plain) => {
        const data = nodeAead.seal(keys.system, plain, ['system/clinic']);
        const metadata = { encoding: utf8('binary/encrypted'), key: utf8('system/clinic') };
        expect(await codecOf(keys).decode([{ metadata, data }])).toHaveLength(1);
      }),
    );
  });
});

describe('a key store that cannot be reached', () => {
  it('is asked three times; then decoding throws, so that Temporal tries the task again', async () => {
    const { keys, state } = store();
    const box = await encoded(keys, 'x', mine);
    state.calls = 0;
    state.failures = 3;
    await expect(codecOf(keys).decode([box])).rejects.toThrow('the key store is away');
    expect(state.calls).toBe(3);
  });

  it('that comes back in time is not noticed', async () => {
    const { keys, state } = store();
    const box = await encoded(keys, 'x', mine);
    state.failures = 2;
    expect(shown(await codecOf(keys).decode([box]))).toEqual(shown([json('x')]));
  });

  it('does not make encoding throw: what follows an effect must be stored, under the tenant’s key then', async () => {
    const { keys, state } = store();
    state.failures = 3;
    const box = await encoded(keys, 'x', mine);
    expect(text(box.metadata?.['key'])).toBe('system/clinic');
    expect(shown(await codecOf(keys).decode([box]))).toEqual(shown([json('x')]));
  });
});
