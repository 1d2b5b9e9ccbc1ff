import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { databaseRole, type Login } from '../../src/database/logins.js';
import { engines } from './engines.js';

export interface TestDatabase {
  /** A pool with the login of that process. */
  pool(login: Login): pg.Pool;
  url(login: Login): string;
  /** The superuser: sets up and looks on, never what is tested. */
  readonly admin: pg.Pool;
  readonly adminUrl: string;
  end(): Promise<void>;
}

/** A fresh, migrated database with the tenant `clinic`, copied from the template. */
export async function testDatabase(): Promise<TestDatabase> {
  const { postgres, template, passwords } = engines();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await withClient(postgres, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  const adminUrl = postgres.replace(/\/postgres$/, `/${name}`);
  // A connection that the server ends while it idles is no error of the test.
  const open = (connectionString: string, max: number): pg.Pool =>
    new pg.Pool({ connectionString, max }).on('error', () => undefined);
  const admin = open(adminUrl, 4);
  await admin.query(`INSERT INTO countersign.tenant (tenant, name, zone, log_origin)
                     VALUES ('clinic', 'Clinic', 'Europe/Berlin', 'dev.countersign/clinic');
                     INSERT INTO countersign.audit_log (tenant) VALUES ('clinic');
                     -- Vouches for ever, as no signer can: most tests run none.
                     INSERT INTO countersign.signer_state (tenant, status, size, reported_at)
                     VALUES ('clinic', 'signing', 0, 'infinity')`);
  const pools = new Map<Login, pg.Pool>();
  const url = (login: Login): string => {
    const at = new URL(adminUrl);
    at.username = databaseRole(login);
    at.password = passwords[login] ?? '';
    return at.href;
  };
  return {
    admin,
    adminUrl,
    url,
    pool(login) {
      const pool = pools.get(login) ?? open(url(login), 8);
      pools.set(login, pool);
      return pool;
    },
    async end() {
      await Promise.all([...pools.values(), admin].map((pool) => pool.end()));
      await withClient(postgres, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}

async function withClient(connectionString: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
