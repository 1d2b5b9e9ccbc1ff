import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keptBundle, type KeptBundle } from '../../../worker/bundle.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'countersign-bundle-'));
  for (const folder of ['workflows', 'src/action']) mkdirSync(join(root, 'build', folder), { recursive: true });
  writeFileSync(join(root, 'build', 'workflows', 'index.js'), 'export {};');
  writeFileSync(join(root, 'build', 'src', 'action', 'types.js'), 'export {};');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Bundles the tree at `place`, counting how often it had to be made. */
function bundler(place = 'build', more: Partial<KeptBundle> = {}) {
  const made = { times: 0 };
  const get = () =>
    keptBundle({
      tree: join(root, place),
      extension: 'js',
      versions: ['zod@4.6.7'],
      folder: join(root, place),
      make: async () => {
        made.times += 1;
        return `bundle ${made.times}`;
      },
      ...more,
    });
  return { made, get };
}

describe('the workflow bundle', () => {
  it('is made once and then kept', async () => {
    const { made, get } = bundler();
    expect(await get()).toEqual({ code: 'bundle 1' });
    expect(await get()).toEqual({ code: 'bundle 1' });
    expect(made.times).toBe(1);
  });

  it('is found in an image, where every file has the same time', async () => {
    await bundler().get();
    cpSync(join(root, 'build'), join(root, 'image'), { recursive: true });
    const epoch = new Date(0);
    for (const entry of readdirSync(join(root, 'image'), { recursive: true, encoding: 'utf8' }))
      utimesSync(join(root, 'image', entry), epoch, epoch);
    const { made, get } = bundler('image');
    expect(await get()).toEqual({ code: 'bundle 1' });
    expect(made.times).toBe(0);
  });

  it('is made again when a source changes, though its time does not, and the old one goes', async () => {
    const file = join(root, 'build', 'src', 'action', 'types.js');
    const then = new Date(0);
    utimesSync(file, then, then);
    const { get } = bundler();
    await get();
    writeFileSync(file, 'export const more = 1;');
    utimesSync(file, then, then);
    expect(await get()).toEqual({ code: 'bundle 2' });
    expect(readdirSync(join(root, 'build')).filter((name) => name.startsWith('workflow-bundle'))).toHaveLength(1);
  });

  it('is made again when a source is renamed, and for another version of a package', async () => {
    await bundler().get();
    const renamed = join(root, 'build', 'src', 'action', 'other.js');
    cpSync(join(root, 'build', 'src', 'action', 'types.js'), renamed);
    rmSync(join(root, 'build', 'src', 'action', 'types.js'));
    const { made, get } = bundler();
    await get();
    expect(made.times).toBe(1);
    const newer = bundler('build', { versions: ['zod@4.7.0'] });
    await newer.get();
    expect(newer.made.times).toBe(1);
  });

  it('serves where nothing can be kept', async () => {
    const folder = '/proc/self'; // not even root may write there
    expect(await bundler('build', { folder }).get()).toEqual({ code: 'bundle 1' });
  });
});
