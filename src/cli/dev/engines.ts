/** PostgreSQL and the Temporal server of a development stack. */
import pg from 'pg';
import { searchAttributeTypes } from '../../temporal/search-attributes.js';
import { keep, type Launch } from './launch.js';
import type { Ports } from './ports.js';

export interface EngineLaunch extends Launch {
  readonly ports: Ports;
}

export const devNamespace = 'countersign';
const devDatabase = 'countersign';

/** Starts PostgreSQL and makes its database; answers the administrator's URL. `onData` hears where the data lie. */
export async function startDatabase(launch: EngineLaunch, onData: (folder: string) => void): Promise<string> {
  const { sandbox, places, ports } = launch;
  let url = '';
  await keep(launch, {
    stage: 'engines',
    name: 'postgres',
    start: async () => {
      const running = await sandbox.startPostgres({ stateDir: places.engines, port: ports.postgres });
      onData(running.dataDir);
      url = await samePlace(running.child, url, running.url);
      return running.child;
    },
  });
  await createDatabase(url);
  return url.replace(/\/postgres$/, `/${devDatabase}`);
}

export async function startTemporalServer(launch: EngineLaunch): Promise<void> {
  const { sandbox, places, ports, progress, env } = launch;
  const engine = await sandbox.ensureEngine(sandbox.temporalCli, { env, progress });
  const expected = `127.0.0.1:${ports.temporal} http://127.0.0.1:${ports.temporalUi}`;
  await keep(launch, {
    stage: 'engines',
    name: 'temporal',
    start: async () => {
      const { child, address, uiUrl } = await sandbox.startTemporal({
        cli: engine.path,
        stateDir: places.engines,
        namespaces: [devNamespace],
        persistent: true,
        port: ports.temporal,
        uiPort: ports.temporalUi,
        searchAttributes: searchAttributeTypes,
      });
      await samePlace(child, expected, `${address} ${uiUrl}`);
      return child;
    },
  });
}

/** Engines move to another port rather than fail; everybody else was told the first one. */
async function samePlace(child: { readonly stop: () => Promise<void> }, before: string, now: string): Promise<string> {
  if (before === '' || before === now) return now;
  await child.stop();
  throw new Error('Somebody else took the port of an engine of this stack; start the stack again.');
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [devDatabase]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${devDatabase}`);
  } finally {
    await client.end();
  }
}
