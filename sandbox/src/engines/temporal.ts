import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { endLeftover, freePort, startForeign, type RunningChild } from './child.js';

export interface TemporalOptions {
  /** Path of the Temporal CLI. */
  readonly cli: string;
  readonly stateDir: string;
  readonly namespaces: readonly [string, ...string[]];
  /** False keeps histories in memory. */
  readonly persistent: boolean;
  readonly port?: number;
  readonly uiPort?: number;
  readonly codecEndpoint?: string;
  /** Name → Temporal's IndexedValueType number (2 Keyword, 6 Datetime). */
  readonly searchAttributes: Readonly<Record<string, number>>;
}

export interface RunningTemporal {
  readonly address: string;
  readonly uiUrl: string;
  readonly child: RunningChild;
}

/** Starts the CLI's development server on 127.0.0.1 and waits until its namespaces have their search attributes. */
export async function startTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  const { cli, stateDir, namespaces } = options;
  await mkdir(stateDir, { recursive: true });
  await endLeftover({ name: 'temporal', file: cli, stateDir }); // it may hold the ports
  const port = await freePort(options.port);
  const uiPort = await freePort(options.uiPort);
  const child = await startForeign({
    name: 'temporal',
    file: cli,
    stateDir,
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
      ...namespaces.flatMap((namespace) => ['--namespace', namespace]),
      ...['--ui-disable-news-fetch', '--log-level', 'error'],
      ...(options.persistent
        ? ['--db-filename', join(stateDir, 'temporal.sqlite'), '--sqlite-pragma', 'journal_mode=WAL']
        : []),
      ...(options.codecEndpoint === undefined ? [] : ['--ui-codec-endpoint', options.codecEndpoint]),
    ],
  });
  const address = `127.0.0.1:${port}`;
  try {
    await Promise.all(namespaces.map((each) => addSearchAttributes(child, address, each, options.searchAttributes)));
  } catch (error) {
    await child.kill();
    throw error;
  }
  return { address, uiUrl: `http://127.0.0.1:${uiPort}`, child };
}

/** At each start: the server ignores such flags for a namespace that exists already. */
async function addSearchAttributes(
  child: RunningChild,
  address: string,
  namespace: string,
  wanted: TemporalOptions['searchAttributes'],
): Promise<void> {
  let over: number | NodeJS.Signals | undefined;
  void child.exited.then((how) => (over = how));
  const patience = performance.now() + 60_000;
  for (;;) {
    if (over !== undefined) throw new Error(`the Temporal server ended (${over}): ${child.tail()}`);
    try {
      const connection = await Connection.connect({ address, connectTimeout: 500 });
      try {
        const known = await connection.operatorService.listSearchAttributes({ namespace });
        const missing = Object.entries(wanted).filter(([name]) => !(name in (known.customAttributes ?? {})));
        if (missing.length > 0)
          await connection.operatorService.addSearchAttributes({
            namespace,
            searchAttributes: Object.fromEntries(missing),
          });
        return;
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (performance.now() > patience) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
