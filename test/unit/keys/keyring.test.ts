import { mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { tenant } from '../../../src/action/ids.js';
import { nodeAead } from '../../../src/keys/aead.node.js';
import {
  disposalKek,
  keyringOperations,
  monthOf,
  openKek,
  restrict,
  tenantKek,
  type KekId,
  type Keyring,
  type KeyringOperation,
} from '../../../src/keys/keyring.js';
import { localKeyring } from '../../../src/keys/local-keyring.node.js';

const clinic = tenant('clinic');
const elsewhere = tenant('elsewhere');
const march = openKek(clinic, '2026-03');
const key = nodeAead.random();

let folder: string;
let ring: Keyring;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-keyring-'));
  ring = localKeyring({ folder, production: false, aead: nodeAead });
});

describe('a wrapped key', () => {
  it('is unwrapped by the same KEK for the same purpose', async () => {
    const wrapped = await ring.wrap(march, key, ['clinic', 'a', 'history']);
    expect(Buffer.from(await ring.unwrap(march, wrapped, ['clinic', 'a', 'history'])).equals(key)).toBe(true);
  });

  it.each<[what: string, kek: KekId, context: string[]]>([
    ['another action', march, ['clinic', 'b', 'history']],
    ['the other kind of content', march, ['clinic', 'a', 'content']],
    ['another tenant', march, ['elsewhere', 'a', 'history']],
    ['no purpose', march, []],
    ['another tenant’s KEK', openKek(elsewhere, '2026-03'), ['clinic', 'a', 'history']],
    ['another month’s KEK', openKek(clinic, '2026-04'), ['clinic', 'a', 'history']],
    ['the disposal KEK of the same month', disposalKek(clinic, '2026-03'), ['clinic', 'a', 'history']],
  ])('is unreadable for %s', async (_what, kek, context) => {
    const wrapped = await ring.wrap(march, key, ['clinic', 'a', 'history']);
    await ring.wrap(kek, key, []); // so that this KEK exists
    await expect(ring.unwrap(kek, wrapped, context)).rejects.toMatchObject({ code: 'key.unreadable' });
  });

  it('is unreadable after one of its bits was turned', async () => {
    const wrapped = Uint8Array.from(await ring.wrap(march, key, []));
    wrapped[60] = (wrapped[60] ?? 0) ^ 1;
    await expect(ring.unwrap(march, wrapped, [])).rejects.toMatchObject({ code: 'key.unreadable' });
  });

  it('is gone with its KEK, and a KEK made later under the same name does not open it', async () => {
    const wrapped = await ring.wrap(march, key, []);
    await ring.destroy(march);
    await ring.destroy(march); // twice is once
    await expect(ring.unwrap(march, wrapped, [])).rejects.toMatchObject({ code: 'key.gone' });
    await ring.wrap(march, nodeAead.random(), []);
    await expect(ring.unwrap(march, wrapped, [])).rejects.toMatchObject({ code: 'key.unreadable' });
  });
});

describe('the local keyring', () => {
  it('makes a KEK once, though many ask for it at the same time', async () => {
    const wrapped = await Promise.all(Array.from({ length: 20 }, () => ring.wrap(tenantKek(clinic), key, [])));
    for (const one of wrapped)
      expect(Buffer.from(await ring.unwrap(tenantKek(clinic), one, [])).equals(key)).toBe(true);
    expect(readdirSync(join(folder, 'tenant'))).toEqual(['clinic.kek']);
  });

  it('keeps KEKs where only its own user reads', async () => {
    await ring.wrap(march, key, []);
    expect(statSync(join(folder, 'open', 'clinic')).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'open', 'clinic', '2026-03.kek')).mode & 0o777).toBe(0o600);
  });

  it.each<KekId>(['open/../../etc/2026-03', 'tenant/../x', 'tenant/a/b', 'open/clinic/2026'])(
    'leaves its folder for no name: %s',
    async (name) => {
      await expect(ring.wrap(name, key, [])).rejects.toThrow('not a KEK id');
    },
  );

  it('does not take a damaged file for a KEK', async () => {
    const wrapped = await ring.wrap(march, key, []);
    writeFileSync(join(folder, 'open', 'clinic', '2026-03.kek'), 'short');
    await expect(ring.unwrap(march, wrapped, [])).rejects.toMatchObject({ code: 'key.unreadable' });
    await expect(ring.wrap(march, key, [])).rejects.toThrow('key');
  });

  it('is refused in production, and where its folder is missing', () => {
    expect(() => localKeyring({ folder, production: true, aead: nodeAead })).toThrow(
      expect.objectContaining({ code: 'keyring.local_in_production' }),
    );
    expect(() => localKeyring({ folder: join(folder, 'no'), production: false, aead: nodeAead })).toThrow(
      expect.objectContaining({ code: 'keyring.missing' }),
    );
  });
});

describe('a restricted keyring', () => {
  const calls: Record<KeyringOperation, (on: Keyring, wrapped: Uint8Array) => Promise<unknown>> = {
    wrap: (on) => on.wrap(march, key, []),
    unwrap: (on, wrapped) => on.unwrap(march, wrapped, []),
    destroy: (on) => on.destroy(march),
  };
  it.each(keyringOperations.flatMap((allowed) => keyringOperations.map((asked) => ({ allowed, asked }))))(
    'that may $allowed answers $asked',
    async ({ allowed, asked }) => {
      const wrapped = await ring.wrap(march, key, []);
      const answer = calls[asked](restrict(ring, [allowed]), wrapped).then(
        () => 'done',
        (error: unknown) => error,
      );
      if (asked === allowed) expect(await answer).toBe('done');
      else expect(await answer).toMatchObject({ code: 'key.forbidden' });
    },
  );
});

describe('the month of a KEK', () => {
  it('is the first seven signs of a date', () => expect(monthOf('2032-12-31')).toBe('2032-12'));
  it.each(['', '2032', '2032-13', '2032-00', '32-12-01', 'x2032-12'])('is not in %j', (text) =>
    expect(() => monthOf(text)).toThrow(RangeError),
  );
});
