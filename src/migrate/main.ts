/** `countersign migrate`: the schema, the logins' passwords, the first directory and the rulebook. Runs once and ends. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tenant as tenantId } from '../action/ids.js';
import { Refusal } from '../action/refusal.js';
import { EnvironmentError, readEnvironment, type Environment } from '../config/environment.js';
import { createLog, errorFacts } from '../config/log.js';
import { projectFolder } from '../config/project-folder.js';
import { databaseRole, logins, type Login } from '../database/logins.js';
import { migrate } from '../database/migrate.js';
import { openPool } from '../database/pool.js';
import { readDirectory } from '../directory/directory-file.js';
import { loadDirectory } from '../directory/load-directory.tx.js';
import { installRulebook, type Installed } from '../rulebook/install.tx.js';
import { loadRulebook } from '../rulebook/load.js';
import { readPolicyFolder } from '../rulebook/policy-folder.node.js';
import { RulebookError } from '../rulebook/problem.js';
import { assertFitForProduction } from '../rulebook/production.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function run(env: Environment<'migrate'>): Promise<void> {
  const connectionString = env.COUNTERSIGN_ADMIN_DATABASE_URL;
  const tenant = tenantId(env.COUNTERSIGN_TENANT);
  // Everything that can be wrong in a file is found before anything is changed.
  const policies = readPolicyFolder(env.COUNTERSIGN_POLICIES_DIR ?? join(projectFolder(), 'policies'));
  const roots = env.COUNTERSIGN_TRUST_ROOTS_FILE;
  const rulebook = loadRulebook(policies, roots === undefined ? believeNobody : json(roots));
  if (roots !== undefined && env.COUNTERSIGN_MODE === 'production') assertFitForProduction(rulebook);
  const file = env.COUNTERSIGN_DIRECTORY_FILE;
  const directory = file === undefined ? undefined : readDirectory(json(file), new Set<string>(rulebook.roles.keys()));
  if (directory && directory.tenant.id !== tenant)
    throw new Refusal('directory.invalid', 'COUNTERSIGN_TENANT and the directory file name different tenants.');

  const passwords = passwordsOf(env.COUNTERSIGN_LOGIN_PASSWORDS_FILE);
  const { applied, version } = await migrate({ connectionString, passwords });
  say(`schema     ${version} (${applied.length === 0 ? 'was current' : `${applied.length} applied`})`);

  const pool = openPool(connectionString, { process: 'migrate', log: createLog('migrate', env.COUNTERSIGN_LOG_LEVEL) });
  try {
    if (directory) {
      const { people, granted } = await loadDirectory(pool, directory);
      say(`directory  ${people.size} people, ${Object.keys(directory.agents).length} agents, ${granted} roles granted`);
    }
    if (roots === undefined) return say('rulebook   unchanged: COUNTERSIGN_TRUST_ROOTS_FILE is not set');
    const production = env.COUNTERSIGN_MODE === 'production';
    const installed = await installRulebook(pool, tenant, rulebook, { production });
    say(`rulebook   ${rulebook.digest.slice(0, 12)} ${installedWords[installed]}`);
  } finally {
    await pool.end();
  }
}

const installedWords: Readonly<Record<Installed, string>> = {
  activated: 'activated',
  was_active: 'was active',
  needs_signatures: 'does not govern: another one does, and two people sign this one (countersign rulebook propose)',
};

const believeNobody = { issuers: [], warrantIssuers: [], logs: [], rpIds: [] };

function json(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** @throws Error for a name that is no login: a password that nobody uses is one that somebody lacks. */
function passwordsOf(file: string | undefined): Partial<Record<Login, string>> {
  const given = file === undefined ? {} : json(file);
  if (typeof given !== 'object' || given === null)
    throw new Error('COUNTERSIGN_LOGIN_PASSWORDS_FILE is no JSON object');
  return Object.fromEntries(
    Object.entries(given).map(([name, password]) => {
      if (!isLogin(name) || typeof password !== 'string' || password.length < 16)
        throw new Error(
          `COUNTERSIGN_LOGIN_PASSWORDS_FILE: each of ${logins.join(', ')} (${databaseRole('api')} …) to 16 letters or more`,
        );
      return [name, password];
    }),
  );
}

function isLogin(name: string): name is Login {
  return logins.some((login) => login === name);
}

/** What a person can mend is told in full; of anything else only its kind, because it may quote what it choked on. */
function explain(error: unknown): string {
  if (error instanceof Refusal) return [error.message, ...pointersOf(error)].join('\n  ');
  if (error instanceof EnvironmentError || error instanceof RulebookError) return error.message;
  if (error instanceof SyntaxError) return 'one of the JSON files is not JSON';
  if (error instanceof Error && 'code' in error && typeof error.code === 'string')
    return `${error.message} (${error.code}); nothing was changed`;
  return error instanceof Error ? error.message : JSON.stringify(errorFacts(error));
}

function pointersOf({ details }: Refusal): string[] {
  const pointers: unknown = details?.['pointers'];
  return Array.isArray(pointers) ? pointers.map(String) : [];
}

try {
  await run(readEnvironment('migrate', process.env));
} catch (error) {
  process.stderr.write(`countersign migrate: ${explain(error)}\n`);
  process.exitCode = 1;
}
