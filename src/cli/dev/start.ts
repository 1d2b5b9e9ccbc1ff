/** Starts a development stack: engines, sandbox, then the product, supervised as one tree. */
import { mkdirSync, rmSync } from 'node:fs';
import { sep } from 'node:path';
import type { Progress } from '../terminal.js';
import { urlsOf, writeConfig } from './config-files.js';
import { startDatabase, startTemporalServer } from './engines.js';
import { devTenant } from './first-directory.js';
import { withGoodRules } from './good-rules.js';
import { lettingGo, lockState } from './lock.js';
import { ensureLogKey } from './log-key.js';
import { choosePorts } from './ports.js';
import { allOrNone, ProcessTree } from './process-tree.js';
import { programs, sandboxEntry } from './programs.js';
import { readSummary, removeSummary, writeSummary } from './read-summary.js';
import { migrateDatabase, ownProcess, type Launch } from './launch.js';
import { ensureSecrets } from './secrets.js';
import { openState, placesIn, stateFolder, temporaryState } from './state-folder.js';
import type { DevSummary } from './summary.js';
import type { RestartPolicy } from './supervise.js';
import { summarise } from './summarise.js';
import { valuesOf } from './values.js';
import { watchPolicies } from './watch-policies.js';

export interface DevOptions {
  /** Folder; `COUNTERSIGN_STATE` or `./.countersign` unless told. */
  readonly state?: string;
  /** A temporary folder, deleted at the end. */
  readonly ephemeral?: boolean;
  /** Of the API: taken means no. */
  readonly port?: number;
  readonly progress?: Progress;
  readonly env?: NodeJS.ProcessEnv;
  /** Calls the start off; whatever runs by then is ended. */
  readonly signal?: AbortSignal;
  /** Another patience with processes that die: a test that kills them needs more. */
  readonly restartPolicy?: RestartPolicy;
}

export interface RunningDev {
  /** As of now: pids change when a process is restarted. */
  readonly summary: DevSummary;
  /** Ends everything in reverse order and lets go of the folder. Stopping twice is stopping once. */
  readonly stop: () => Promise<void>;
  /** Resolves with the reason if the stack gives up by itself; everything is ended by then. */
  readonly failed: Promise<string>;
}

/**
 * @throws StateInUse when a stack runs on this folder.
 * @throws Error naming the process that did not start and its log; nothing of the stack runs then.
 */
export async function startDev(options: DevOptions = {}): Promise<RunningDev> {
  const { ephemeral = false, progress = () => undefined, env = process.env } = options;
  const state = ephemeral ? temporaryState() : openState(stateFolder(options.state, env));
  const releases = [lockState(state)];
  const sandbox = await import('@countersign/sandbox');
  await lettingGo(Object.values(readSummary(state)?.processes ?? {}), sandbox.commandOf);
  removeSummary(state);
  const off = new AbortController();
  const callOff = (): void => off.abort();
  const tree = new ProcessTree();
  const watches: (() => Promise<void>)[] = [];
  const leftovers = new Set<string>(ephemeral ? [state] : []);

  let ending: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    ending ??= (async () => {
      callOff();
      removeSummary(state);
      for (const end of watches) await end();
      await tree.stop();
      for (const release of releases) release();
      for (const folder of leftovers) rmSync(folder, { recursive: true, force: true });
    })();
    return ending;
  };

  let fail = (_reason: string): void => undefined;
  const failed = new Promise<string>((resolve) => {
    fail = (reason) => void stop().then(() => resolve(reason));
  });

  options.signal?.addEventListener('abort', callOff);
  if (options.signal?.aborted === true) callOff();
  try {
    const summary = await start({
      ...{ state, env, progress, sandbox, tree, callOff, signal: off.signal },
      ...(options.port !== undefined && { port: options.port }),
      ...(options.restartPolicy && { restartPolicy: options.restartPolicy }),
      giveUp: (reason) => fail(reason),
      onPorts: (release) => releases.push(release),
      onWatch: (end) => watches.push(end),
      onData: (folder) => {
        if (ephemeral && !folder.startsWith(state + sep)) leftovers.add(folder);
      },
    });
    const now = (): DevSummary => ({ ...summary, processes: tree.pids() });
    tree.onRestart = () => {
      if (ending === undefined) writeSummary(now());
    };
    writeSummary(now());
    return {
      get summary() {
        return now();
      },
      stop,
      failed,
    };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', callOff);
  }
}

interface Start extends Omit<Launch, 'places'> {
  readonly state: string;
  readonly port?: number;
  /** Told how to let go of the ports that it chose. */
  readonly onPorts: (release: () => void) => void;
  /** Told where the database keeps its data: not always below the state folder. */
  readonly onData: (folder: string) => void;
  /** Told how to end what looks at the rules' files. */
  readonly onWatch: (stop: () => Promise<void>) => void;
}

async function start({ state, port, onPorts, onData, onWatch, ...rest }: Start): Promise<DevSummary> {
  const { env, progress, signal } = rest;
  const places = placesIn(state);
  for (const folder of [places.logs, places.keyring, places.signer, places.engines])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { ports, moved, release } = await choosePorts(state, port === undefined ? {} : { api: port });
  onPorts(release);
  const secrets = await ensureSecrets(state);
  const vkey = ensureLogKey(places.logKey);
  const { sandbox } = rest;
  const launch: Launch = { ...rest, places };
  for (const name of moved) progress(`port       ${name} listens on ${ports[name]}: the usual port is taken`);
  const urls = urlsOf(ports);
  const files = writeConfig({ sandbox, places, ports, urls, secrets, vkey, env });

  const facts = { urls, ports, files, places, secrets };
  let database = '';
  const engine = { ...launch, ports };
  await allOrNone(
    [
      startDatabase(engine, onData).then(async (url) => {
        database = url;
        await migrateDatabase(launch, withGoodRules(valuesOf({ ...facts, database }, 'migrate'), files, progress));
      }),
      startTemporalServer(engine),
      ownProcess(launch, 'sandbox', { name: 'idp', module: sandboxEntry('idp'), args: [files.idp] }),
      ownProcess(launch, 'sandbox', { name: 'ehr', module: sandboxEntry('ehr'), args: [files.ehr] }),
    ],
    launch.callOff,
  );
  signal.throwIfAborted();

  await allOrNone(
    programs.map((program) => {
      const values = valuesOf({ ...facts, database }, program.process);
      return ownProcess(launch, 'product', { program, values });
    }),
    launch.callOff,
  );
  signal.throwIfAborted();
  const { policies: folder, trustRoots } = files;
  onWatch(watchPolicies({ folder, trustRoots, tenant: devTenant.id, database, progress }));
  progress(`rules              what you save in ${folder} governs at once, by one person: development only`);
  return summarise({ state, sandbox, places, urls, vkey, secrets, database });
}
