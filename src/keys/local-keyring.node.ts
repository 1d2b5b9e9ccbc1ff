import { constants, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { accessSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Refusal } from '../action/refusal.js';
import type { Aead } from './aead.js';
import type { KekId, Keyring } from './keyring.js';

export interface LocalKeyringOptions {
  /** Absolute path; mode 0700. Not inside PostgreSQL's data, nor in its backups. */
  readonly folder: string;
  readonly production: boolean;
  readonly aead: Aead;
}

/**
 * KEKs as files of 32 bytes, mode 0600, for development and tests.
 *
 * @throws Refusal `keyring.local_in_production`, `keyring.missing`.
 */
export function localKeyring({ folder, production, aead }: LocalKeyringOptions): Keyring {
  if (production)
    throw new Refusal(
      'keyring.local_in_production',
      'A folder is no keyring for production; use a key management service.',
    );
  try {
    accessSync(folder, constants.R_OK | constants.W_OK);
  } catch {
    throw new Refusal(
      'keyring.missing',
      'The keyring folder does not exist or cannot be written: mkdir -m 700 it, or fix COUNTERSIGN_KEYRING.',
    );
  }
  const fileOf = (kek: KekId): string => {
    if (!/^(open|dispose)\/[a-z0-9_-]+\/\d{4}-\d\d$|^tenant\/[a-z0-9_-]+$/.test(kek))
      throw new RangeError('not a KEK id');
    return join(folder, `${kek}.kek`);
  };
  const read = async (kek: KekId): Promise<Uint8Array | undefined> => {
    try {
      return await readFile(fileOf(kek));
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  };
  /** Written aside and linked, so that of two processes one makes the key and the other finds it. */
  const create = async (kek: KekId): Promise<Uint8Array> => {
    const file = fileOf(kek);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const fresh = `${file}.${process.pid}.${Buffer.from(aead.random(6)).toString('hex')}`;
    await writeFile(fresh, aead.random(), { mode: 0o600, flag: 'wx', flush: true });
    await link(fresh, file).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error;
    });
    await rm(fresh);
    return readFile(file);
  };
  return {
    async wrap(kek, key, context) {
      return aead.seal((await read(kek)) ?? (await create(kek)), key, [kek, ...context]);
    },
    async unwrap(kek, wrapped, context) {
      const key = await read(kek);
      if (key === undefined) throw new Refusal('key.gone', 'The key that wraps this key was destroyed.');
      const opened = aead.open(key, wrapped, [kek, ...context]);
      if (opened === undefined)
        throw new Refusal('key.unreadable', 'This wrapped key belongs to something else, or was changed.');
      return opened;
    },
    async destroy(kek) {
      await rm(fileOf(kek), { force: true });
    },
  };
}

/** By shape, not by class: Node's own errors belong to another realm under some test runners. */
function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
