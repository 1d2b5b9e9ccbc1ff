// Plain JavaScript over the build: jest maps no module names in a global setup.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { ensureEngine, startPostgres, startTemporal, temporalCli, temporalTestServer } from '@countersign/sandbox';
import { logins } from '../../dist/src/database/logins.js';
import { migrate } from '../../dist/src/database/migrate.js';
import { searchAttributeTypes } from '../../dist/src/temporal/search-attributes.js';
import { workflowBundle } from '../../dist/worker/bundle.js';

const variable = 'COUNTERSIGN_TEST_ENGINES';

/**
 * One Temporal server, one PostgreSQL and one workflow bundle for the whole run. Jest calls this once for each project
 * that needs engines; the second call finds them running.
 */
export default async function setup() {
  const running = (globalThis.countersignEngines ??= { users: 0, children: [] });
  running.users += 1;
  if (process.env[variable] !== undefined) return;
  const stateDir = mkdtempSync(join(tmpdir(), 'countersign-test-'));
  const [cli, testServer] = await Promise.all([ensureEngine(temporalCli), ensureEngine(temporalTestServer)]);
  // Task queues have fixed names, so each test file claims a namespace of its own (test/support/temporal.ts).
  const namespaces = Array.from({ length: 40 }, (_, at) => `test-${at}`);
  const [postgres, temporal] = await Promise.all([
    startPostgres({ stateDir, durable: false }),
    startTemporal({ cli: cli.path, stateDir, namespaces, persistent: false, searchAttributes: searchAttributeTypes }),
    workflowBundle(),
  ]);
  running.children.push(postgres.child, temporal.child);

  const template = 'template_countersign';
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${template}`);
  await admin.end();
  const passwords = Object.fromEntries(logins.map((login) => [login, randomBytes(12).toString('hex')]));
  await migrate({ connectionString: postgres.url.replace(/postgres$/, template), passwords });

  const file = join(stateDir, 'engines.json');
  const facts = {
    postgres: postgres.url,
    template,
    passwords,
    temporal: temporal.address,
    temporalUi: temporal.uiUrl,
    testServer: testServer.path,
    namespaces,
    claims: stateDir,
  };
  writeFileSync(file, JSON.stringify(facts), { mode: 0o600 });
  process.env[variable] = file;
}
