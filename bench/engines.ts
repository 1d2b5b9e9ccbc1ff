/** The engines that the stack of the tests runs on, except that here commits wait for the disk. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { ensureEngine, startPostgres, startTemporal, temporalCli } from '@countersign/sandbox';
import { logins } from '../src/database/logins.js';
import { migrate } from '../src/database/migrate.js';
import { searchAttributeTypes } from '../src/temporal/search-attributes.js';
import { enginesVariable, type Engines } from '../test/support/engines.js';

/** The namespace of the bare workflow. The queues have the same names as in the stack's own namespace. */
export const bareNamespace = 'bare';
const governedNamespace = 'governed';

/** Starts PostgreSQL and a Temporal development server, and ends them after `work`, which gets the server's address. */
export async function withEngines<T>(work: (temporal: string) => Promise<T>): Promise<T> {
  const stateDir = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
  const cli = await ensureEngine(temporalCli);
  const postgres = await startPostgres({ stateDir, durable: true });
  try {
    const temporal = await startTemporal({
      cli: cli.path,
      stateDir,
      namespaces: [governedNamespace, bareNamespace],
      persistent: false,
      searchAttributes: searchAttributeTypes,
    });
    try {
      const template = 'template_countersign';
      const admin = new pg.Client({ connectionString: postgres.url });
      await admin.connect();
      await admin.query(`CREATE DATABASE ${template}`);
      await admin.end();
      const passwords = Object.fromEntries(logins.map((login) => [login, randomBytes(12).toString('hex')]));
      await migrate({ connectionString: postgres.url.replace(/postgres$/, template), passwords });
      const facts: Engines = {
        postgres: postgres.url,
        template,
        passwords,
        temporal: temporal.address,
        temporalUi: temporal.uiUrl,
        testServer: 'none',
        namespaces: [governedNamespace],
        claims: stateDir,
      };
      const file = join(stateDir, 'engines.json');
      writeFileSync(file, JSON.stringify(facts), { mode: 0o600 });
      process.env[enginesVariable] = file;
      return await work(temporal.address);
    } finally {
      await temporal.child.stop();
    }
  } finally {
    await postgres.child.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}
